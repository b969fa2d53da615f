"""Table 11: ours beside the paper's."""

from __future__ import annotations

from fixtures.synthetic import results_of
from lostprune import tables


def test_what_was_trained_on_stands_beside_the_papers_table_11():
    frame = tables.distributions(results_of(training="robust")["shift"], "tab").frame
    assert frame.columns.tolist() == ["train, here", "test, here", "train, paper", "test, paper"]
    assert frame.loc["nominal"].tolist() == ["CIFAR-10", "–", "CIFAR-10", "CIFAR-10.1"]
    assert frame.loc["blur", "train, here"] == "Gaussian blur, Motion blur, Zoom blur"
    assert frame.loc["blur", "train, paper"] == "Motion blur, Zoom blur"
    assert frame.loc["digital", "test, here"] == "Saturate, JPEG compression"
    listed = [name for column in ("train, here", "test, here") for cell in frame[column] for name in cell.split(", ")]
    assert len(set(listed) - {"–"}) == 20


def test_a_category_that_is_left_out_is_in_the_test():
    frame = tables.distributions(results_of(training="robust-without-noise")["shift"], "tab").frame
    assert frame.loc["noise", "train, here"] == "–" and frame.loc["noise", "test, here"].count(",") == 3
