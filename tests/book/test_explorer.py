"""The explorer's numbers are those of ``lostprune.metrics``, whatever is chosen and however it is used."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
import xarray as xr
from playwright.sync_api import Page

from fixtures.synthetic import results_of
from lostprune import Study, metrics, published
from lostprune.book import explorer
from lostprune.book.explorer.curves import as_json
from lostprune.metrics.repetitions import over_repetitions

LARGE = results_of(unreached=2)
SMALL = {part: results_of(("WT", "FT"), 1, 4, corruptions=("fog", "snow"))[part] for part in ("curves", "shift")}
FOUND = {Study(network="resnet20"): LARGE, Study(network="densenet22", methods=("WT", "FT")): SMALL}
SIZE = 1_000_000  # bytes


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The explorer as a page of its own, on disk."""
    path = tmp_path_factory.mktemp("explorer") / "explorer.html"
    head = '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><body>'
    path.write_text(head + explorer.html(FOUND), encoding="utf-8")
    return path.as_uri()


def fragment(**chosen) -> str:
    """Of a selection; several names as a list."""
    return urlencode({name: ",".join(one) if isinstance(one, list) else one for name, one in chosen.items()})


def downloaded(tab: Page) -> list[dict[str, str]]:
    """The rows of the CSV file that the page offers."""
    with tab.expect_download() as file:
        tab.get_by_role("button", name="Download").click()
    text = Path(file.value.path()).read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def values(rows: list[dict[str, str]], **where) -> np.ndarray:
    """Numbers of the rows that fit, but for the paper's."""
    fit = [row for row in rows if all(row[name] == str(one) for name, one in where.items())]
    return np.array([float(row["value"]) for row in fit if row["repetition"] != "paper"])


def potential(error: xr.DataArray, delta: float) -> xr.DataArray:
    return metrics.prune_potential(error, prune_ratio=LARGE["curves"].prune_ratio, delta=delta)


def test_what_is_written_into_the_page_is_what_was_measured():
    (large, small) = json.loads(as_json(FOUND))["studies"]
    names = [one["name"] for one in large["distributions"]]
    assert [one["group"] for one in large["distributions"]] == ["train"] + ["test"] * 19
    for method in large["methods"]:
        error = LARGE["shift"].error.sel(pruner=method, distribution=names)
        written = np.array(large["error"][method], float)  # None becomes NaN
        np.testing.assert_array_equal(written, error.transpose("distribution", "repetition", "cycle"))
        ratio = np.array(large["ratio"][method], float)
        np.testing.assert_array_equal(ratio, LARGE["curves"].prune_ratio.sel(pruner=method))
        severe = LARGE["severities"].error.sel(pruner=method, severity=5, distribution="fog")
        place = large["severities"]["distributions"].index("fog")
        np.testing.assert_array_equal(np.array(large["severities"]["error"][method][4][place], float), severe)
    assert small["severities"] is small["noise"] is None


@pytest.mark.parametrize("delta", [0.0, 0.005, 0.0185, 0.05])
def test_potentials_are_those_of_the_library(delta: float, address: str, tab: Page):
    tab.goto(f"{address}#{fragment(delta=delta, methods=['WT', 'SiPP', 'FT', 'PFP'])}")
    rows, expected = downloaded(tab), potential(LARGE["shift"].error, delta)
    summed = metrics.overparameterization(expected).sel(group="test")
    for method in expected.pruner.values:
        where = {"quantity": "prune_potential", "method": method}
        for name in expected.distribution.values:
            mean = expected.sel(pruner=method, distribution=name).mean()
            np.testing.assert_allclose(values(rows, **where, distribution=name), [mean], rtol=1e-12)
        for measure in ("average", "minimum"):
            found = values(rows, quantity=f"{measure}_prune_potential", method=method)
            np.testing.assert_allclose(found, [summed[measure].sel(pruner=method).mean()], rtol=1e-12)
        noise = potential(LARGE["noise"].error, delta).sel(pruner=method).mean("repetition")
        found = [values(rows, **where, noise_level=f"{level:g}").item() for level in noise.noise_level.values]
        np.testing.assert_allclose(found, noise, rtol=1e-12)


def test_one_repetition_alone(address: str, tab: Page):
    tab.goto(f"{address}#{fragment(repetition=2, methods=['PFP'])}")
    rows = downloaded(tab)
    expected = potential(LARGE["shift"].error, 0.005).sel(pruner="PFP", repetition=1)
    for name in expected.distribution.values:
        (found,) = values(rows, quantity="prune_potential", distribution=name)
        assert found == expected.sel(distribution=name).item()
    assert {row["standard_deviation"] for row in rows if row["repetition"] == "2"} == {""}


@pytest.mark.parametrize("method, cycles", [("FT", 9), ("PFP", 7)])
def test_errors_and_excess_are_means_over_repetitions(method: str, cycles: int, address: str, tab: Page):
    tab.goto(f"{address}#{fragment(methods=[method], distributions=['cifar10', 'fog', 'snow'])}")
    rows = [row for row in downloaded(tab) if row["repetition"] == "mean"]
    chosen = LARGE["shift"].error.sel(distribution=["cifar10", "fog", "snow"])
    difference = metrics.excess_error_difference(chosen)
    for expected, where in (
        (chosen.sel(distribution="fog"), {"quantity": "error", "distribution": "fog"}),
        (difference, {"quantity": "excess_error_difference"}),
    ):
        mean, deviation = over_repetitions(expected.sel(pruner=method))
        fit = [row for row in rows if all(row[name] == one for name, one in where.items())]
        assert len(fit) == cycles  # those that were reached
        found = [[float(row[column]) * 100 for row in fit] for column in ("value", "standard_deviation")]
        np.testing.assert_allclose(found, [mean[:cycles], deviation[:cycles]], atol=1e-10)


def test_another_severity(address: str, tab: Page):
    tab.goto(f"{address}#{fragment(severity=5)}")
    rows = downloaded(tab)
    expected = potential(LARGE["severities"].error, 0.005).sel(severity=5, pruner="WT", distribution="frost").mean()
    np.testing.assert_allclose(values(rows, quantity="prune_potential", distribution="frost", method="WT"), [expected])
    nominal = potential(LARGE["shift"].error, 0.005).sel(pruner="WT", distribution="cifar10").mean()
    np.testing.assert_allclose(values(rows, quantity="prune_potential", distribution="cifar10", method="WT"), [nominal])


def test_the_paper_stands_beside_the_same_network(address: str, tab: Page):
    tab.goto(f"{address}#{fragment(methods=['SiPP'])}")
    paper = [row for row in downloaded(tab) if row["repetition"] == "paper"]
    assert {(row["dataset"], row["scale"]) for row in paper} == {("CIFAR-10", "")}
    printed = published.overparameterization().sel(network="resnet20", pruner="SiPP")
    for measure in ("average", "minimum"):
        for group in ("train", "test"):
            fit = [row for row in paper if row["quantity"] == f"{measure}_prune_potential" and row["group"] == group]
            found = [float(fit[0]["value"]), float(fit[0]["standard_deviation"])]
            np.testing.assert_allclose(found, printed[measure].sel(group=group), atol=1e-9)


def test_the_slider_moves_with_the_keyboard_and_the_address_follows(address: str, tab: Page):
    tab.goto(address)
    before = values(downloaded(tab), quantity="prune_potential")
    slider = tab.get_by_role("slider", name="Margin")
    tab.keyboard.press("Tab")
    for _ in range(50):
        if slider.evaluate("(one) => one === document.activeElement"):
            break
        tab.keyboard.press("Tab")
    for _ in range(30):
        tab.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "2%"
    assert tab.url.endswith("#delta=0.02")
    rows = downloaded(tab)
    assert (values(rows, quantity="prune_potential") >= before).all()
    assert {row["delta"] for row in rows if row["quantity"] == "prune_potential"} == {"0.02"}


def test_an_address_leads_to_what_was_chosen(address: str, tab: Page, browser):
    tab.goto(address)
    tab.get_by_label("DenseNet22").check()
    tab.get_by_label("FT", exact=True).uncheck()
    tab.get_by_text("Distributions (").click()
    tab.get_by_role("button", name="None").click()
    tab.get_by_label("Fog").check()
    tab.get_by_label("Repetitions").select_option("1")
    chosen = downloaded(tab)
    assert {row["network"] for row in chosen} == {"ResNet20", "DenseNet22"}
    assert {row["method"] for row in chosen} == {"WT"}
    again = browser.new_page()
    again.goto(tab.url)
    assert downloaded(again) == chosen
    again.close()
    tab.get_by_role("button", name="Start over").click()
    assert "#" not in tab.url and {row["network"] for row in downloaded(tab)} == {"ResNet20"}


@pytest.mark.parametrize(
    "wrong",
    [
        "methods=XX&delta=7&severity=x&repetition=99",
        "networks=<img src=x onerror=alert(1)>&nothing=1",
        "distributions=%E0%A4%A&=&delta=",
        "how-to-read-it",
    ],
)
def test_a_wrong_address_shows_the_usual(wrong: str, address: str, tab: Page):
    tab.goto(address)
    usual = downloaded(tab)
    tab.goto("about:blank")
    tab.goto(f"{address}#{wrong}")
    assert downloaded(tab) == usual and tab.complaints == []


def test_what_was_not_measured_is_said_and_not_drawn(address: str, tab: Page):
    tab.goto(f"{address}#{fragment(networks=['DenseNet22'], distributions=['fog', 'frost'], severity=4)}")
    assert "2 of the chosen distributions not measured at severity 4" in tab.inner_text("#xp-notes")
    assert len(values(downloaded(tab))) == 0
    tab.goto(f"{address}#{fragment(networks=['DenseNet22'], distributions=['fog', 'frost'])}")
    assert "1 of the chosen distributions not measured" in tab.inner_text("#xp-notes")
    assert "NaN" not in tab.content() and "undefined" not in tab.locator("#explorer .charts").inner_html()


@pytest.mark.parametrize("width", [1300, 390])
def test_everything_is_drawn_within_the_window_and_nothing_is_fetched(width: int, address: str, tab: Page):
    tab.set_viewport_size({"width": width, "height": 800})
    tab.goto(address)
    for chart in ("accuracy", "excess", "potential", "noise"):
        assert tab.locator(f"#xp-{chart} svg [data-tip]").count() >= 8
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.complaints == [] and tab.requests == [address]


def test_the_table_lists_what_the_file_holds(address: str, tab: Page):
    tab.goto(f"{address}#{fragment(methods=['WT'], distributions=['cifar10'])}")
    tab.get_by_text("The same as a table").click()
    listed = tab.locator(".numbers tbody tr")
    assert listed.count() == len(downloaded(tab))


def test_it_stays_small():
    assert len(explorer.html(FOUND).encode()) < SIZE / 5


def test_without_results_it_says_so(tmp_path: Path, tab: Page):
    (tmp_path / "empty.html").write_text(explorer.html({}), encoding="utf-8")
    tab.goto((tmp_path / "empty.html").as_uri())
    assert "no results" in tab.inner_text("#explorer") and tab.complaints == []
