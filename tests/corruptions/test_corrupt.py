"""Laws that all corruptions obey, and arguments that are refused."""

from __future__ import annotations

import functools
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lostprune import corruptions, data
from lostprune.corruptions.constants import CONSTANTS

everyone = pytest.mark.parametrize("name", corruptions.NAMES)
DETERMINISTIC = {
    "defocus_blur",
    "zoom_blur",
    "brightness",
    "contrast",
    "pixelate",
    "jpeg_compression",
    "gaussian_blur",
    "saturate",
}
# From one severity to the next, these lose in one of their constants what they gain in another.
NOT_ORDERED = {"glass_blur", "frost", "elastic_transform", "spatter", "saturate"}


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(256, shape, generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def test_images() -> torch.Tensor:
    return data.load("cifar10", "test").images[:200]


@pytest.fixture(scope="module")
def change(test_images) -> Callable[[str, int, str], float]:
    """The mean square of what a corruption changes, computed once."""

    @functools.cache
    def of(name: str, severity: int, constants: str) -> float:
        corrupted = corruptions.corrupt(test_images, name, severity, constants)
        return (corrupted.float() - test_images).square().mean().item()

    return of


@pytest.mark.parametrize("name", sorted(set(corruptions.NAMES) - NOT_ORDERED))
@pytest.mark.parametrize("constants", CONSTANTS)
def test_a_higher_severity_changes_more(change, name, constants):
    changes = [change(name, severity, constants) for severity in corruptions.SEVERITIES]
    # CIFAR-10-C's motion_blur differs between 3 and 4 by weights that are nearly 0
    assert all(more > 0.999 * less for less, more in pairwise(changes)) and changes[4] > 1.2 * changes[0] > 0


@pytest.mark.parametrize("name", sorted(NOT_ORDERED))
@pytest.mark.parametrize("constants", CONSTANTS)
def test_every_severity_is_another(change, name, constants):
    changes = [change(name, severity, constants) for severity in corruptions.SEVERITIES]
    assert len(set(changes)) == 5 and min(changes) > 0


# ImageNet-C's elastic_transform moves pixels less far at severity 3, and more apart from their neighbours.
@pytest.mark.parametrize("name", sorted(set(corruptions.NAMES) - {"elastic_transform"}))
def test_imagenet_constants_are_stronger(change, name):
    assert change(name, 3, "imagenet-c") > change(name, 3, "cifar10-c")


@everyone
def test_the_same_seed_gives_the_same_bytes(name):
    images = noise(20, 3, 32, 32)
    first, second = (corruptions.corrupt(images, name, generator=seeded(3)) for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(corruptions.corrupt(images, name), corruptions.corrupt(images, name, generator=seeded(0)))


@everyone
def test_another_seed_gives_another_image_where_chance_is_involved(test_images, name):
    first, second = (corruptions.corrupt(test_images[:20], name, generator=seeded(seed)) for seed in (1, 2))
    same = (first == second).flatten(1).all(dim=1)
    # two directions of motion may come to the same pixels
    assert same.all() if name in DETERMINISTIC else same.sum() <= 2


@everyone
def test_an_image_does_not_depend_on_its_batch(name):
    images = noise(140, 3, 32, 32)  # more than are corrupted at once
    whole = corruptions.corrupt(images, name, generator=seeded(5))
    for k in (0, 1, 37, 135):
        generator = seeded(5)
        parts = [corruptions.corrupt(part, name, generator=generator) for part in (images[:k], images[k:])]
        assert torch.equal(torch.cat(parts), whole), k


@everyone
def test_the_number_of_threads_changes_nothing(name):
    images, threads = noise(150, 3, 32, 32), torch.get_num_threads()
    try:
        results = []
        for count in (1, 2):
            torch.set_num_threads(count)
            results.append(corruptions.corrupt(images, name, constants="imagenet-c"))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(*results)


@everyone
def test_images_larger_than_a_chunk_and_other_layouts(name):
    images = noise(2, 3, 330, 400)
    whole = corruptions.corrupt(images, name)
    assert torch.equal(corruptions.corrupt(images.contiguous(memory_format=torch.channels_last), name), whole)
    assert whole.shape == images.shape and whole.dtype == torch.uint8


@settings(max_examples=60)
@given(
    st.sampled_from(corruptions.NAMES),
    st.integers(1, 5),
    st.sampled_from([*CONSTANTS]),
    st.tuples(st.integers(0, 3), st.just(3), st.integers(1, 40), st.integers(1, 40)),
)
def test_any_size_will_do(name, severity, constants, shape):
    images = noise(*shape)
    got = corruptions.corrupt(images, name, severity, constants)
    assert got.shape == images.shape and got.dtype == torch.uint8
    generator = seeded(0)
    for image, result in zip(images, got, strict=True):
        assert torch.equal(corruptions.corrupt(image[None], name, severity, constants, generator)[0], result)


@everyone
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_gives_what_a_cpu_gives(test_images, name):
    expected = corruptions.corrupt(test_images, name)
    got = corruptions.corrupt(test_images.cuda(), name)
    assert got.is_cuda and torch.equal(got, corruptions.corrupt(test_images.cuda(), name))
    difference = (got.cpu().short() - expected.short()).abs()
    # elsewhere, sines and logarithms may be rounded otherwise, and a threshold may then fall the other way
    assert (difference <= 1).double().mean() >= 0.999


@everyone
def test_the_images_are_left_alone(name):
    images = noise(3, 3, 8, 8)
    before = images.clone()
    corruptions.corrupt(images, name, 5)
    assert torch.equal(images, before)


@pytest.mark.parametrize(
    "wrong, error, message",
    [
        ({"images": torch.zeros(2, 3, 4, 4)}, TypeError, "images: got torch.float32, expected a torch.uint8 tensor"),
        ({"images": np.zeros((2, 3, 4, 4), np.uint8)}, TypeError, "images: got ndarray"),
        ({"images": noise(3, 4, 4)}, ValueError, r"images: got the shape \[3, 4, 4\], expected \[n, 3, h, w\]"),
        ({"images": noise(2, 4, 4, 3)}, ValueError, r"images: got the shape \[2, 4, 4, 3\]"),
        ({"images": noise(2, 1, 4, 4)}, ValueError, r"images: got the shape \[2, 1, 4, 4\]"),
        ({"images": noise(2, 3, 0, 4)}, ValueError, r"images: got the shape \[2, 3, 0, 4\]"),
        ({"images": noise(2, 3, 4, 4).to("meta")}, ValueError, "images: got the device meta, expected a CPU or CUDA"),
        ({"images": noise(2, 3, 4, 4).to(torch.int16)}, TypeError, "images: got torch.int16, expected a torch.uint8"),
        ({"name": None}, ValueError, "corruption: got None, expected one of gaussian_noise"),
        ({"name": "brightnes"}, ValueError, "corruption: got 'brightnes', .*did you mean 'brightness'?"),
        ({"constants": "cifar10c"}, ValueError, "constants: got 'cifar10c', .*did you mean 'cifar10-c'?"),
        ({"severity": 0}, ValueError, "severity: got 0, expected 1"),
        ({"severity": 6}, ValueError, "severity: got 6, expected 1"),
        ({"severity": 2.0}, TypeError, "severity: got 2.0, expected a whole number"),
        ({"severity": "3"}, TypeError, "severity: got '3'"),
        ({"severity": float("nan")}, TypeError, "severity: got nan"),
        ({"severity": True}, TypeError, "severity: got True"),
        ({"generator": 3}, TypeError, "generator: got 3, expected a torch.Generator on the CPU"),
    ],
)
def test_wrong_arguments_are_refused(wrong, error, message):
    arguments = {"images": noise(2, 3, 4, 4), "name": "contrast"} | wrong
    with pytest.raises(error, match=message):
        corruptions.corrupt(**arguments)


def test_a_whole_number_of_numpy_is_a_severity():
    images = noise(2, 3, 4, 4)
    assert torch.equal(corruptions.corrupt(images, "contrast", np.int64(4)), corruptions.corrupt(images, "contrast", 4))
