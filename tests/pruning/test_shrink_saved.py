"""Shrunk networks on disk."""

from __future__ import annotations

import json

import pytest
import torch

from lostprune import networks, pruning
from lostprune.foundations.store import DamagedFile
from reference.pruning_networks import Residual, random_images


@pytest.fixture
def shrunk(tmp_path):
    torch.manual_seed(0)
    networks.register("small_residual")(lambda num_classes: Residual())
    network = networks.build("small_residual").eval()
    return pruning.shrink(network, pruning.prune(network, "FT", 0.4))


def test_round_trip_and_replacement(shrunk, tmp_path):
    for factor in (1.0, 2.0):  # trained on, it is saved again
        with torch.no_grad():
            shrunk.head.weight.mul_(factor)
        pruning.save_shrunk(tmp_path / "net", shrunk, "small_residual")
        loaded = pruning.load_shrunk(tmp_path / "net")
        assert loaded.kept_channels == shrunk.kept_channels
        with torch.no_grad():
            assert torch.equal(loaded(random_images(2, 0)), shrunk(random_images(2, 0)))
    assert sorted(file.suffix for file in tmp_path.glob("net.*")) == [".json", ".safetensors"]


def test_tied_weights_stay_tied_and_types_stay(tmp_path):
    @networks.register("tied")
    class Tied(torch.nn.Sequential):
        def __init__(self, num_classes: int = 10):
            first, *others = (torch.nn.Conv2d(channels, 8, 3, padding=1) for channels in (3, 8, 8))
            super().__init__(first, *others, torch.nn.Flatten(), torch.nn.Linear(8 * 12 * 12, num_classes))
            self[2].weight = self[1].weight

    network = networks.build("tied").eval().double()
    images = random_images(4, 0).double()
    shrunk = pruning.shrink(network, pruning.prune(network, "FT", 0.4, images), (3, 12, 12))
    pruning.save_shrunk(tmp_path / "net", shrunk, "tied")
    loaded = pruning.load_shrunk(tmp_path / "net")
    assert loaded[2].weight is loaded[1].weight
    with torch.no_grad():
        assert torch.equal(loaded(images), shrunk(images))


@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
def test_damaged(shrunk, tmp_path, suffix):
    pruning.save_shrunk(tmp_path / "net", shrunk, "small_residual")
    file = (tmp_path / "net").with_suffix(suffix)
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(DamagedFile, match="net"):
        pruning.load_shrunk(tmp_path / "net")


@pytest.mark.parametrize(
    "change", [{"kept_channels": {"stem": {"inputs": [0], "outputs": [99]}}}, {"kept_channels": 3}]
)
def test_channels_that_do_not_fit(shrunk, tmp_path, change):
    pruning.save_shrunk(tmp_path / "net", shrunk, "small_residual")
    manifest = tmp_path / "net.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | change))
    with pytest.raises(DamagedFile):
        pruning.load_shrunk(tmp_path / "net")


def test_nothing_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="net.safetensors"):
        pruning.load_shrunk(tmp_path / "net")


def test_the_registered_network_has_changed(shrunk, tmp_path):
    pruning.save_shrunk(tmp_path / "net", shrunk, "small_residual")
    networks.register("small_residual")(lambda num_classes: Residual(padding=0))
    with pytest.raises(ValueError, match="other layers"):
        pruning.load_shrunk(tmp_path / "net")


def test_what_cannot_be_saved(shrunk, tmp_path):
    with pytest.raises(ValueError, match="expected what pruning.shrink returned"):
        pruning.save_shrunk(tmp_path / "net", Residual(), "small_residual")
    with pytest.raises(ValueError, match="name and number of classes"):
        pruning.save_shrunk(tmp_path / "net", shrunk, "resnet20")
    with pytest.raises(ValueError, match="without a dot"):
        pruning.save_shrunk(tmp_path / "net-0.5", shrunk, "small_residual")
    assert not list(tmp_path.glob("net*"))
