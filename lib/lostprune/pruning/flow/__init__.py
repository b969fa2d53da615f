"""Where data can flow in a network: one run records its operations, and masks then say which channels matter."""

from .calls import tensors
from .recorder import Flow, record
from .steps import Combine, Concatenate, Layer, Norm, Step, Through, Value

__all__ = ["Combine", "Concatenate", "Flow", "Layer", "Norm", "Step", "Through", "Value", "record", "tensors"]
