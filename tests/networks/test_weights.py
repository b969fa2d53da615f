"""Weights that were trained elsewhere are loaded whole or not at all, and nothing of their file is run."""

from __future__ import annotations

import json
import os

import pytest
import safetensors.torch
import torch
from torch import nn

import lostprune
from lostprune import networks, prune_retrain
from lostprune.networks.weights import load_weights, read_weights
from lostprune.prune_retrain.training_part import training_part


class Small(nn.Sequential):
    def __init__(self, num_classes: int = 10):
        pool = nn.AdaptiveAvgPool2d(1)
        super().__init__(
            nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), pool, nn.Flatten(), nn.Linear(8, num_classes)
        )


@pytest.fixture
def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    return Small().state_dict()


class Harmful:
    """Unpickled, it makes a folder."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


def parallel(state):
    return {f"module.{name}": value for name, value in state.items()}


SAVED = {
    "plain.pt": lambda state: state,
    "parallel.pth": parallel,
    "nested.th": lambda state: {"state_dict": parallel(state), "epoch": 7, "best": 0.9},
    "reference.pth": lambda state: {"model": state, "optimizer": {"lr": 0.1}},
}


@pytest.mark.parametrize("name", [*SAVED, "plain.safetensors"])
def test_weights_are_read_as_training_scripts_save_them(name, state, tmp_path):
    if name.endswith(".safetensors"):
        safetensors.torch.save_file(state, tmp_path / name)
    else:
        torch.save(SAVED[name](state), tmp_path / name)
    network = Small()
    load_weights(network, read_weights(tmp_path / name))
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_file_is_never_run(zipped, state, tmp_path):
    made = tmp_path / "made"
    saved = {"state_dict": state, "more": Harmful(made)}
    torch.save(saved, tmp_path / "harmful.pt", _use_new_zipfile_serialization=zipped)
    with pytest.raises(ValueError, match="more than tensors"):
        read_weights(tmp_path / "harmful.pt")
    assert not made.exists()


def test_a_whole_network_is_refused_with_what_to_save_instead(tmp_path):
    torch.save(Small(), tmp_path / "network.pt")
    with pytest.raises(ValueError, match=r"network.state_dict\(\)"):
        read_weights(tmp_path / "network.pt")


@pytest.mark.parametrize("name", ["broken.pt", "broken.pth", "broken.safetensors"])
@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04" + bytes(100)])
def test_a_file_of_another_content_is_refused(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=name):
        read_weights(tmp_path / name)


@pytest.mark.parametrize("saved", [{}, {"epoch": 3}, [torch.ones(2)], {3: torch.ones(2)}, torch.ones(2)])
def test_a_file_without_weights_by_name_is_refused(saved, tmp_path):
    torch.save(saved, tmp_path / "other.pt")
    with pytest.raises(ValueError, match="expected tensors by name"):
        read_weights(tmp_path / "other.pt")


def test_everything_that_does_not_fit_is_listed_and_nothing_is_loaded(state):
    del state["5.bias"]
    state |= {"extra": torch.ones(1), "5.weight": torch.ones(10, 9), "0.bias": torch.full((8,), torch.nan)}
    state["1.weight"] = torch.ones(8, dtype=torch.int64)
    network = Small()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(ValueError) as error:
        load_weights(network, state)
    for name in ("5.bias", "extra", "5.weight", "0.bias", "1.weight"):
        assert name in str(error.value)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_the_counters_of_batch_norms_may_be_missing(state):
    del state["1.num_batches_tracked"]
    load_weights(Small(), state)


def test_a_file_that_is_missing_or_of_another_type_is_refused_at_registration(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.pt"):
        networks.register("small", weights=tmp_path / "nowhere.pt")
    with pytest.raises(ValueError, match="safetensors"):
        networks.register("small", weights=tmp_path / "weights.h5")


def test_a_study_prunes_the_given_parent_and_does_not_train_one(study, state, store, tmp_path):
    torch.save(state, tmp_path / "small.pt")
    networks.register("small", weights=tmp_path / "small.pt")(Small)
    given = lostprune.Study(network="small", scale=study.scale, methods=("WT",), repetitions=1)
    tree = lostprune.run(given, "curves")
    (parent,) = store.rglob("parent-r0.safetensors")
    saved = safetensors.torch.load_file(parent)
    assert all(torch.equal(saved[f"state/{name}"], value) for name, value in state.items())
    facts = json.loads(parent.with_suffix(".json").read_text())
    assert facts["weights_sha256"] == networks.weights_digest("small") and facts["history"] == []
    ratios = tree["curves"].prune_ratio.squeeze().values
    assert ratios[0] == 0 and (ratios[1:] > 0).all()


def test_batch_norms_without_statistics_get_those_of_the_samples(study, state, tmp_path):
    state |= {"1.weight": torch.linspace(0.5, 2, 8), "1.bias": torch.linspace(-1, 1, 8)}
    torch.save(state, tmp_path / "small.pt")
    networks.register("small", weights=tmp_path / "small.pt")(Small)
    given = lostprune.Study(network="small", scale=study.scale, methods=("WT",), repetitions=1)
    lostprune.run(given, "curves")
    parent, _ = lostprune.load(given, "WT")
    _, _, samples = training_part(given, given.train_images, torch.device("cpu"))
    with torch.no_grad():
        before = parent[0](samples)
        torch.testing.assert_close(parent[1].running_mean, before.mean((0, 2, 3)), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(parent[1].running_var, before.var((0, 2, 3)), rtol=1e-3, atol=1e-4)
        expected = Small()
        expected.load_state_dict(state)
        torch.testing.assert_close(parent(samples), expected.eval()(samples), rtol=1e-4, atol=1e-4)


def test_other_weights_are_another_study(study, state, tmp_path):
    keys = set()
    for scale in (1.0, 2.0):
        state["5.bias"] *= scale
        torch.save(state, tmp_path / "small.pt")
        networks.register("small", weights=tmp_path / "small.pt")(Small)
        keys.add(lostprune.Study(network="small").training_key)
    networks.register("small")(Small)
    keys.add(lostprune.Study(network="small").training_key)
    assert len(keys) == 3


def test_weights_that_do_not_fit_are_refused_before_any_work(study, state, store, tmp_path):
    del state["5.bias"]
    torch.save(state, tmp_path / "small.pt")
    networks.register("small", weights=tmp_path / "small.pt")(Small)
    given = lostprune.Study(network="small", scale=study.scale)
    with pytest.raises(ValueError, match="missing: 5.bias"):
        lostprune.run(given, "curves")
    assert not list(store.rglob("*.safetensors"))
    assert prune_retrain.images_to_train(prune_retrain.Checkpoints(given, store), [("parent", 0, 0)]) == 0
