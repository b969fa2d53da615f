"""``run`` returns what the store has, computes what it lacks, and refuses before any work."""

from __future__ import annotations

import dataclasses
import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

import lostprune
from lostprune import data, networks, prune_retrain, results, runner
from lostprune.foundations import store as store_module
from lostprune.foundations.progress import Progress
from lostprune.measurement import registry, test_sets
from lostprune.prune_retrain import Checkpoints, cells
from lostprune.training import Diverged
from tiny_network import SCALE, moment


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A tiny study with all parts: the study, its store and its results. Notebooks run one of ResNet20."""
    from conftest import TINY

    study = moment(scale=TINY)
    folder = tmp_path_factory.mktemp("store")
    return study, folder, lostprune.run(study, *registry.PARTS, store=folder)


def test_every_part_follows_the_schema_and_is_on_disk(finished):
    study, folder, tree = finished
    assert set(tree.children) == set(registry.PARTS)
    for part, node in tree.children.items():
        dataset = node.to_dataset()
        results.validate(part, dataset)
        for chain in (("WT", 0), ("FT", 1)):
            assert results.path_of(study.key, part, chain, folder).is_file()
        assert dataset.attrs["scale"] == "tiny" and dataset.attrs["training_seconds"] > 0


def test_results_are_what_the_checkpoints_give(finished):
    study, folder, tree = finished
    images, labels, _ = test_sets.nominal(study)
    network, masks = lostprune.load(study, "FT", 1, 2, store=folder)
    where = {"pruner": "FT", "repetition": 1, "cycle": 2}
    brightness = test_sets.test_set(study, "brightness", torch.device("cpu")).images()
    with torch.no_grad():
        logits = network(lostprune.data.normalize(images))
        bright = network(lostprune.data.normalize(brightness))
    wrong = (logits.argmax(1) != labels).double().mean().item()
    curves, shift = tree["curves"].sel(where), tree["shift"].sel(where)
    assert curves.test_error.item() == pytest.approx(wrong)
    assert curves.test_loss.item() == pytest.approx(torch.nn.functional.cross_entropy(logits, labels).item(), rel=1e-4)
    assert curves.prune_ratio.item() == lostprune.pruning.prune_ratio(network, masks)
    assert shift.error.sel(distribution="cifar10").item() == pytest.approx(wrong)
    assert shift.error.sel(distribution="brightness").item() == pytest.approx(
        (bright.argmax(1) != labels).double().mean().item()
    )
    wrong = tree["noise"].error * study.scale.noise_images * study.scale.noise_draws  # whole images, in float64
    assert np.abs(wrong - wrong.round()).max() < 1e-9


def test_outcomes_sources_and_severities_agree_with_the_errors(finished):
    _, folder, tree = finished
    shift, severities = tree["shift"], tree["severities"]
    assert shift.wrong.dtype == bool and shift.wrong.dims[-2:] == ("distribution", "image")
    xr.testing.assert_allclose(shift.wrong.mean("image"), shift.error)
    assert shift.source.values.tolist() == ["cifar10 test", "generated", "generated"]
    assert shift.group.values.tolist() == ["train", "test", "test"]
    corrupted = shift.error.sel(distribution=severities.distribution)
    xr.testing.assert_allclose(severities.error.sel(severity=3, drop=True), corrupted.drop_vars("group"))
    assert not (folder / "pieces").exists() or not list((folder / "pieces").rglob("*.*"))


def test_the_parent_is_the_same_for_every_pruner_and_matches_itself(finished):
    _, _, tree = finished
    assert (
        tree["curves"].test_error.sel(cycle=0, pruner="WT") == tree["curves"].test_error.sel(cycle=0, pruner="FT")
    ).all()
    assert (tree["noise"].matching_predictions.sel(cycle=0) == 1).all()
    assert (tree["noise"].softmax_distance.sel(cycle=0) == 0).all()
    assert (tree["curves"].prune_ratio.sel(cycle=0) == 0).all()


def test_the_separate_network_is_another_one_of_the_same_repetition(finished):
    study, folder, tree = finished
    parent, separate = (
        Checkpoints(study, folder).load((kind, 1, 0), torch.device("cpu"))[0] for kind in ("parent", "separate")
    )
    assert not torch.equal(next(parent.parameters()), next(separate.parameters()))
    images, labels, _ = test_sets.nominal(study)
    with torch.no_grad():
        logits = separate(lostprune.data.normalize(images[:20]))
    error = (logits.argmax(1) != labels[:20]).double().mean().item()
    assert tree["noise"].separate_error.sel(repetition=1, noise_level=0).item() == pytest.approx(error)
    assert (tree["noise"].separate_softmax_distance > 0).all()


def test_a_study_that_adds_a_method_or_a_repetition_computes_only_that(finished, tmp_path):
    study, folder, tree = finished
    shutil.copytree(folder, tmp_path / "store")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "store").rglob("*.*") if path.suffix != ".lock"}
    wider = moment(scale=study.scale, methods=("WT", "FT", "PFP"), repetitions=1)
    found = lostprune.run(wider, "curves", store=tmp_path / "store")["curves"].to_dataset()
    assert {path: path.stat().st_mtime_ns for path in before} == before
    new = {path.stem for path in (tmp_path / "store").rglob("*.*") if path not in before and path.suffix == ".nc"}
    assert new == {"PFP-r0"}
    xr.testing.assert_equal(found.sel(pruner=["WT", "FT"]), tree["curves"].to_dataset().sel(repetition=[0]))


def test_chains_of_different_parents_are_refused(finished, tmp_path):
    study, folder, _ = finished
    shutil.copytree(folder / "results", tmp_path / "results")
    chain = ("WT", 0)
    other = results.read(study.key, "curves", chain, tmp_path).assign_attrs(parent_sha256="f" * 64)
    results.write(study.key, "curves", chain, other, tmp_path)
    with pytest.raises(results.ChainsDiffer, match="expected one parent"):
        lostprune.run(study, "curves", store=tmp_path)


def test_parts_of_different_parents_are_refused(finished, tmp_path):
    study, folder, _ = finished
    shutil.copytree(folder / "results", tmp_path / "results")
    for chain in cells.chains_of(study):
        other = results.read(study.key, "shift", chain, tmp_path).assign_attrs(parent_sha256="f" * 64)
        results.write(study.key, "shift", chain, other, tmp_path)
    with pytest.raises(results.ChainsDiffer, match="curves and shift .* expected one parent for all parts"):
        lostprune.run(study, "curves", "shift", store=tmp_path)


def test_published_results_of_all_chains_count_where_a_store_has_some(finished, tmp_path, monkeypatch):
    study, folder, _ = finished
    other = results.read(study.key, "curves", ("WT", 0), folder).assign_attrs(parent_sha256="f" * 64)
    results.write(study.key, "curves", ("WT", 0), other, tmp_path)
    monkeypatch.setenv("LOSTPRUNE_RESULTS", str(folder / "results"))
    assert "f" * 64 not in lostprune.run(study, "curves", store=tmp_path)["curves"].attrs["parent_sha256"]


def test_chains_of_a_parent_that_was_replaced_are_trained_again(finished, tmp_path):
    study, folder, _ = finished
    shutil.copytree(folder / "checkpoints", tmp_path / "checkpoints")
    mine = Checkpoints(study, tmp_path)
    path = mine.path(("parent", 0, 0))
    tensors, facts = store_module.load_checkpoint(path)
    path.with_suffix(".json").unlink()
    kept = {name: facts[name] for name in facts if name not in ("sha256", "format")}
    store_module.save_checkpoint(path, {name: 2 * tensor for name, tensor in tensors.items()}, kept)
    assert ("WT", 0, 1) in mine.pending(("WT", 0)) and mine.pending(("WT", 1)) == []
    prune_retrain.run_chains(mine, [("WT", 0)], torch.device("cpu"), Progress(0, ""))
    assert mine.pending(("WT", 0)) == []
    assert mine.facts(("WT", 0, 1))["before_sha256"] == mine.facts(("parent", 0, 0))["sha256"]


def test_what_follows_a_cycle_that_was_made_anew_is_made_anew_too(finished, tmp_path):
    study, folder, _ = finished
    shutil.copytree(folder / "checkpoints", tmp_path / "checkpoints")
    mine = Checkpoints(study, tmp_path)
    second = mine.path(("WT", 0, 2)).with_suffix(".json")
    second.write_text(second.read_text().replace(mine.facts(("WT", 0, 1))["sha256"], "f" * 64))  # of another first
    mine.path(("WT", 0, 1)).with_suffix(".json").unlink()
    assert mine.pending(("WT", 0)) == [("WT", 0, 1)]
    prune_retrain.run_chains(mine, [("WT", 0)], torch.device("cpu"), Progress(0, ""))
    assert mine.pending(("WT", 0)) == [] and mine.facts(("WT", 0, 2))["before_sha256"] != "f" * 64


def test_nothing_is_trained_beside_results_of_another_parent(finished, tmp_path):
    study, folder, _ = finished
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    other = results.read(study.key, "curves", ("WT", 0), folder).assign_attrs(parent_sha256="f" * 64)
    results.write(study.key, "curves", ("WT", 0), other, tmp_path)
    before = len(list(tmp_path.rglob("*.safetensors")))
    with pytest.raises(results.ChainsDiffer, match="got results of the parent ffff"):
        lostprune.run(moment(scale=study.scale, methods=("WT", "PFP")), "curves", store=tmp_path)
    assert len(list(tmp_path.rglob("*.safetensors"))) == before


def test_nothing_is_trained_beside_results_of_other_test_images(finished, tmp_path):
    study, folder, _ = finished
    shutil.copytree(folder / "results", tmp_path / "results")
    for chain in (("WT", 0), ("FT", 1)):
        other = results.read(study.key, "curves", chain, tmp_path).assign_attrs(test_sha256="f" * 64)
        results.write(study.key, "curves", chain, other, tmp_path)
    with pytest.raises(results.ChainsDiffer, match="got results of other test images than cifar10 has in"):
        lostprune.run(moment(scale=study.scale, methods=("WT", "PFP")), "curves", store=tmp_path)
    assert not list(tmp_path.rglob("*.safetensors"))


def test_a_network_that_is_not_there_is_said(study, tmp_path):
    with pytest.raises(FileNotFoundError, match="lostprune.run"):
        lostprune.load(study, "WT", 0, 1, store=tmp_path)
    with pytest.raises(ValueError, match="cycle: got 9"):
        lostprune.load(study, "WT", 0, 9, store=tmp_path)


def test_the_network_of_cycle_0_is_the_parent_and_has_no_masks(finished):
    study, folder, _ = finished
    parent, masks = lostprune.load(study, "WT", 1, 0, store=folder)
    pruned, some = lostprune.load(study, "WT", 1, 1, store=folder)
    assert masks == {} and some and not (parent.training or pruned.training)
    expected = Checkpoints(study, folder).load(("parent", 1, 0), torch.device("cpu"))[0].state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in parent.state_dict().items())


@pytest.mark.parametrize(
    ("method", "repetition", "says"), [("PFP", 0, "method: got 'PFP'"), ("WT", 2, "repetition: got 2")]
)
def test_a_network_that_is_not_of_the_study_is_refused(finished, method, repetition, says):
    study, folder, _ = finished
    with pytest.raises(ValueError, match=says):
        lostprune.load(study, method, repetition, 1, store=folder)


def test_what_the_store_has_is_not_computed_again(finished, monkeypatch):
    study, folder, tree = finished
    monkeypatch.setattr("lostprune.runner.complete", None)
    again = lostprune.run(study, "noise", "curves", store=folder)
    xr.testing.assert_identical(again["curves"].to_dataset(), tree["curves"].to_dataset())


def test_a_damaged_part_is_computed_again_from_the_checkpoints(finished):
    study, folder, tree = finished
    path = results.path_of(study.key, "shift", ("FT", 0), folder)
    path.write_bytes(path.read_bytes()[:100])
    again = lostprune.run(study, "shift", store=folder)
    xr.testing.assert_equal(again["shift"].to_dataset(), tree["shift"].to_dataset())


def test_an_executor_gives_the_same_results(finished, tmp_path):
    study, _, tree = finished
    with ThreadPoolExecutor(2) as executor:
        parallel = lostprune.run(study, "curves", store=tmp_path, executor=executor)
    xr.testing.assert_equal(parallel["curves"].to_dataset(), tree["curves"].to_dataset())


def test_an_unknown_part_is_refused_before_any_work(study, store):
    with pytest.raises(ValueError, match="part: got 'shifts'.*did you mean 'shift'"):
        lostprune.run(study, "shifts")
    assert not store.exists()


class Returning(nn.Module):
    """Returns more than logits, always or in training alone."""

    def __init__(self, returned, training_alone=False):
        super().__init__()
        self.layer, self.returned, self.training_alone = nn.Linear(3072, 10), returned, training_alone

    def forward(self, x):
        logits = self.layer(x.flatten(1))
        return self.returned(logits) if self.training or not self.training_alone else logits


class Counting(nn.Sequential):
    """A network that keeps in its state what safetensors cannot hold."""

    def get_extra_state(self):
        return {"calls": 0}


@pytest.mark.parametrize(
    "network, says",
    [
        (lambda num_classes: nn.Sequential(nn.AvgPool2d(8), nn.Flatten()), "without prunable layer"),
        (lambda num_classes: nn.Conv2d(3, num_classes, 3), r"expected logits of shape \[2, 10\]"),
        (
            lambda num_classes: Counting(nn.Flatten(), nn.Linear(3072, num_classes)),
            "got '_extra_state' in its state_dict",
        ),
        (lambda num_classes: nn.Sequential(nn.Flatten(), nn.Linear(7, num_classes)), "RuntimeError: .*mat1 and mat2"),
        (lambda num_classes: _not_finite(nn.Sequential(nn.Flatten(), nn.Linear(3072, num_classes))), "not finite"),
        (lambda num_classes: Returning(lambda logits: (logits, logits)), "got a tuple, expected a tensor of logits"),
        (lambda num_classes: Returning(lambda logits: {"scores": logits}), "got a dict with 'scores', expected a ten"),
        (lambda num_classes: Returning(lambda logits: (logits,), True), "in training mode: got TypeError"),
    ],
)
def test_a_network_that_cannot_be_run_is_refused_before_any_work(network, says, store):
    networks.register("mine")(network)
    with pytest.raises(ValueError, match=says):
        lostprune.run(lostprune.Study(network="mine", scale="smoke"))
    assert not list(store.rglob("*.safetensors"))


def test_a_builder_without_a_number_of_classes_is_named():
    networks.register("mine")(lambda: nn.Linear(3072, 10))
    for scale in ("smoke", "quick"):
        with pytest.raises(TypeError, match="network 'mine': its builder does not take num_classes"):
            lostprune.run(lostprune.Study(network="mine", scale=scale))


def test_a_network_with_a_layer_of_three_dimensions_is_trained(study):
    @networks.register("cube")
    class Cube(nn.Module):
        def __init__(self, num_classes=10):
            super().__init__()
            self.stem, self.fc = nn.Conv3d(1, 4, 3, padding=1), nn.Linear(4, num_classes)

        def forward(self, x):
            return self.fc(self.stem(x.unsqueeze(1)).mean((2, 3, 4)))

    tree = lostprune.run(dataclasses.replace(study, network="cube", methods=("WT",), repetitions=1))
    assert tree["curves"].test_error.sel(cycle=1).notnull().all()


def test_a_network_that_cannot_take_a_registered_shift_is_refused_before_any_work(store):
    train, test, small = (
        (torch.zeros(count, 3, side, side, dtype=torch.uint8), torch.arange(count) % 2)
        for count, side in ((40, 16), (4, 16), (4, 8))
    )
    data.register("squares", train, test, {"small": small}, std=1)
    networks.register("flat")(lambda num_classes: nn.Sequential(nn.Flatten(), nn.Linear(3 * 16**2, num_classes)))
    with pytest.raises(ValueError, match=r"two images of shape \[3, 8, 8\]"):
        lostprune.run(lostprune.Study(network="flat", dataset="squares", scale="smoke"))
    assert not list(store.rglob("*.safetensors"))


def _not_finite(network):
    network[1].weight.data[0, 0] = float("nan")
    return network


def test_a_chain_that_diverges_is_named_and_the_others_are_measured(store, monkeypatch):
    study, train = moment(scale=SCALE, methods=("WT", "FT"), repetitions=1), prune_retrain.run_chains

    def diverging(checkpoints, chains, *arguments):
        train(checkpoints, [chain for chain in chains if chain[0] != "WT"], *arguments)
        if ("WT", 0) in chains:
            raise Diverged("WT-r0-c01: the loss is nan")

    monkeypatch.setattr(prune_retrain, "run_chains", diverging)
    with pytest.raises(Diverged, match="WT-r0-c01"):
        lostprune.run(study, "curves")
    found = {name: results.read(study.key, "curves", (name, 0), store) for name in study.methods}
    assert found["WT"] is None and found["FT"] is not None
    checkpoints, wanted = Checkpoints(study, store), {("WT", 0): ("shift",), ("FT", 0): ("shift",)}
    with pytest.raises(Diverged, match="WT-r0-c01"):  # as on a GPU, where all chains are trained at once
        runner.complete(checkpoints, wanted, torch.device("cpu"), Progress(0, ""))
    assert results.read(study.key, "shift", ("FT", 0), store) is not None


def test_a_store_that_cannot_be_written_is_refused_before_any_work(study, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="store: cannot write to"):
        lostprune.run(study, store=tmp_path / "file")


def test_a_device_that_is_not_there_is_refused(study, monkeypatch):
    monkeypatch.setenv("LOSTPRUNE_DEVICE", "gpu")
    with pytest.raises(ValueError, match="LOSTPRUNE_DEVICE: got 'gpu', expected a device such as 'cpu'"):
        lostprune.run(study)


def test_provenance_says_what_a_result_was_made_with(finished):
    _, _, tree = finished
    attributes = tree["curves"].attrs
    assert attributes["torch_version"] == torch.__version__
    assert attributes["device"].startswith("CPU, ") and attributes["training_device"].startswith("CPU, ")
    assert json.loads(attributes["unreachable"]) == {}


def test_results_of_robust_training_say_what_was_trained_on_and_what_was_not(tmp_path):
    scale = dataclasses.replace(SCALE, name="shifted", cycles=1, corruptions=("fog", "contrast", "brightness", "snow"))
    study = moment(training="robust", methods=("WT",), repetitions=1, scale=scale)
    lostprune.run(study, "shift", store=tmp_path)
    shift = lostprune.run(study, "shift", store=tmp_path)["shift"]  # from the file
    assert shift.attrs["training"] == "robust"
    assert dict(zip(shift.distribution.values.tolist(), shift.group.values.tolist(), strict=True)) == {
        "cifar10": "train",
        "fog": "test",
        "contrast": "train",
        "brightness": "test",
        "snow": "train",
    }
