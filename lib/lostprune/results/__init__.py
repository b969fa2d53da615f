"""The results of studies: their schema, the files they lie in, and how chains are joined."""

from ..measurement.part import CHAIN, SchemaError
from ..measurement.registry import PARTS
from .chains import ChainsDiffer, join
from .files import attributes_of, missing, path_of, read, read_file, read_study, write
from .schema import ATTRIBUTES, SCHEMA, outcomes, validate

__all__ = [
    "ATTRIBUTES",
    "CHAIN",
    "PARTS",
    "SCHEMA",
    "ChainsDiffer",
    "SchemaError",
    "attributes_of",
    "join",
    "missing",
    "outcomes",
    "path_of",
    "read",
    "read_file",
    "read_study",
    "validate",
    "write",
]
