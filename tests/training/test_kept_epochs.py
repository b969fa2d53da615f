"""A training that is interrupted loses the epoch it is in: it resumes after the last finished one, bit for bit."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lostprune.foundations.progress import Stopped
from lostprune.training import Recipe, Run, epochs_kept, kept_epochs, train, train_together

RECIPE = Recipe(3, 16, 0.1, (), 1.0, 0.0)
IMAGES = torch.randint(0, 256, (48, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(48) % 10


def new_network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Dropout(0.5), nn.Linear(144, 10))


def same(one: nn.Module, other: nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


class StopsAfter:
    """Stops a training after so many images, as a time limit does."""

    def __init__(self, images: int):
        self.left = images

    def __call__(self, count: int, record: dict | None) -> None:
        self.left -= count
        if self.left <= 0:
            raise Stopped("the time limit is reached")


@pytest.fixture
def unbroken():
    network = new_network()
    return network, train(network, IMAGES, LABELS, RECIPE, seed=1)


def resumed(folder, on_step=None):
    network = new_network()
    (history,) = train_together([Run(network, IMAGES, LABELS, RECIPE, 1, kept=folder)], on_step)
    return network, history


def test_a_run_that_is_stopped_within_an_epoch_resumes_after_the_one_before(unbroken, tmp_path):
    with pytest.raises(Stopped):
        resumed(tmp_path, StopsAfter(2 * 48 + 16))
    assert epochs_kept(tmp_path) == 2
    seen = []
    network, history = resumed(tmp_path, lambda count, record: seen.append(count))
    assert sum(seen) == 48
    assert history == unbroken[1] and same(network, unbroken[0])


def test_a_killed_run_resumes_after_the_newest_epoch_on_disk(unbroken, tmp_path, monkeypatch):
    monkeypatch.setattr(kept_epochs, "EVERY", 0.0)
    resumed(tmp_path)  # what a kill in its last epoch leaves: only the caller deletes the folder
    assert epochs_kept(tmp_path) == 2
    network, history = resumed(tmp_path)
    assert history == unbroken[1] and same(network, unbroken[0])


def test_a_damaged_epoch_is_trained_again(unbroken, tmp_path, caplog):
    with pytest.raises(Stopped):
        resumed(tmp_path, StopsAfter(48 + 16))
    (tensors,) = tmp_path.glob("*.safetensors")
    tensors.write_bytes(tensors.read_bytes()[:-8])
    network, history = resumed(tmp_path)
    assert str(tmp_path) in caplog.text
    assert history == unbroken[1] and same(network, unbroken[0])


def test_what_a_network_draws_is_seeded_and_the_callers_random_state_stays(unbroken):
    network = new_network()
    torch.manual_seed(7)
    before = torch.get_rng_state()
    train(network, IMAGES, LABELS, RECIPE, seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    assert same(network, unbroken[0])


def test_a_state_that_is_written_again_is_kept(tmp_path):
    """As when a signal comes right after it was written, before the process knows."""
    history = [{"loss": 1.0}]
    for _ in range(2):
        kept_epochs.KeptEpochs(tmp_path).save([torch.ones(2)], history, at_once=True)
    assert epochs_kept(tmp_path) == 1


def test_epochs_that_began_with_another_network_are_trained_again(tmp_path):
    kept_epochs.KeptEpochs(tmp_path, "one").save([torch.ones(2)], [{"loss": 1.0}], at_once=True)
    assert kept_epochs.KeptEpochs(tmp_path, "one").load([torch.zeros(2)]) is not None
    other = kept_epochs.KeptEpochs(tmp_path, "other")
    assert other.load([torch.zeros(2)]) is None
    other.save([torch.zeros(2)], [{"loss": 2.0}], at_once=True)  # of the same epoch
    assert kept_epochs.KeptEpochs(tmp_path, "other").load([torch.zeros(2)])[1] == [{"loss": 2.0}]
