"""Comparisons measure latencies; in tests few rounds are enough."""

from __future__ import annotations

import functools

import pytest

from lostprune.audit import costs


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "latencies", functools.partial(costs.latencies, rounds=3))
