"""A study of a network and images of the reader's own, from their registration to potentials."""

from __future__ import annotations

import dataclasses

import pytest
from safetensors.torch import save_file
from torch import nn

import lostprune
import tiny_network
from fixtures.bars import CLASSES, pictures
from lostprune import audit, data, networks
from lostprune.audit import potentials
from lostprune.campaign.verify import verify
from lostprune.foundations.store import load_checkpoint, save_checkpoint
from lostprune.prune_retrain import Checkpoints

SCALE = dataclasses.replace(
    tiny_network.SCALE, name="own", repetitions=1, train_images=None, test_images=None, corruptions=("fog",), cycles=2
)


class Grey(nn.Sequential):
    """A network for grey images of any size."""

    def __init__(self, num_classes: int = 4):
        super().__init__(
            nn.Conv2d(1, 8, 3, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d((1, 4)),
            nn.Flatten(),
            nn.Linear(32, num_classes),
        )


@pytest.mark.parametrize("retrain_epochs", [0, 1])
def test_grey_images_with_a_shift_and_a_trained_parent(tmp_path, retrain_epochs):
    data.register(
        "grey",
        pictures(300, 1, 28),
        pictures(150, 1, 28, seed=1),
        {"small": pictures(60, 1, 28, seed=2)},
        classes=CLASSES,
    )
    save_file(Grey().state_dict(), tmp_path / "grey.safetensors")
    networks.register("grey_net", ladder=(0.8, 0.4), weights=tmp_path / "grey.safetensors")(Grey)
    scale = dataclasses.replace(SCALE, retrain_epochs=retrain_epochs)
    study = lostprune.Study("grey_net", "grey", methods=("WT", "PFP"), scale=scale)
    tree = lostprune.run(study, "curves", "shift")
    assert verify(tmp_path / "store")[1] == []  # networks that were not retrained are whole, too
    shift = tree["shift"].to_dataset()
    assert shift.distribution.values.tolist() == ["grey", "small", "fog"] and shift.images.values.tolist() == [
        150,
        60,
        150,
    ]
    found = potentials.verdicts(tree["curves"].to_dataset(), shift)
    assert (found.lower_bound <= found.prune_potential).all()
    made = audit.compared(study, "WT", cycle=1)
    lost = found.lost.sel(pruner="WT", repetition=0, cycle=1)
    assert (made.negative_flip_rate * made.images).values == pytest.approx(lost.values)  # the same images, fog, too
    (file,) = (tmp_path / "store").rglob("comparisons/*/*.nc")
    assert audit.compared(study, "WT", cycle=1).attrs["date"] == made.attrs["date"]  # read, not made again
    assert audit.compared(study, "WT", cycle=1, delta=0.1).attrs["delta"] == 0.1
    file.write_bytes(b"damaged")
    assert audit.compared(study, "WT", cycle=1).attrs["delta"] == 0.005
    path = Checkpoints(study, tmp_path / "store").path(("WT", 0, 1))
    tensors, facts = load_checkpoint(path)
    for suffix in (".json", ".safetensors"):
        path.with_suffix(suffix).unlink()
    tensors["state/5.bias"][0] += 50  # another network has taken its place
    save_checkpoint(path, tensors, {name: fact for name, fact in facts.items() if name not in ("sha256", "format")})
    assert (audit.compared(study, "WT", cycle=1).error.sel(network="pruned") > 0.6).all()
