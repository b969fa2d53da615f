"""An evaluation that was killed goes on where it was, and never mixes networks or sources."""

from __future__ import annotations

import dataclasses
import json
import shutil

import numpy as np
import pytest
import torch
import xarray as xr

import lostprune
from lostprune import corruptions, data, prune_retrain
from lostprune.foundations import store
from lostprune.foundations.progress import Progress
from lostprune.measurement import inference, test_sets
from lostprune.measurement import networks as measured_networks
from lostprune.prune_retrain import Checkpoints
from tiny_network import moment

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """A tiny study whose networks are trained and whose shift was evaluated without a break."""
    from conftest import TINY

    study, folder = moment(scale=TINY, methods=("WT",), repetitions=1), tmp_path_factory.mktemp("store")
    return study, folder, lostprune.run(study, "shift", store=folder)["shift"].to_dataset()


class Killed(BaseException):
    pass


@pytest.fixture
def again(ready, tmp_path):
    """The same trained networks in a store of their own, without results."""
    shutil.copytree(ready[1] / "checkpoints", tmp_path / "again" / "checkpoints")
    return tmp_path / "again"


@pytest.fixture
def passes(monkeypatch):
    """How many images each pass of the networks showed; the pass with the number ``kill`` is killed."""
    seen, real = [], inference.each

    def each(networks, inputs, on_step=None):
        if len(seen) == each.kill:
            raise Killed
        seen.append(len(networks))
        return real(networks, inputs, on_step)

    each.kill = None
    monkeypatch.setattr(inference, "each", each)
    return each, seen


def test_finished_distributions_are_not_measured_again(ready, again, passes):
    study, _, whole = ready
    (each, seen), pieces = passes, again / "pieces" / study.key / "shift" / "r0"
    each.kill = 2
    with pytest.raises(Killed):
        lostprune.run(study, "shift", store=again)
    assert {path.name.split("-")[0] for path in pieces.glob("*.json")} == {"cifar10", "brightness"}
    each.kill = None
    resumed = lostprune.run(study, "shift", store=again)["shift"].to_dataset()
    assert seen == [3, 3, 3] and not pieces.exists()
    xr.testing.assert_equal(resumed, whole)


def test_a_damaged_piece_or_another_checkpoint_is_measured_again(ready, again, passes, caplog):
    study, _, whole = ready
    each, seen = passes
    each.kill = 2
    with pytest.raises(Killed):
        lostprune.run(study, "shift", store=again)
    each.kill = None
    (damaged,) = (again / "pieces" / study.key / "shift" / "r0").glob("brightness-*.safetensors")
    damaged.write_bytes(damaged.read_bytes()[:-1])
    path = Checkpoints(study, again).path(("WT", 0, 2))
    tensors, facts = store.load_checkpoint(path)
    for file in path.parent.glob(f"{path.name}.*"):
        file.unlink()
    tensors["state/8.bias"] += torch.tensor([50.0] + 9 * [0.0])  # everything is an airplane now
    store.save_checkpoint(path, tensors, {k: v for k, v in facts.items() if k not in ("sha256", "format")})
    resumed = lostprune.run(study, "shift", store=again)["shift"].to_dataset()
    assert "measured again" in caplog.text
    assert sorted(seen[2:]) == [1, 3, 3]  # nominal: only the changed network
    _, labels, _ = test_sets.nominal(study)
    assert np.allclose(resumed.error.sel(cycle=2), (labels != 0).double().mean())
    xr.testing.assert_equal(resumed.sel(cycle=[0, 1]), whole.sel(cycle=[0, 1]))


def test_a_chain_that_ends_keeps_the_pieces_of_other_methods(ready, again, passes):
    """Studies of other methods share the pieces of a repetition, and may be measured by another process just now."""
    study = ready[0]
    each, _ = passes
    each.kill = 2
    for one in (dataclasses.replace(study, methods=("FT",)), study):
        prune_retrain.run_chains(Checkpoints(one, again), [(one.methods[0], 0)], CPU, Progress(0, ""))
    with pytest.raises(Killed):
        lostprune.run(dataclasses.replace(study, methods=("FT",)), "shift", store=again)
    kept = set((again / "pieces" / study.key / "shift" / "r0").glob("*.safetensors"))
    each.kill = None
    lostprune.run(study, "shift", store=again)
    assert kept == set((again / "pieces" / study.key / "shift" / "r0").glob("*.safetensors")) and len(kept) == 2


def test_networks_that_do_not_fit_in_memory_are_taken_in_cohorts(ready, again, passes, monkeypatch):
    study, _, whole = ready
    monkeypatch.setattr(measured_networks, "RESIDENT_BYTES", 1)
    resumed = lostprune.run(study, "shift", store=again)["shift"].to_dataset()
    assert passes[1] == [2, 2, 2, 1, 1, 1]
    xr.testing.assert_equal(resumed, whole)


def test_a_test_set_that_cannot_be_had_is_left_out_and_said(ready, again, monkeypatch, caplog):
    study, real = ready[0], data.load
    names = ("cifar10", "cifar10_1", "contrast")
    monkeypatch.setattr(test_sets, "distributions", lambda study: names)

    def load(name, split):
        if name == "cifar10.1":
            raise data.DataUnavailable("cifar10.1: put it into /home/me/data")
        return real(name, split)

    monkeypatch.setattr(data, "load", load)
    shift = lostprune.run(study, "shift", store=again)["shift"]
    assert shift.distribution.values.tolist() == ["cifar10", "contrast"]
    (said,) = json.loads(shift.attrs["left_out"]).values()
    assert "lostprune data cifar10.1" in said and "/home/me" not in said  # results are read on other machines
    assert "put it into /home/me/data" in caplog.text


def test_a_smaller_test_set_is_counted_by_its_own_images(ready, again, monkeypatch):
    study, real = ready[0], data.load
    monkeypatch.setattr(test_sets, "distributions", lambda study: ("cifar10", "cifar10_1"))
    few = data.Split(*(part[:20] for part in real("cifar10", "test")[:2]), real("cifar10", "test").classes)
    monkeypatch.setattr(data, "load", lambda name, split: few if name == "cifar10.1" else real(name, split))
    shift = lostprune.run(study, "shift", store=again)["shift"]
    assert shift.images.values.tolist() == [50, 20]
    smaller = shift.wrong.sel(distribution="cifar10_1")
    assert np.allclose(shift.error.sel(distribution="cifar10_1"), smaller.isel(image=slice(20)).mean("image"))
    assert not smaller.isel(image=slice(20, None)).any()


def test_a_damaged_archive_stops_everything_before_anything_is_written(ready, again, monkeypatch):
    def published(name, severity, count=None):
        raise data.DataUnavailable("CIFAR-10-C.tar is not the published one")

    monkeypatch.setattr(corruptions, "published_corruption", published)
    with pytest.raises(data.DataUnavailable, match="not the published one"):
        lostprune.run(ready[0], "shift", store=again)
    assert not (again / "results").exists() and not (again / "pieces").exists()
