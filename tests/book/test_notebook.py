"""What papermill injects is checked before it is run."""

from __future__ import annotations

import pytest
from papermill.translators import PythonTranslator

import lostprune
from lostprune import data, results
from lostprune.book import notebook

DEFAULTS = {"network": "resnet20", "methods": ["WT", "FT"], "repetitions": None, "delta": 0.005, "seed": 0}


def injected(parameters: dict) -> str:
    """The cell that papermill makes of them."""
    source = PythonTranslator.codify(parameters)
    assert source.startswith(notebook.INJECTED + "\n")
    return source


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"network": 'my "net"\nos.remove(x)', "seed": 3},
        {"methods": ["WT"], "repetitions": 3},
        {"delta": 1, "repetitions": None},
        {"delta": 1e-5},
    ],
)
def test_known_names_with_values_of_their_types_pass(parameters: dict):
    notebook.check_injected(injected(parameters), DEFAULTS)


@pytest.mark.parametrize(
    "parameters, kind, message",
    [
        ({"nework": "vgg16"}, ValueError, "got 'nework', expected one of network, .*; did you mean 'network'?"),
        ({"delta": "0,5"}, TypeError, "delta: got '0,5', expected float, such as 0.005"),
        ({"seed": True}, TypeError, "seed: got True, expected int"),
        ({"seed": 1.5}, TypeError, "seed: got 1.5, expected int"),
        ({"methods": "[WT]"}, TypeError, r"methods: got '\[WT\]', expected list.*-y '{methods: \[WT, FT\]}'"),
    ],
)
def test_wrong_names_and_types_are_refused(parameters: dict, kind: type, message: str):
    with pytest.raises(kind, match=message):
        notebook.check_injected(injected(parameters), DEFAULTS)


@pytest.mark.parametrize(
    "name",
    [
        "x=1;import os;y",
        "seed = 0\nimport os\nseed",
        "seed=print('run');delta",
        "print('run'); seed",
        "!touch here #",
        "%run other.py\nseed",
        "seed[print('run')]",
        "a = seed",
        "seed: int",
    ],
)
def test_a_name_that_holds_code_is_refused(name: str):
    with pytest.raises(ValueError, match="^parameter"):
        notebook.check_injected(injected({name: 1}), DEFAULTS)


@pytest.mark.parametrize("good", [0, 0.005, 1])
def test_a_fraction_passes(good: float):
    notebook.check_fraction("delta", good)


@pytest.mark.parametrize("bad", [-0.1, 5, float("nan")])
def test_what_is_no_fraction_is_refused(bad: float):
    with pytest.raises(ValueError, match="delta: got .* expected a fraction"):
        notebook.check_fraction("delta", bad)


def test_files_says_where_results_lie_and_which_were_published(store):
    study = lostprune.Study(scale="smoke", methods=("WT",), repetitions=1)
    path = results.path_of(study.key, "curves", ("WT", 0), store)
    path.parent.mkdir(parents=True)
    path.touch()
    first, second = notebook.files(study, "curves", "shift").splitlines()
    assert first == f"{path.parent}: 1 of 1 chains"
    assert "0 of 1 chains" in second and "LOSTPRUNE_RESULTS" in second


def test_without_its_images_a_page_says_so_and_shows_the_rest():
    def missing():
        raise data.DataUnavailable("voc: not found")

    assert "lostprune data voc" in notebook.if_available(missing, "voc").data
    assert notebook.if_available(lambda: "a figure", "voc") == "a figure"


def test_studies_that_are_alike_get_longer_names():
    first, second, other = (
        lostprune.Study(scale=scale, seed=seed) for scale, seed in (("quick", 0), ("quick", 1), ("reduced", 0))
    )
    names = notebook.names_of([first, second, other])
    assert len(set(names)) == 3 and names[2] == "ResNet20, scale reduced" and "seed 1" in names[1]
