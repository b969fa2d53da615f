"""Results round-trip through netCDF, and what breaks the schema is neither written nor used."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures import synthetic
from lostprune import results
from lostprune.results import SchemaError

CHAIN = ("WT", 0)


def curves(cycles=3, seed=0) -> xr.Dataset:
    rng = np.random.default_rng(seed)
    coordinates = {"pruner": ["WT", "FT"], "repetition": [0, 1], "cycle": np.arange(cycles)}
    variables = {
        name: xr.DataArray(rng.random((2, 2, cycles)), coordinates) for name in results.PARTS["curves"].variables
    }
    attributes = dict.fromkeys(results.ATTRIBUTES, "x") | {
        "schema": results.SCHEMA,
        "study_key": "k",
        "unreachable": "{}",
    }
    return xr.Dataset(variables, attrs=attributes)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10, deadline=None)
@given(st.integers(1, 5), st.integers(0, 100))
def test_what_is_written_is_read(tmp_path, cycles, seed):
    dataset = curves(cycles, seed)
    results.write("k", "curves", CHAIN, dataset, tmp_path)
    xr.testing.assert_identical(results.read("k", "curves", CHAIN, tmp_path), dataset)


@pytest.mark.parametrize(
    "breaks, says",
    [
        (lambda d: d.assign_attrs(schema=0), "schema version 0, expected 3.*run the study again"),
        (lambda d: d.drop_vars("test_loss"), "missing or unknown.*test_loss"),
        (lambda d: d.assign(speed=d.test_loss), "missing or unknown.*speed"),
        (lambda d: d.drop_vars("cycle"), "'cycle' has no coordinate"),
        (lambda d: d.assign(test_error=d.test_error * 100), r"outside \[0, 1\]"),
        (lambda d: d.assign(test_error=d.test_error.isel(cycle=0, drop=True)), "got dimensions"),
        (lambda d: d.assign(test_error=d.test_error.where(d.cycle < 2)), "some values are NaN"),
        (lambda d: d.where(d.cycle < 2).assign_attrs(d.attrs), "'unreachable' do not agree"),
        (lambda d: d.drop_attrs().assign_attrs(schema=results.SCHEMA), "attributes .*'device'"),
    ],
)
def test_what_breaks_the_schema_is_not_written(tmp_path, breaks, says):
    with pytest.raises(SchemaError, match=says):
        results.write("k", "curves", CHAIN, breaks(curves()), tmp_path)
    assert not results.path_of("k", "curves", CHAIN, tmp_path).exists()


def test_cycles_that_could_not_be_reached_are_nan_and_said():
    dataset = curves()
    reached = (dataset.cycle < 2) | (dataset.pruner != "FT")
    dataset = dataset.where(reached).assign_attrs(dataset.attrs, unreachable='{"FT-r0-c02": "a layer would vanish"}')
    assert results.validate("curves", dataset) is dataset


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b[:8] + b"\xff" * 500 + b[508:]]
)
def test_a_damaged_file_is_named_and_not_used(tmp_path, caplog, damage):
    results.write("k", "curves", CHAIN, curves(), tmp_path)
    path = results.path_of("k", "curves", CHAIN, tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    assert results.read("k", "curves", CHAIN, tmp_path) is None
    assert "cannot be used" in caplog.text and str(path) in caplog.text


def test_results_of_another_schema_version_are_not_used(tmp_path, caplog, monkeypatch):
    results.write("k", "curves", CHAIN, curves(), tmp_path)
    monkeypatch.setattr(results.schema, "SCHEMA", results.SCHEMA + 1)
    assert results.read("k", "curves", CHAIN, tmp_path) is None
    assert "got schema version 3, expected 4" in caplog.text


def test_published_results_are_found_when_the_store_has_none(tmp_path, monkeypatch):
    results.write("k", "curves", CHAIN, curves(), tmp_path)
    monkeypatch.setenv("LOSTPRUNE_RESULTS", f"{tmp_path / 'nothing'}{os.pathsep}{tmp_path / 'results'}")
    assert results.read("k", "curves", CHAIN, tmp_path / "empty") is not None


def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space left to write .*everything finished before is kept"):
        results.write("k", "curves", CHAIN, curves(), tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_outcomes_of_images_round_trip_and_have_no_more_than_there_are(tmp_path):
    shift = synthetic.results_of(("WT",), 1, 2, corruptions=("fog",))["shift"]
    shift["wrong"][..., 1, 1500:] = False  # of the second distribution there are 1,500 images
    shift["images"][1] = 1500
    shift["error"][:] = shift.wrong.sum("image") / shift.images
    results.write("synthetic", "shift", CHAIN, shift, tmp_path)
    found = results.read("synthetic", "shift", CHAIN, tmp_path)
    xr.testing.assert_identical(found, shift)
    assert found.wrong.dtype == bool and found.wrong.dims == shift.wrong.dims
    outcomes = results.outcomes(found)
    assert outcomes.sel(distribution="fog").count("image").values.ravel().tolist() == [1500] * 3
    xr.testing.assert_allclose(outcomes.mean("image"), found.error, rtol=1e-5)


@pytest.mark.parametrize(
    "breaks, says",
    [
        (lambda d: d.isel(distribution=[1]), "expected the nominal one, 'cifar10', too"),
        (lambda d: d.assign(wrong=d.wrong.astype(float)), "shift.wrong: got float64, expected bool"),
        (lambda d: d.assign(wrong=~d.wrong), "on 'cifar10' .*2000 images"),
        (lambda d: d.assign(images=d.images * 2), r"shift.images: got \[4000, 4000\], expected 1 to 2000"),
        (lambda d: d.drop_vars("source"), "missing or unknown.*source"),
        (lambda d: d.assign(error=d.error.where(d.distribution != "fog")), "some values are NaN"),
    ],
)
def test_a_shift_that_does_not_hold_together_is_not_written(tmp_path, breaks, says):
    shift = synthetic.results_of(("WT",), 1, 2, corruptions=("fog",))["shift"]
    with pytest.raises(SchemaError, match=says):
        results.write("synthetic", "shift", CHAIN, breaks(shift), tmp_path)
    assert not list(tmp_path.rglob("*"))
