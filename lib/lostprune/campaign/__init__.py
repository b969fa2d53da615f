"""The campaign: many studies, stopped and taken up again, on one device or many."""

from ..foundations import lazy

_SOURCES = {name: "bundle" for name in ("BundleError", "export_store", "import_store")}
_SOURCES |= {"Summary": "loop", "run": "loop", "describe": "report", "parse": "studies"}
__all__ = sorted(_SOURCES)
__getattr__, __dir__ = lazy.attach(__name__, _SOURCES)
