"""The campaign: many studies, stopped and taken up again, on one device or many."""

from .bundle import BundleError, export_store, import_store
from .loop import Summary, run
from .report import describe
from .studies import parse

__all__ = ["BundleError", "Summary", "describe", "export_store", "import_store", "parse", "run"]
