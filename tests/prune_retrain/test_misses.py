"""What a study says of keep ratios that it misses."""

from __future__ import annotations

import logging

import torch
from torch import nn

from lostprune import pruning
from lostprune.prune_retrain.misses import Misses
from reference.pruning_networks import random_images, random_network


def said(caplog, *cells_and_missed) -> list[tuple[str, str]]:
    """Level and text of what is logged about cells."""
    misses = Misses()
    with caplog.at_level(logging.INFO, "lostprune"):
        for cell, missed in cells_and_missed:
            misses.say(cell, missed)
    return [(record.levelname, record.getMessage()) for record in caplog.records]


def test_rounding_to_whole_filters_is_no_warning(caplog):
    _, missed = pruning.attempt(random_network("plain", 0), "FT", 0.83)
    [(level, text)] = said(caplog, (("FT", 0, 1), missed))
    assert level == "INFO" and text.startswith("FT-r0-c01: FT keeps 0.") and "whole filters" in text


def test_parts_that_no_sample_wakes_are_a_warning_once_in_each_chain(caplog):
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 6 * 6, 10))
    network[0].bias.data[:] = torch.tensor([-100.0] * 7 + [1.0])
    _, missed = pruning.attempt(network, "SiPP", 0.9, random_images(4, 0, size=8))
    told = said(caplog, *((("SiPP", *chain_and_cycle), missed) for chain_and_cycle in [(0, 1), (0, 2), (1, 1)]))
    assert [level for level, _ in told] == ["WARNING", "INFO", "WARNING"]
    assert "no sample reaches" in told[0][1]


def test_each_reason_is_said(caplog):
    misses = [(("PFP", 0, cycle), pruning.Missed(reason, "…")) for cycle, reason in enumerate(["zeros", "earlier"], 1)]
    assert [level for level, _ in said(caplog, *misses)] == ["WARNING", "WARNING"]
