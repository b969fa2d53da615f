from .layers import METHODS
from .scores import scores
from .allocation import select
from .masks import *
from .masks import Masks, VanishedLayer
from .costs import *
from .interim import apply, prune  # noqa
