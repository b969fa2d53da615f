"""The results of studies: their schema, and the files they lie in."""

from .files import path_of, read, write
from .schema import ATTRIBUTES, CHAIN, PARTS, SCHEMA, Part, SchemaError, outcomes, validate

__all__ = [
    "ATTRIBUTES",
    "CHAIN",
    "PARTS",
    "SCHEMA",
    "Part",
    "SchemaError",
    "outcomes",
    "path_of",
    "read",
    "validate",
    "write",
]
