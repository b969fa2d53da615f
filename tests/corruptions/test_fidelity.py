"""Corruptions are those of CIFAR-10-C: as its script makes them, and as plain versions of its definitions do."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import stats

from lostprune import corruptions, data
from lostprune.corruptions.constants import CONSTANTS
from lostprune.corruptions.edges import distances_to, edges
from lostprune.corruptions.jpeg import through_jpeg
from lostprune.corruptions.poisson import poisson
from lostprune.corruptions.randomness import ImageRandomness, draw_seeds
from reference import corruptions as reference

HERE = Path(__file__).parent
# Over the first 1,000 test images at severity 3, by the script that made CIFAR-10-C.
PUBLISHED = json.loads((HERE / "golden.json").read_text())
everyone = pytest.mark.parametrize("name", corruptions.NAMES)


@pytest.fixture(scope="module")
def test_images() -> torch.Tensor:
    return data.load("cifar10", "test").images[:1000]


@pytest.fixture(scope="module")
def golden() -> dict[str, torch.Tensor]:
    """The first 16 test images, and at severity 3 what the script that made CIFAR-10-C makes of them."""
    with np.load(HERE / "golden.npz") as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in arrays}


def levels(got: torch.Tensor, expected: torch.Tensor | np.ndarray) -> np.ndarray:
    return np.abs(np.asarray(got, np.int16) - np.asarray(expected, np.int16))


def test_all_nineteen_are_there():
    assert set(corruptions.NAMES) == set(PUBLISHED) and len(corruptions.NAMES) == 19


@pytest.mark.parametrize("name", ["zoom_blur", "gaussian_blur"])
def test_pixels_are_those_of_cifar10_c(golden, name):
    difference = levels(corruptions.corrupt(golden["images"], name, 3), golden[name])
    assert (difference == 0).mean() >= 0.999


@pytest.mark.parametrize("name", ["pixelate", "jpeg_compression", "contrast", "brightness", "saturate", "defocus_blur"])
def test_pixels_are_exact_where_every_rounding_is_known(golden, name):
    assert torch.equal(corruptions.corrupt(golden["images"], name, 3), golden[name])


@settings(max_examples=50)
@given(st.tuples(st.integers(1, 40), st.integers(1, 40)), st.integers(1, 100), st.integers(0, 99), st.booleans())
def test_jpeg_is_that_of_pillow_to_the_bit(shape, quality, seed, smooth):
    generator = torch.Generator().manual_seed(seed)
    image = torch.randint(256, (3, *shape), generator=generator)
    if smooth:
        image = image.cumsum(2).cumsum(1) // 16 % 256
    file = io.BytesIO()
    Image.fromarray(image.to(torch.uint8).permute(1, 2, 0).numpy()).save(file, "JPEG", quality=quality)
    expected = np.asarray(Image.open(file)).transpose(2, 0, 1)
    np.testing.assert_array_equal(through_jpeg(image.int()[None], quality)[0], expected)


@everyone
def test_statistics_are_those_of_cifar10_c(test_images, name):
    before, after = test_images / 255.0, corruptions.corrupt(test_images, name, 3) / 255.0
    change = after - before
    got = {"mean": after.mean(), "std": after.std(), "rms": change.square().mean().sqrt(), "abs": change.abs().mean()}
    assert {key: value.item() for key, value in got.items()} == pytest.approx(PUBLISHED[name], rel=0.02)


@everyone
@pytest.mark.parametrize("constants", CONSTANTS)
def test_the_plain_version_is_met(test_images, name, constants):
    """On a CIFAR image and on a smaller one that is no square, at every severity."""
    whole, part = test_images[:1], test_images[1:2, :, 5:24, :27]
    differences = []
    for severity in corruptions.SEVERITIES:
        constant = CONSTANTS[constants][name][severity - 1]
        for images in (whole, part):
            (got,) = corruptions.corrupt(images, name, severity, constants, torch.Generator().manual_seed(severity))
            (seed,) = draw_seeds(1, torch.Generator().manual_seed(severity)).tolist()
            expected = reference.corrupt(images[0].numpy(), name, constant, seed)
            differences.append(levels(got, expected).ravel())
    difference = np.concatenate(differences)
    assert (difference <= 1).mean() >= 0.999 and (difference == 0).mean() >= 0.99


def test_saturation_of_grey_pixels_grows_towards_red():
    grey = torch.full((1, 3, 2, 2), 100, dtype=torch.uint8)
    got = corruptions.corrupt(grey, "saturate", 5)[0, :, 0, 0]  # adds 0.2 to the saturation
    assert got.tolist() == [100, 80, 80]
    assert torch.equal(corruptions.corrupt(grey, "saturate", 1), grey)


def test_brightness_turns_black_into_grey_and_keeps_white():
    images = torch.tensor([0, 255], dtype=torch.uint8)[:, None, None, None].expand(2, 3, 2, 2)
    got = corruptions.corrupt(images, "brightness", 1)  # 0.05 * 255 = 12.75
    assert got[0].unique().tolist() == [12] and got[1].unique().tolist() == [255]


def test_an_image_without_water_stays_as_it_is():
    images = torch.full((300, 3, 1, 1), 100, dtype=torch.uint8)
    got = corruptions.corrupt(images, "spatter", 1)  # liquid where a number from N(0.62, 0.1) exceeds 0.7
    dry = (got == images).flatten(1).all(dim=1).double().mean().item()
    assert dry == pytest.approx(stats.norm(0.62, 0.1).cdf(0.7), abs=0.08)
    assert (got >= images).all()


@pytest.mark.parametrize("largest", [3, 60, 500])
@pytest.mark.parametrize("level", [1, 7, 128, 255])
def test_poisson_numbers_have_their_distribution(largest, level):
    words = ImageRandomness(torch.tensor([11])).words(40_000)
    numbers = poisson(torch.full_like(words, level), largest, words)[0].numpy()
    distribution = stats.poisson(level / 255 * largest)
    # classes of equal probability, as near as whole numbers come to it
    bounds = np.unique(distribution.ppf(np.linspace(0, 1, 21)[1:-1]))
    expected = np.diff([0, *distribution.cdf(bounds), 1]) * numbers.size
    counts = np.bincount(np.searchsorted(bounds, numbers), minlength=len(expected))
    assert stats.chisquare(counts, expected).pvalue > 0.001


def test_edges_and_distances_are_those_of_opencv():
    """Canny(levels, 50, 150) and distanceTransform(…, DIST_L2, 5) by OpenCV 5.0, on liquids, noise and nothing."""
    with np.load(HERE / "opencv.npz") as arrays:
        grey, found, distances = (torch.from_numpy(arrays[name])[:, None] for name in ("levels", "edges", "distances"))
    assert torch.equal(edges(grey.float(), 50, 150), found) and 0.05 < found.double().mean() < 0.5
    torch.testing.assert_close(distances_to(found, 20), distances, rtol=0, atol=1e-5)
