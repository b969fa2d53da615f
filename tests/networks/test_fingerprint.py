"""A fingerprint is the same in every process while a network's code is, and differs when it is not."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lostprune import networks

NETWORKS = """
import functools
from dataclasses import dataclass
from torch import nn, relu, sigmoid
from lostprune import networks

SLOPES = {"steep", "flat", "even"}

@dataclass
class Settings:
    depth: int = 2

def clip(x, low=0.0, *, high=6.0): return x.clamp(low, high)

def activation(kind):
    class Activation(nn.Module):
        forward = (lambda self, x: relu(x)) if kind else (lambda self, x: sigmoid(x))
    return Activation()

class Base(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.conv, self.fc, self.mode = nn.Conv2d(3, 8, 3), nn.Linear(8, num_classes), "mean"
        self.names, self.settings, self.last = {"a", "b", "c", "d"}, Settings(), functools.partial(clip, high=3.0)
        self.u, self.v = activation(0), activation(1)
    def forward(self, x):
        def pooled(x): return x.mean((2, 3)) if self.mode in {"mean", "average", "gap"} else x
        x = [clip(self.conv(x)) for _ in range(2)][0]
        return self.fc((lambda x: pooled(self.v(self.u(x))))(x)) if "flat" in SLOPES else sum(x for _ in range(3))
networks.register("mine")(Base)
print(networks.fingerprint("mine"))
"""


def test_two_processes_agree():
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", NETWORKS], env=os.environ | {"PYTHONHASHSEED": seed}, stdout=subprocess.PIPE
        )
        for seed in ("1", "2")
    ]
    one, other = (run.communicate()[0] for run in runs)
    assert one == other and len(one.split()) == 1


class Net(nn.Module):
    def __init__(self, num_classes: int = 10, scale: object = 1.0, groups: int = 1, activation: object = F.relu):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(4, 8, 3, groups=groups), nn.Linear(8, num_classes)
        self.scale, self.activation = scale, activation


def of(builder) -> str:
    networks.register("mine")(builder)
    return networks.fingerprint("mine")


def closed_over(value, default=1):
    def forward(self, x, factor=default):
        return x * value * factor

    return forward


def nested(inner):
    return lambda self, x: [y + inner for y in x]


CHANGES = {
    "a value of a closure": (closed_over(2), {}),
    "a default": (closed_over(1, 2), {}),
    "an attribute": (closed_over(1), {"scale": 2.0}),
    "a set": (closed_over(1), {"scale": {"a", "b"}}),
    "a setting of a layer": (closed_over(1), {"groups": 2}),
    "a function of torch": (closed_over(1), {"activation": F.gelu}),
    "a function of one's own": (closed_over(1), {"activation": lambda x: x + 1}),
    "another function of one's own": (closed_over(1), {"activation": lambda x: x + 2}),
    "a nested function": (lambda self, x: [y + 1 for y in x], {}),
    "another nested function": (lambda self, x: [y + 2 for y in x], {}),
    "what the nested function is closed over": (nested(3), {}),
}


def test_everything_that_changes_the_outputs_changes_the_fingerprint():
    def made(forward, settings):
        kind = type("Net", (Net,), {"forward": forward, "__module__": __name__})
        return of(lambda num_classes: kind(num_classes, **settings))

    found = {what: made(*change) for what, change in CHANGES.items()} | {"unchanged": made(closed_over(1), {})}
    assert len(set(found.values())) == len(found)
    assert found["unchanged"] == made(closed_over(1), {})


@pytest.mark.parametrize("draw", [random.random, np.random.rand, lambda: float(torch.rand(()))])
def test_attributes_drawn_by_chance_repeat_and_the_callers_chance_stays(draw):
    found = of(lambda num_classes: Net(num_classes, scale=draw()))
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    expected = draw()
    for restore, state in zip((random.setstate, np.random.set_state, torch.set_rng_state), states, strict=True):
        restore(state)
    assert of(lambda num_classes: Net(num_classes, scale=draw())) == found
    assert draw() == expected


def test_a_function_that_the_code_uses_counts(monkeypatch):
    class Using(Net):
        def forward(self, x):
            return closed_over(1)(self, x)

    before = of(Using)
    assert of(Using) == before
    monkeypatch.setitem(globals(), "closed_over", lambda value: lambda self, x: x)
    assert of(Using) != before


def test_a_network_is_built_once_for_each_registration():
    built = []

    def builder(num_classes):
        built.append(num_classes)
        return Net(num_classes)

    networks.register("mine")(builder)
    assert networks.fingerprint("mine") == networks.fingerprint("mine")
    assert len(built) == 1
    assert of(lambda num_classes: Net(num_classes, scale=3)) != of(lambda num_classes: Net(num_classes, scale=4))


def test_a_network_of_the_package_under_another_name_has_one():
    networks.register("mine")(networks.registry.registered("resnet20").builder)
    as_resnet20 = networks.fingerprint("mine")
    networks.register("mine")(networks.registry.registered("resnet56").builder)
    assert None not in (as_resnet20, networks.fingerprint("mine")) and networks.fingerprint("mine") != as_resnet20


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="did you mean 'resnet20'"):
        networks.fingerprint("resnet_20")
