"""Parents begin with weights that somebody trained: whole, a backbone, or the rows of fewer classes."""

from __future__ import annotations

import hashlib

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from lostprune import networks
from lostprune.networks import pretrained


class Small(nn.Module):
    def __init__(self, classes: int):
        super().__init__()
        self.conv, self.bn, self.fc = nn.Conv2d(3, 5, 1), nn.BatchNorm2d(5), nn.Linear(5, classes)


class WithBackbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone, self.classifier = Small(2), nn.Conv2d(5, 4, 1)
        del self.backbone.fc


def test_the_classifier_takes_the_rows_of_its_classes():
    state, network = Small(7).state_dict(), Small(3)
    assert not pretrained.start_from(network, state, [6, 0, 4])
    assert torch.equal(network.fc.weight, state["fc.weight"][[6, 0, 4]])
    assert torch.equal(network.fc.bias, state["fc.bias"][[6, 0, 4]])
    assert torch.equal(network.conv.weight, state["conv.weight"])


@pytest.mark.parametrize("rows", [None, [0, 1, 2]])
def test_weights_for_the_same_classes_are_the_whole_network(rows):
    state, network = Small(3).state_dict(), Small(3)
    assert pretrained.start_from(network, state, rows)
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())


def test_a_backbone_is_taken_without_its_classifier_and_the_head_stays():
    state, network = Small(9).state_dict(), WithBackbone()
    head = network.classifier.weight.clone()
    assert not pretrained.start_from(network, state)
    assert torch.equal(network.backbone.conv.weight, state["conv.weight"])
    assert torch.equal(network.classifier.weight, head)


@pytest.mark.parametrize(
    "change, named",
    [
        (lambda state: state.pop("conv.weight"), "missing: conv.weight"),
        (lambda state: state.update(other=torch.ones(1)), "unexpected: other"),
        (lambda state: state["conv.weight"].mul_(torch.nan), "not finite: conv.weight"),
        (lambda state: state.update({"conv.weight": torch.ones(5, 3, 3, 3)}), r"conv.weight, got \[5, 3, 3, 3\]"),
    ],
)
def test_weights_of_another_network_or_with_nan_are_refused_and_nothing_is_loaded(change, named):
    state, network = Small(7).state_dict(), Small(3)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    change(state)
    with pytest.raises(ValueError, match=named):
        pretrained.start_from(network, state, [6, 0, 4])
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_a_file_is_known_by_its_digest_and_needed_only_to_be_read(tmp_path):
    path = tmp_path / "small.safetensors"
    save_file(Small(3).state_dict(), path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    found = pretrained.weights_source("resnet18", "small.safetensors", tmp_path)
    assert found == pretrained.Source("small.safetensors", digest, path)
    pinned = pretrained.weights_source("resnet18", f"small.safetensors@{digest[:12]}", tmp_path)
    assert pretrained.read_source("resnet18", pinned).keys() == Small(3).state_dict().keys()
    path.unlink()
    assert pretrained.weights_source("resnet18", f"small.safetensors@{digest[:12]}", tmp_path) == pinned
    with pytest.raises(FileNotFoundError, match="small.safetensors"):
        pretrained.read_source("resnet18", pinned)
    with pytest.raises(FileNotFoundError, match="small.safetensors"):
        pretrained.weights_source("resnet18", "small.safetensors", tmp_path)


def test_another_file_than_the_digest_says_is_refused(tmp_path):
    save_file(Small(3).state_dict(), tmp_path / "small.safetensors")
    source = pretrained.weights_source("resnet18", "small.safetensors@00000000", tmp_path)
    with pytest.raises(ValueError, match="small.safetensors: got SHA-256 .*, expected one that begins with 00000000"):
        pretrained.read_source("resnet18", source)


def test_torchvisions_weights_are_those_of_the_paper_and_are_fetched_checked(tmp_path, monkeypatch):
    source = pretrained.weights_source("resnet18", "torchvision", tmp_path)
    assert source == pretrained.Source("torchvision's ResNet18_Weights.IMAGENET1K_V1", "f37072fd", None)
    asked = {}

    def fetched(url, **settings):
        asked.update(settings, url=url)
        return networks.build("resnet18", 1000).state_dict()

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", fetched)
    network = networks.build("resnet18", 2)
    assert not pretrained.start_from(network, pretrained.read_source("resnet18", source), [0, 281])
    assert asked["check_hash"] and asked["weights_only"] and asked["url"].endswith("resnet18-f37072fd.pth")


def test_without_a_network_the_error_says_where_to_put_the_file(tmp_path, monkeypatch):
    def unreachable(*_, **__):
        raise OSError("no network here")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", unreachable)
    source = pretrained.weights_source("resnet101", "torchvision", tmp_path)
    with pytest.raises(OSError, match="resnet101-63fe2227.pth cannot be fetched .*checkpoints by hand"):
        pretrained.read_source("resnet101", source)


def test_torchvision_has_no_weights_for_the_networks_of_cifar(tmp_path):
    with pytest.raises(ValueError, match="got 'resnet20', expected one of resnet18"):
        pretrained.weights_source("resnet20", "torchvision", tmp_path)
