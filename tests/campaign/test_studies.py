"""Studies are named in one plain syntax, in words or in a file, and bad words are refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from lostprune import Study
from lostprune.campaign import parse

PAGES = Path(__file__).parents[2] / "book" / "pages.yml"


@pytest.mark.parametrize(
    "word, study",
    [
        ("resnet20", Study()),
        ("resnet20:smoke", Study(scale="smoke")),
        (
            "network=resnet20,scale=reduced,repetitions=3,methods=WT+FT,seed=2",
            Study(scale="reduced", repetitions=3, methods=("WT", "FT"), seed=2),
        ),
    ],
)
def test_a_word_names_a_study(word, study):
    assert parse([word]) == [study]


def test_a_study_that_is_named_twice_is_there_once():
    assert parse(["resnet20:quick", "network=resnet20,scale=smoke", "scale=quick"]) == [Study(), Study(scale="smoke")]


@pytest.mark.parametrize(
    "word, says",
    [
        ("resnet21:quick", "resnet21:quick: network: got 'resnet21'.*did you mean 'resnet20'"),
        ("resnet20:quik", "scale: got 'quik'.*did you mean 'quick'"),
        ("scale=quick,repetition=3", "field of a study: got 'repetition'.*did you mean 'repetitions'"),
        ("repetitions=two", "repetitions: got 'two', expected a whole number"),
        ("repetitions=0", "repetitions: got 0"),
        ("scale=", "scale: got no value"),
        ("methods=WT+XX", "methods: got 'XX'"),
    ],
)
def test_a_bad_word_is_refused(word, says):
    with pytest.raises(ValueError, match=says):
        parse([word])


def test_a_file_lists_studies_in_words_and_mappings(tmp_path):
    file = tmp_path / "studies.yml"
    file.write_text("- resnet20:smoke\n- {scale: quick, methods: [WT, PFP]}\n")
    assert parse([str(file)]) == [Study(scale="smoke"), Study(methods=("WT", "PFP"))]


def test_the_pages_of_the_book_are_studies(tmp_path):
    file = tmp_path / "pages.yml"
    file.write_text(
        "a: {notebook: 03, parameters: {network: resnet20, repetitions: 3, delta: 0.01}}\n"
        "b: {notebook: 05, parameters: {network: resnet20, repetitions: 3}}\nc: {notebook: 01}\n"
    )
    assert parse([str(file)]) == [Study(repetitions=3)]
    assert parse([str(PAGES)])


@pytest.mark.parametrize("content, says", [("just words", "expected a list of studies"), ("a: [", "not YAML")])
def test_a_file_of_something_else_is_refused(tmp_path, content, says):
    file = tmp_path / "studies.yml"
    file.write_text(content)
    with pytest.raises(ValueError, match=says):
        parse([str(file)])
