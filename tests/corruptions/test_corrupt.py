from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lostprune import corruptions, data
from lostprune.corruptions.constants import CONSTANTS
from lostprune.corruptions.randomness import draw_seeds
from reference import corruptions as reference

# Over the first 1,000 test images at severity 3, by the script that made CIFAR-10-C.
PUBLISHED = {
    "gaussian_noise": {"mean": 0.47598, "std": 0.25937, "rms": 0.0778, "abs": 0.06172},
    "brightness": {"mean": 0.59619, "std": 0.25091, "rms": 0.12416, "abs": 0.11804},
    "contrast": {"mean": 0.47619, "std": 0.16114, "rms": 0.12623, "abs": 0.10047},
}
everyone = pytest.mark.parametrize("name", corruptions.NAMES)
images_strategy = st.builds(
    lambda n, height, width, seed: noise(n, 3, height, width, seed=seed),
    *(st.integers(0, 4), st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**62)),
)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(256, shape, generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def test_images() -> torch.Tensor:
    return data.load("cifar10", "test").images[:1000]


@pytest.fixture(scope="module")
def golden() -> dict[str, torch.Tensor]:
    """The first 16 test images, and at severity 3 what the script that made CIFAR-10-C makes of them."""
    with np.load(Path(__file__).with_name("golden.npz")) as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in arrays}


def levels(got: torch.Tensor, expected: torch.Tensor | np.ndarray) -> np.ndarray:
    return np.abs(np.asarray(got, np.int16) - np.asarray(expected, np.int16))


@pytest.mark.parametrize("name", ["brightness", "contrast"])
def test_pixels_are_those_of_cifar10_c(golden, name):
    difference = levels(corruptions.corrupt(golden["images"], name, 3), golden[name])
    assert (difference <= 1).mean() >= 0.999
    assert (difference == 0).mean() >= 0.99


@everyone
def test_statistics_are_those_of_cifar10_c(test_images, name):
    before, after = test_images / 255.0, corruptions.corrupt(test_images, name, 3) / 255.0
    change = after - before
    got = {"mean": after.mean(), "std": after.std(), "rms": change.square().mean().sqrt(), "abs": change.abs().mean()}
    assert {key: value.item() for key, value in got.items()} == pytest.approx(PUBLISHED[name], rel=0.02)


@everyone
@pytest.mark.parametrize("constants", CONSTANTS)
def test_a_higher_severity_changes_more(test_images, name, constants):
    images = test_images[:200]
    changes = [
        (corruptions.corrupt(images, name, severity, constants).float() - images).square().mean().item()
        for severity in corruptions.SEVERITIES
    ]
    assert changes == sorted(changes) and len(set(changes)) == 5 and changes[0] > 0


@everyone
def test_imagenet_constants_are_stronger(test_images, name):
    images = test_images[:200]
    weak, strong = (
        (corruptions.corrupt(images, name, 3, constants).float() - images).square().mean()
        for constants in ("cifar10-c", "imagenet-c")
    )
    assert strong > weak


@given(images_strategy, st.sampled_from(["brightness", "contrast"]), st.integers(1, 5), st.sampled_from([*CONSTANTS]))
def test_the_plain_version_is_met_to_one_level(images, name, severity, constants):
    constant = CONSTANTS[constants][name][severity - 1]
    got = corruptions.corrupt(images, name, severity, constants)
    for image, result in zip(images.numpy(), got, strict=True):
        assert levels(result, getattr(reference, name)(image, constant)).max() <= 1


@given(st.integers(0, 2**62), st.integers(1, 5))
def test_gaussian_noise_meets_the_plain_version_to_one_level(seed, severity):
    images = noise(2, 3, 4, 4, seed=seed)
    got = corruptions.corrupt(images, "gaussian_noise", severity, generator=seeded(seed))
    std = CONSTANTS["cifar10-c"]["gaussian_noise"][severity - 1]
    for image, image_seed, result in zip(images.numpy(), draw_seeds(2, seeded(seed)), got, strict=True):
        assert levels(result, reference.gaussian_noise(image, std, image_seed.item())).max() <= 1


def test_brightness_turns_black_into_grey_and_keeps_white():
    images = torch.tensor([0, 255], dtype=torch.uint8)[:, None, None, None].expand(2, 3, 2, 2)
    got = corruptions.corrupt(images, "brightness", 1)  # 0.05 * 255 = 12.75
    assert got[0].unique().tolist() == [12] and got[1].unique().tolist() == [255]


@everyone
def test_the_same_seed_gives_the_same_bytes(name):
    images = noise(20, 3, 32, 32)
    first, second = (corruptions.corrupt(images, name, generator=seeded(3)) for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(corruptions.corrupt(images, name), corruptions.corrupt(images, name, generator=seeded(0)))


def test_another_seed_gives_another_noise():
    images = noise(20, 3, 32, 32)
    first, second = (corruptions.corrupt(images, "gaussian_noise", generator=seeded(seed)) for seed in (1, 2))
    assert not torch.equal(first, second)


@everyone
@pytest.mark.parametrize("k", [0, 1, 37, 200, 299])
def test_an_image_does_not_depend_on_its_batch(name, k):
    images = noise(300, 3, 32, 32)
    whole = corruptions.corrupt(images, name, generator=seeded(5))
    assert torch.equal(corruptions.corrupt(images[:k], name, generator=seeded(5)), whole[:k])
    generator = seeded(5)
    parts = [corruptions.corrupt(part, name, generator=generator) for part in (images[:k], images[k:])]
    assert torch.equal(torch.cat(parts), whole)


@everyone
def test_images_larger_than_a_chunk_and_other_layouts(name):
    images = noise(2, 3, 400, 500)
    whole = corruptions.corrupt(images, name)
    assert torch.equal(corruptions.corrupt(images.contiguous(memory_format=torch.channels_last), name), whole)
    assert whole.shape == images.shape and whole.dtype == torch.uint8


@everyone
def test_the_images_are_left_alone(name):
    images = noise(3, 3, 8, 8)
    before = images.clone()
    corruptions.corrupt(images, name, 5)
    assert torch.equal(images, before)


@pytest.mark.parametrize(
    "change, error, message",
    [
        ({"images": torch.zeros(2, 3, 4, 4)}, TypeError, "images: got torch.float32, expected a torch.uint8 tensor"),
        ({"images": np.zeros((2, 3, 4, 4), np.uint8)}, TypeError, "images: got ndarray"),
        ({"images": noise(3, 4, 4)}, ValueError, r"images: got the shape \[3, 4, 4\], expected \[n, 3, h, w\]"),
        ({"images": noise(2, 4, 4, 3)}, ValueError, r"images: got the shape \[2, 4, 4, 3\]"),
        ({"name": "brightnes"}, ValueError, "corruption: got 'brightnes', .*did you mean 'brightness'?"),
        ({"constants": "cifar10c"}, ValueError, "constants: got 'cifar10c', .*did you mean 'cifar10-c'?"),
        ({"severity": 0}, ValueError, "severity: got 0, expected 1"),
        ({"severity": 6}, ValueError, "severity: got 6, expected 1"),
        ({"severity": 2.0}, TypeError, "severity: got 2.0, expected a whole number"),
        ({"severity": True}, TypeError, "severity: got True"),
        ({"generator": 3}, TypeError, "generator: got 3, expected a torch.Generator on the CPU"),
    ],
)
def test_wrong_arguments_are_refused(change, error, message):
    arguments = {"images": noise(2, 3, 4, 4), "name": "contrast"} | change
    with pytest.raises(error, match=message):
        corruptions.corrupt(**arguments)


def test_a_whole_number_of_numpy_is_a_severity():
    images = noise(2, 3, 4, 4)
    assert torch.equal(corruptions.corrupt(images, "contrast", np.int64(4)), corruptions.corrupt(images, "contrast", 4))
