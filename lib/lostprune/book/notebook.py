"""What every notebook needs before its first figure: the plots set up, and papermill's parameters checked."""

from __future__ import annotations

import ast
from collections.abc import Callable
from types import NoneType
from typing import TYPE_CHECKING

from .. import data, results
from ..foundations.choices import check_choice
from ..foundations.store import store_folder
from ..prune_retrain.cells import chains_of
from ..published.labels import label, network_label
from ..study import Study

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

INJECTED = "# Parameters"  # the first line of every cell that papermill injects


def setup() -> None:
    """Ready a notebook. Call it below the parameters and above the cell that papermill replaces by what it is given.

    Plots render with Bokeh, or with matplotlib after ``hv.output(backend="matplotlib")``. From now on, a cell that
    papermill injects is run only if it passes :func:`check_injected`.
    """
    import holoviews as hv
    import panel as pn
    from IPython import get_ipython

    pn.config.console_output = "disable"  # else every Bokeh plot leaves an empty second output
    hv.extension("bokeh", "matplotlib", logo=False)
    hv.output(widget_location="top_left")  # beside a figure, a slider would lie outside of the text, unseen
    shell = get_ipython()
    if shell is not None:
        _check_before_running(shell)


def names_of(studies: list[Study]) -> list[str]:
    """A name for each of several studies, such as ``ResNet20, scale quick``; longer where that would name two."""

    def short(study: Study) -> str:
        return f"{network_label(study.network)}, scale {study.scale.name}"

    def long(study: Study) -> str:
        facts = [short(study), label(study.dataset), ", ".join(study.methods), f"seed {study.seed}", study.weights_name]
        return ", ".join(filter(None, facts))

    names = list(map(short, studies))
    return [long(study) if names.count(name) > 1 else name for name, study in zip(names, studies, strict=True)]


def check_injected(source: str, defaults: dict[str, object]) -> None:
    """Whether a cell does nothing but set known parameters; nothing of it is evaluated.

    papermill writes ``name = value`` for everything it is given. It escapes the value but not the name: a name may
    hold code, and a mistyped one sets a variable that nobody reads.

    Args:
        source: the cell's source.
        defaults: the notebook's own parameters.

    Raises:
        ValueError: a name is not a parameter (the nearest is named), or something else than a value is given.
        TypeError: a value is not of the type of its default; where that is None, any value is taken.
    """
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise ValueError(f"parameters: got {(error.text or source).strip()!r}, expected name = value") from None
    for statement in statements:
        try:
            (target,) = statement.targets
            name, value = target.id, ast.literal_eval(statement.value)
        except (AttributeError, ValueError):
            known = ", ".join(defaults)
            raise ValueError(
                f"parameters: got {ast.unparse(statement)!r}, expected a value for one of {known}"
            ) from None
        check_choice("parameter", name, defaults)
        _check_type(name, value, defaults[name])


def if_available(draw: Callable[[], object], dataset: str) -> object:
    """What ``draw`` returns, or a sentence where the images that it needs are not in the data folder.

    Results can be shown without the images that they were measured on, so a page about them needs no images either.
    """
    from IPython.display import Markdown

    try:
        return draw()
    except data.DataUnavailable:
        return Markdown(
            f"*The images of {label(dataset)} are not in the data folder, so this page shows none. "
            f"`lostprune data {dataset}` says how to get them.*"
        )


def check_fraction(name: str, got: float) -> None:
    """Refuse a parameter that is not in [0, 1] before hours are spent on it. Raises ValueError."""
    if not 0 <= got <= 1:
        raise ValueError(f"{name}: got {got!r}, expected a fraction in [0, 1], such as 0.005 for half a percent")


def files(study: Study, *parts: str) -> str:
    """Where the results of a study lie, one line for each part; parts that came from published results are marked."""
    lines = []
    for part in parts:
        paths = [results.path_of(study.key, part, chain, store_folder()) for chain in chains_of(study)]
        here = sum(path.exists() for path in paths)
        lines.append(f"{paths[0].parent}: {here} of {len(paths)} chains")
        if here < len(paths):
            lines[-1] += ", the others read from LOSTPRUNE_RESULTS; if one folder there has all, all are read from it"
    return "\n".join(lines)


def _check_before_running(shell: InteractiveShell) -> None:
    """Have IPython show every cell to :func:`check_injected` before it is run; an error there stops the cell."""

    def check(lines: list[str]) -> list[str]:
        if lines and lines[0].strip() == INJECTED:
            check_injected("".join(lines), _defaults(shell))
        return lines

    # First of all transformations: none may change what is looked at. Twice, after a second setup, does no harm.
    shell.input_transformers_cleanup.insert(0, check)


def _defaults(shell: InteractiveShell) -> dict[str, object]:
    """The variables with plain values that the cells above have set."""
    plain = (str, int, float, list, NoneType)
    return {
        name: value
        for name, value in shell.user_ns.items()
        if isinstance(value, plain) and not name.startswith("_") and name not in shell.user_ns_hidden
    }


def _check_type(name: str, value: object, default: object) -> None:
    if default is None or type(value) is type(default) or (type(default) is float and type(value) is int):
        return
    as_list = f"[{', '.join(map(str, default))}]" if isinstance(default, list) else ""
    hint = f"; papermill takes a list as -y '{{{name}: {as_list}}}'" if as_list else ""
    raise TypeError(f"{name}: got {value!r}, expected {type(default).__name__}, such as {default!r}{hint}")
