"""Images are altered anew in every epoch; the samples S once, as training alters images."""

from __future__ import annotations

import torch

from lostprune.prune_retrain.training_part import training_part
from tiny_network import moment


def test_samples_are_altered_as_training_images_are():
    studies = [moment(training=training) for training in ("nominal", "robust")]
    nominal, robust = (training_part(study, 512, torch.device("cpu")) for study in studies)
    assert torch.equal(nominal[0], robust[0])
    same = (nominal[2] == robust[2]).flatten(1).all(1)
    assert 0 < int(same.sum()) < len(same) / 4
