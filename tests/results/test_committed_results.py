"""The book's results are found, on this machine too: nothing in a study's key depends on the processor."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lostprune import campaign, results

BOOK = Path(__file__).parents[2] / "book"
PAGES = yaml.safe_load((BOOK / "pages.yml").read_text(encoding="utf-8"))
STUDIES = PAGES["all_networks"]["parameters"]["studies"]


@pytest.mark.parametrize("word", STUDIES)
def test_the_results_of_a_study_of_the_book_are_found(word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOSTPRUNE_RESULTS", str(BOOK / "results"))
    monkeypatch.setenv("LOSTPRUNE_DATA", str(tmp_path))  # neither images nor weights are needed
    (study,) = campaign.parse([word])
    assert results.missing(study, ("curves", "shift", "noise"), tmp_path) == {}
