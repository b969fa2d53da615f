"""What is taken of an error for another message."""

from __future__ import annotations

import pytest

from lostprune.foundations.reasons import first_line


@pytest.mark.parametrize(
    "error, line",
    [
        (ValueError("no such layer\n  at fc"), "no such layer"),
        (RuntimeError(), "RuntimeError"),
        (OSError("\n"), "OSError"),
    ],
)
def test_one_line_names_the_error(error, line):
    assert first_line(error) == line
