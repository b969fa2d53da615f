"""The explorer: a page whose reader chooses what is drawn. One HTML file with its script and its curves inside."""

from __future__ import annotations

from pathlib import Path

from ..shown import Results
from .curves import as_json

_FOLDER = Path(__file__).parent
_SCRIPTS = ("model.js", "selection.js", "charts.js", "views.js", "page.js")  # each uses only those before it


def write(found: Results, root: Path) -> None:
    """Write ``book/pages/explorer.html``, which ``book/explorer.md`` includes."""
    path = root / "book" / "pages" / "explorer.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html(found), encoding="utf-8")


def html(found: Results) -> str:
    """Style, markup, and a classic script: a module would not be loaded from ``file://``."""
    script = "\n".join(_read(name) for name in _SCRIPTS)
    return (
        f"<style>\n{_read('explorer.css')}</style>\n{_read('explorer.html')}"
        f'<script>\n(() => {{\n"use strict";\nconst DATA = {as_json(found)};\n{script}}})();\n</script>\n'
    )


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
