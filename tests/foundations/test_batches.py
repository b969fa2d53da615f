"""Batches shrink until they fit, and nothing is lost."""

from __future__ import annotations

import sys

import pytest
import torch

from lostprune.foundations.batches import Batches


def holds(most: int):
    """Work for which the memory holds so many items at once."""

    def work(items: torch.Tensor) -> torch.Tensor:
        if len(items) > most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return 2 * items

    return work


def test_batches_shrink_until_they_fit_which_is_remembered_and_said(caplog):
    batches, images = Batches(sys.maxsize), torch.randn(50, 3, 8, 8)
    for _ in range(2):
        assert torch.equal(batches.run(holds(13), images), 2 * images)
    assert batches.size == 12 and [record.args[1] for record in caplog.records] == [25, 12]


@pytest.mark.parametrize("most", [3, 4, 10])
def test_batches_of_a_multiple_where_memory_allows(most):
    sizes, numbers = [], torch.arange(10)

    def work(items: torch.Tensor) -> torch.Tensor:
        result = holds(most)(items)
        sizes.append(len(items))
        return result

    assert torch.equal(Batches(8, multiple=4).run(work, numbers), 2 * numbers)
    assert set(sizes) <= ({4, 8} if most >= 4 else {2})


def test_one_that_does_not_fit_is_the_end():
    with pytest.raises(torch.OutOfMemoryError):
        Batches(4).run(holds(0), torch.arange(3))
