from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from lostprune import data


def test_cifar10_is_divided_as_in_the_paper():
    training, validation, samples = data.split_training(50_000, seed=0, samples=183)
    assert (len(training), len(validation), len(samples)) == (45_000, 5_000 - 183, 183)


@given(n=st.integers(0, 2000), seed=st.integers(0, 2**63 - 1), samples=st.integers(0, 300))
def test_every_image_is_in_exactly_one_part(n, seed, samples):
    parts = data.split_training(n, seed, samples)
    assert torch.equal(torch.cat(parts).sort().values, torch.arange(n))
    assert len(parts[2]) == min(samples, n // 10 // 2)


def test_more_samples_extend_fewer_and_leave_the_training_part_alone():
    few, many = data.split_training(5000, 3, 10), data.split_training(5000, 3, 100)
    assert torch.equal(few[0], many[0])
    assert torch.equal(few[2], many[2][:10])


def test_the_seed_decides():
    assert torch.equal(data.split_training(1000, 5, 20)[0], data.split_training(1000, 5, 20)[0])
    assert not torch.equal(data.split_training(1000, 5, 20)[0], data.split_training(1000, 6, 20)[0])
