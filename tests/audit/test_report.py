"""The page of a comparison: it needs nothing else, says the verdict first, and fits on a phone."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
import xarray as xr

from fixtures.bars import CLASSES, Bars, Pixels, damaged, pictures
from lostprune import audit, data
from lostprune.audit import guidelines, potentials, words


def compared(**settings) -> xr.DataTree:
    network = Bars()
    return audit.compare(network, settings.pop("pruned", damaged(network)), pictures(200), **settings)


def test_the_page_needs_no_network_and_says_the_verdict_first(tmp_path):
    tree = compared(classes=CLASSES, corruptions=("fog", "gaussian_noise"))
    page = audit.write_report(tree, tmp_path / "page.html").read_text()
    assert not re.search(r"""(src|href)=["'](?!data:)|url\(""", page) and "http" not in page
    text = re.sub(r"<style.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)
    places = [text.find(part) for part in ("Gaussian noise", "excess error", "owl", "guidelines")]
    assert 'class="verdict unsafe"' in page.partition("<h2>")[0]
    assert -1 not in places and places == sorted(places)
    assert page.count("<img") == tree["changed"].sizes["example"] > 0


def test_names_of_the_readers_are_escaped(tmp_path):
    tree = compared(classes=("<script>", *CLASSES[1:]), pruned=damaged(Bars(), 0))
    page = audit.write_report(tree, tmp_path / "page.html").read_text()
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_a_result_read_from_its_file_makes_the_same_page(tmp_path):
    tree = compared(shifts={"later": pictures(60, seed=1)})
    tree.to_netcdf(tmp_path / "compare.nc")
    again = audit.write_report(xr.open_datatree(tmp_path / "compare.nc"), tmp_path / "again.html")
    assert again.read_text() == audit.write_report(tree, tmp_path / "page.html").read_text()


def test_segmentation_and_two_equal_networks_make_a_page(tmp_path):
    labels = torch.randint(0, 2, (20, 12, 10), generator=torch.Generator().manual_seed(0))
    split = data.Split((labels * 200).to(torch.uint8)[:, None], labels, ("ground", "object"))
    page = audit.write_report(audit.compare(Pixels(0.4), Pixels(0.9), split), tmp_path / "page.html").read_text()
    assert "of the pixels" in page
    same = audit.write_report(compared(pruned=Bars()), tmp_path / "same.html").read_text()
    assert 'class="verdict cannot-tell"' in same.partition("<h2>")[0]


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_its_window(tmp_path, browser, width):
    path = audit.write_report(compared(classes=CLASSES, corruptions=("jpeg_compression",)), tmp_path / "page.html")
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_the_headline_names_only_what_is_proved():
    tree = compared(corruptions=("fog",))
    assert "loses more than" in words.headline(tree) and "Test" in words.headline(tree)
    equal = compared(pruned=Bars())
    assert "too few" in words.headline(equal)
    assert "needs about 540 images" in words.verdict_in_words(equal.to_dataset().isel(distribution=0))


@pytest.mark.parametrize(("number", "expected"), [(7, "7"), (539, "about 540"), (12_206, "about 13,000")])
def test_large_numbers_have_two_figures_and_are_never_too_small(number, expected):
    assert words.thousands(number) == expected


def verdicts(**own: str) -> xr.DataTree:
    """A comparison on a test set that is safe and on these shifts of the reader's own."""
    names = ["test", *own]
    values = {
        "verdict": ["safe", *own.values()],
        "difference": [0.0] + [0.01] * len(own),
        "upper": [0.004] * len(names),
    }
    values["upper"] = [0.004 if verdict == "safe" else 0.02 for verdict in values["verdict"]]
    values |= {"images_needed": [500.0] * len(names), "images": [100] * len(names)}
    found = xr.Dataset({name: ("distribution", one) for name, one in values.items()}, {"distribution": names})
    found["error"] = (("network", "distribution"), [[0.1] * len(names)] * 2)
    found = found.assign_coords(
        network=["parent", "pruned"], group=("distribution", ["test set", *["shift"] * len(own)])
    )
    tree = xr.DataTree(found)
    tree.attrs = {"delta": 0.005, "nominal": "test"}
    return tree


@pytest.mark.parametrize(
    ("own", "partly", "known"),
    [
        ({"fog": "safe", "rain": "safe"}, "was safe", "may be used"),
        ({"fog": "safe", "rain": "unsafe"}, "may be unsafe", "not shown"),
        ({"fog": "cannot tell", "rain": "unsafe"}, "prune less", "not shown"),
        ({"fog": "safe"}, "Cannot be applied", "may be used"),
    ],
)
def test_guidelines_rest_on_the_verdicts(own, partly, known):
    first, second, third, fourth = guidelines.of_comparison(verdicts(**own))
    assert partly in second.advice and known in third.advice
    assert all(one.evidence for one in (first, second, third, fourth))
    assert ("Do not use" in first.advice) == any(verdict != "safe" for verdict in own.values())


def test_corruptions_stand_in_where_there_is_one_own_shift_only():
    tree = verdicts(night="safe", fog="unsafe")
    found = tree.to_dataset().assign_coords(group=("distribution", ["test set", "shift", "corruption"]))
    second = guidelines.of_comparison(xr.DataTree(found))[1]
    assert "may be unsafe" in second.advice and "Fog" in second.evidence


@pytest.mark.parametrize(("needed", "said"), [([np.nan] * 2, "2 cases"), ([3000.0, np.nan], "about 3,000 images")])
def test_verdicts_at_the_margin_itself_need_no_number_of_images(needed, said):
    values = {"verdict": ["safe", "cannot tell", "cannot tell"], "images_needed": [np.nan, *needed]}
    found = xr.Dataset({name: ("cycle", one) for name, one in values.items()}, {"cycle": range(3)})
    assert said in words.told(found)


def bounds(training: str = "nominal", **by_method: list[float]) -> xr.Dataset:
    """What an audit with two shifts found: for each method lower bounds on test set, fog and rain."""
    names, ratios = ["test", "fog", "rain"], [0.0, 0.3, 0.6]
    bound = np.array(list(by_method.values()))[:, None]
    safe = np.moveaxis(bound[..., None] >= np.array(ratios), -1, 2)
    found = xr.Dataset(
        {
            "lower_bound": (("pruner", "repetition", "distribution"), bound),
            "verdict": (("pruner", "repetition", "cycle", "distribution"), np.where(safe, "safe", "unsafe")),
            "prune_ratio": (("pruner", "repetition", "cycle"), np.tile(ratios, (len(by_method), 1, 1))),
        },
        {"pruner": list(by_method), "repetition": [0], "cycle": range(3), "distribution": names},
    )
    return found.assign_attrs(training=training, delta=0.005)


def recommended(ratio: float, everywhere: bool = True) -> potentials.Recommendation:
    return potentials.Recommendation("WT", 0, 1 if ratio else 0, ratio, ("test", "fog", "rain"), everywhere, 1)


def test_guidelines_of_an_audit_rest_on_the_bounds():
    own = ("fog", "rain")
    good = guidelines.of_audit(bounds(WT=[0.6, 0.3, 0.3]), recommended(0.3), own)
    assert "30%" in good[0].advice and "was safe" in good[1].advice and "30%" in good[2].advice
    worse = guidelines.of_audit(bounds(WT=[0.6, 0.6, 0.0]), recommended(0.6, False), own)
    assert "Do not prune" in worse[0].advice and "Rain (60%)" in worse[1].evidence
    assert "No measured network" in worse[2].advice
    assert "To measure" in good[3].evidence


@pytest.mark.parametrize(("robust", "advice"), [([0.6, 0.6, 0.6], "raises"), ([0.6, 0.3, 0.3], "do not raise")])
def test_augmentation_is_offered_where_it_is_measured_to_help(robust, advice):
    pair = bounds(WT=[0.6, 0.3, 0.3]), bounds("robust", WT=robust)
    for found, other in (pair, pair[::-1]):
        assert advice in guidelines.of_audit(found, recommended(0.3), (), other)[3].advice
