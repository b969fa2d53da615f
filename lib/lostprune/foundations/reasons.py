"""What an error says, in a line that another message can end with."""

from __future__ import annotations


def first_line(error: BaseException) -> str:
    """The first line of an error's message; its type where there is no message, as in ``RuntimeError()``."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
