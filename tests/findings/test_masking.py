"""What is said of mask values and searches follows the numbers."""

from __future__ import annotations

import holoviews as hv

from fixtures.informative import NAMES, masking_of
from lostprune import figures, findings


def test_an_order_that_depends_on_the_mask_value_is_said_to():
    mean, black, blurred = findings.mask_values(masking_of()).splitlines()[-3:]
    assert mean.endswith("holds for WT and FT.") and blurred.endswith("holds for WT and FT.")
    assert "black" in black and "is unclear for WT and FT" in black  # nobody understands anything


def test_without_a_separate_network_nothing_is_compared_with_it():
    part = masking_of()
    gone = part.confidence.where((part.network != "separate") & (part.mask_network != "separate"))
    assert "No separate network" in findings.mask_values(part.assign(confidence=gone))


def test_the_faster_search_costs_what_the_exact_one_has_more():
    assert "costs 20.0 points on average" in findings.searches(masking_of())


def test_a_figure_has_a_row_for_each_mask_value_and_a_column_for_each_network():
    figure = figures.by_mask_value(masking_of(), "FT")
    (heat,) = [one for one in figure if isinstance(one, hv.Rectangles)]
    assert len(heat) == 3 * len(NAMES)
