"""Which engine a network trains with, and what happens where one does not take it or memory ends."""

from __future__ import annotations

import dataclasses
import logging

import pytest
import torch
from torch import nn

from lostprune.networks import recipe_for
from lostprune.training import ENGINES, Run, engines_for, train, train_together

CPU = torch.device("cpu")
RECIPE = recipe_for("resnet20").shortened(epochs=2, batch_size=32)


class Small(nn.Sequential):
    def __init__(self):
        torch.manual_seed(0)
        super().__init__(nn.Conv2d(3, 8, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))


def test_every_device_ends_with_float32():
    assert engines_for(CPU)[-1] is ENGINES["float32"]
    assert not any(engine.captured for engine in engines_for(CPU))


def test_an_engine_can_be_asked_for(monkeypatch, images):
    monkeypatch.setenv("LOSTPRUNE_ENGINE", "float32")
    assert [engine.name for engine in engines_for(CPU)] == ["float32"]
    monkeypatch.setenv("LOSTPRUNE_ENGINE", "bfloat16")
    assert [record["engine"] for record in train(Small(), *images, RECIPE, seed=0)] == ["bfloat16"] * 2


def test_an_unknown_engine_is_refused(monkeypatch):
    monkeypatch.setenv("LOSTPRUNE_ENGINE", "floot32")
    with pytest.raises(ValueError, match="did you mean 'float32'"):
        engines_for(CPU)


def test_a_graph_needs_cuda(monkeypatch):
    monkeypatch.setenv("LOSTPRUNE_ENGINE", "graph")
    with pytest.raises(ValueError, match="LOSTPRUNE_ENGINE: got 'graph' on cpu, expected bfloat16 or float32"):
        engines_for(CPU)


def test_bfloat16_keeps_weights_and_optimiser_in_float32_and_ends_near_float32(monkeypatch, images):
    losses = {}
    for name in ("float32", "bfloat16"):
        monkeypatch.setenv("LOSTPRUNE_ENGINE", name)
        network = Small()
        losses[name] = train(network, *images, RECIPE, seed=0)[-1]["loss"]
        assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}
    assert losses["float32"] != losses["bfloat16"]
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.01)


class OnlyFloat32(Small):
    def forward(self, x):
        x = self[0](x)
        if x.dtype != torch.float32:
            raise RuntimeError("expected Float but found BFloat16\nin line 3")
        return self[4](self[3](self[2](self[1](x))))


def test_a_network_that_bfloat16_does_not_take_falls_back_with_one_line(monkeypatch, images, caplog):
    monkeypatch.setenv("LOSTPRUNE_ENGINE", "bfloat16")
    with caplog.at_level(logging.WARNING, "lostprune"):
        history = train(OnlyFloat32(), *images, RECIPE, seed=0)
    assert {record["engine"] for record in history} == {"float32"}
    assert caplog.messages == [
        "OnlyFloat32 trains with engine float32, since bfloat16: expected Float but found BFloat16"
    ]


def test_an_error_of_the_network_itself_is_raised(images):
    class Broken(Small):
        def forward(self, x):
            raise KeyError("no such layer")

    with pytest.raises(KeyError, match="no such layer"):
        train(Broken(), *images, RECIPE, seed=0)


class FullDevice(Small):
    """Memory ends in the forward calls of the given numbers, counted over all networks of this kind."""

    calls, ends_at = 0, ()

    def forward(self, x):
        FullDevice.calls += 1
        if FullDevice.calls in FullDevice.ends_at:
            raise torch.OutOfMemoryError("out of memory")
        return super().forward(x)


@pytest.mark.parametrize("ends_at", [(2,), (18,), (18, 35)], ids=["at the start", "in an epoch", "twice"])
def test_where_memory_ends_fewer_train_at_once_and_no_epoch_is_lost(ends_at, images, caplog, monkeypatch):
    expected = [Small() for _ in range(4)]
    histories = [train(network, *images, RECIPE, seed=i) for i, network in enumerate(expected)]
    monkeypatch.setattr(FullDevice, "calls", 0)
    monkeypatch.setattr(FullDevice, "ends_at", ends_at)
    runs = [Run(FullDevice(), *images, RECIPE, seed=i) for i in range(4)]
    with caplog.at_level(logging.WARNING, "lostprune"):
        assert train_together(runs) == histories
    for run, network in zip(runs, expected, strict=True):
        assert torch.equal(run.network[0].weight, network[0].weight)
    assert len(caplog.messages) == len(ends_at) and "4 networks at once do not fit" in caplog.messages[0]


def test_one_network_that_does_not_fit_is_an_error(images, monkeypatch):
    monkeypatch.setattr(FullDevice, "calls", 0)
    monkeypatch.setattr(FullDevice, "ends_at", (3,))
    with pytest.raises(torch.OutOfMemoryError):
        train_together([Run(FullDevice(), *images, dataclasses.replace(RECIPE, epochs=1), seed=0)])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_every_engine_of_cuda_ends_near_float32(monkeypatch, images):
    on_device = [tensor.cuda() for tensor in images]
    losses = {}
    for name in ENGINES:
        monkeypatch.setenv("LOSTPRUNE_ENGINE", name)
        runs = [Run(Small().cuda(), *on_device, RECIPE, seed=i) for i in range(3)]
        histories = train_together(runs)
        assert {record["engine"] for history in histories for record in history} == {name}
        losses[name] = [history[-1]["loss"] for history in histories]
    for name in ENGINES:
        assert losses[name] == pytest.approx(losses["float32"], rel=0.02)
