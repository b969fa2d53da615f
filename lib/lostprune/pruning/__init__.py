from .layers import METHODS
from .scores import scores

Masks = dict


class VanishedLayer(ValueError): ...


__all__ = ["METHODS", "scores"]
