from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lostprune import data
from reference import augmentation as reference


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(256, shape, generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def augment(images: torch.Tensor, seed: int = 0) -> torch.Tensor:
    return data.pad_crop_flip(images, torch.Generator().manual_seed(seed))


def test_normalize_equals_the_plain_version():
    images = noise(5, 3, 32, 32)
    facts = data.DATASETS["cifar10"]
    inputs = data.normalize(images)
    assert inputs.dtype == torch.float32
    np.testing.assert_allclose(inputs, reference.normalize(images.numpy(), facts.mean, facts.std), atol=1e-6)


def test_normalize_leaves_the_images_alone():
    images = noise(2, 3, 4, 4)
    before = images.clone()
    data.normalize(images)
    assert torch.equal(images, before)


@given(height=st.integers(1, 12), width=st.integers(1, 12), n=st.integers(0, 6), seed=st.integers(0, 2**62))
def test_every_result_is_a_crop_of_its_own_framed_image(height, width, n, seed):
    images = noise(n, 3, height, width, seed=seed)
    results = augment(images, seed)
    assert results.shape == images.shape and results.dtype == torch.uint8
    for image, result in zip(images, results, strict=True):
        assert result.numpy().tobytes() in reference.all_crops(image.numpy()).values()


def test_all_162_crops_are_equally_likely_and_differ_per_image():
    image = noise(3, 32, 32)
    names = {content: choice for choice, content in reference.all_crops(image.numpy()).items()}
    assert len(names) == 162
    results = augment(image.expand(16_200, 3, 32, 32))
    counts = Counter(names[result.numpy().tobytes()] for result in results)
    assert len(counts) == 162
    assert stats.chisquare(list(counts.values())).pvalue > 0.001


def test_the_same_generator_state_gives_the_same_crops():
    images = noise(64, 3, 32, 32)
    assert torch.equal(augment(images, 1), augment(images, 1))
    assert not torch.equal(augment(images, 1), augment(images, 2))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_memory_layout_does_not_matter(layout):
    images = noise(8, 3, 32, 32)
    assert torch.equal(augment(images.to(memory_format=layout)), augment(images))
