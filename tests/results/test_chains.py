"""A study's dataset is its chains, joined; chains that do not belong together never are."""

from __future__ import annotations

import json

import pytest
import xarray as xr

from fixtures import synthetic
from lostprune import results

PART_NAMES = ("curves", "shift", "severities", "noise")


def chain_of(dataset: xr.Dataset, method: str, repetition: int, **attributes) -> xr.Dataset:
    return dataset.sel(pruner=[method], repetition=[repetition]).assign_attrs(attributes)


def chains(part: str) -> tuple[xr.Dataset, list[xr.Dataset]]:
    whole = synthetic.results_of(("WT", "FT"), 2, 3)[part]
    return whole, [chain_of(whole, method, repetition) for method in ("WT", "FT") for repetition in (0, 1)]


@pytest.mark.parametrize("part", PART_NAMES)
def test_chains_joined_are_the_study(part):
    whole, own = chains(part)
    xr.testing.assert_equal(results.join(own), whole)
    again = results.join(own[::-1])
    xr.testing.assert_equal(again.sel(pruner=whole.pruner, repetition=whole.repetition), whole)


def test_what_they_took_adds_up_and_parents_count_once():
    _, own = chains("curves")
    joined = results.join([chain.assign_attrs(training_seconds=10.0, parent_seconds=4.0) for chain in own])
    assert joined.attrs["training_seconds"] == 40 and joined.attrs["parent_seconds"] == 8
    assert set(json.loads(joined.attrs["parent_sha256"])) == {"0", "1"}


def test_devices_and_dates_of_all_are_named():
    _, (first, *others) = chains("curves")
    first = first.assign_attrs(training_device="CPU, 1 thread; CPU, 2 threads")
    joined = results.join([first.assign_attrs(device="NVIDIA H100", date="2030-01-01T00:00:00+00:00"), *others])
    assert joined.attrs["training_device"] == "CPU, 1 thread; CPU, 2 threads"
    assert joined.attrs["device"] == "NVIDIA H100; CPU, 2 threads" and joined.attrs["date"].startswith("2030")


@pytest.mark.parametrize("name, says", [("parent_sha256", "WT-r0 and FT-r0.*parents"), ("test_sha256", "test_sha256")])
def test_chains_of_other_parents_or_images_never_join(name, says):
    _, (first, *others) = chains("curves")
    others[1] = others[1].assign_attrs({name: "f" * 64})
    with pytest.raises(results.ChainsDiffer, match=says):
        results.join([first, *others])


@pytest.mark.parametrize("part", ["shift", "severities"])
def test_chains_of_generated_and_published_corruptions_never_join(part):
    _, (first, *others) = chains(part)
    others[1] = others[1].assign(source=xr.full_like(others[1].source, "CIFAR-10-C"))
    with pytest.raises(results.ChainsDiffer, match="WT-r0 and FT-r0: got images of .* and CIFAR-10-C"):
        results.join([first, *others])


def test_a_chain_that_is_missing_is_said():
    _, own = chains("curves")
    with pytest.raises(ValueError, match="FT.*1.* is missing"):
        results.join(own[:-1])


def test_a_distribution_that_one_chain_lacks_is_left_out():
    _, own = chains("shift")
    fewer = [own[0].drop_sel(distribution="fog"), *own[1:]]
    assert "fog" not in results.join(fewer).distribution and "snow" in results.join(fewer).distribution
