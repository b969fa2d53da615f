"""Batched AugMix is that of Pillow's operations, image by image."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lostprune import data
from lostprune.corruptions.randomness import draw_seeds
from lostprune.training.augmix import augmix
from reference import augmix as reference


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def photographs() -> torch.Tensor:
    return data.load("cifar10", "train").images[:100]


@pytest.mark.parametrize("side", [(32, 32), (20, 27)], ids=["square", "oblong"])
def test_equals_the_plain_version(photographs, side):
    images = photographs[..., : side[0], : side[1]].contiguous()
    mixed = augmix(images, seeded(3)).numpy()
    seeds = draw_seeds(len(images), seeded(3)).tolist()
    plain = np.stack([reference.augmix(*pair) for pair in zip(images.numpy(), seeds, strict=True)])
    apart = np.abs(mixed - plain)
    # Half a level is rounding. An operation may truncate to the level beside Pillow's; one that follows, such as
    # posterize, can make more of that.
    assert (apart <= 0.51).mean() > 0.97 and (apart <= 1.51).mean() > 0.995 and apart.mean() < 0.3


@settings(max_examples=25)
@given(first=st.integers(0, 9), second=st.integers(0, 9), seed=st.integers(0, 2**62))
def test_two_batches_are_one(first, second, seed):
    images = torch.randint(256, (first + second, 3, 9, 8), dtype=torch.uint8, generator=seeded(seed))
    generator = seeded(seed)
    parts = [augmix(part, generator) for part in images.split([first, second])]
    assert torch.equal(torch.cat(parts), augmix(images, seeded(seed)))


def test_every_image_has_draws_of_its_own(photographs):
    before = photographs[:1].expand(200, -1, -1, -1).clone()
    mixed = augmix(before, seeded(0))
    assert len(mixed.flatten(1).unique(dim=0)) > 190  # a few draw what changes nothing, such as a turn by 0 degrees
    assert torch.equal(before, photographs[:1].expand(200, -1, -1, -1))
