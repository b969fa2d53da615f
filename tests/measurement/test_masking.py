"""Part ``masking``: other values in masked pixels, and both searches."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import lostprune
from lostprune import backselect, data, results
from lostprune.measurement import masking, test_sets
from lostprune.measurement.masking import fill_of
from lostprune.prune_retrain import Checkpoints
from tiny_network import moment, one_thread


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    with one_thread():
        folder = tmp_path_factory.mktemp("store")
        study = moment(repetitions=1, methods=("FT",))
        return study, folder, lostprune.run(study, "masking", store=folder)["masking"].to_dataset().load()


def parent(study, folder):
    network, _, _ = Checkpoints(study, folder).load(("parent", 0, 0), torch.device("cpu"))
    return network


@pytest.mark.parametrize("fill", masking.FILLS)
def test_the_parents_confidence_is_that_of_its_own_pixels_in_front_of_the_fill(ready, fill):
    study, folder, part = ready
    images, labels, _ = test_sets.nominal(study)
    inputs = data.normalize(images[:6], "cifar10")
    shown, network = fill_of(inputs, fill, "cifar10"), parent(study, folder)
    ranked = backselect.rank_pixels(network, inputs, pixels_per_step=128, search="gradient", fill=shown)
    kept = torch.zeros(6, 1024, dtype=torch.bool).scatter_(1, ranked[:, -102:], True).view(6, 1, 32, 32)
    with torch.no_grad():
        expected = network(torch.where(kept, inputs, shown)).softmax(1)[range(6), labels[:6]]
    one = part.confidence.sel(pruner="FT", repetition=0, fill=fill, mask_network="parent", network="parent")
    # Folding batch norms rounds: of nearly equal gradients, another may be the larger one.
    np.testing.assert_allclose(one, expected, atol=0.02)


def test_black_is_black_and_blurred_has_the_colours_of_the_image():
    inputs = data.normalize(torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8), "cifar10")
    black = data.normalize(torch.zeros(2, 3, 32, 32, dtype=torch.uint8))
    assert torch.equal(fill_of(inputs, "black", "cifar10"), black)
    blurred = fill_of(inputs, "blurred", "cifar10")
    assert blurred.std() < 0.2 * inputs.std()
    torch.testing.assert_close(blurred.mean((2, 3)), inputs.mean((2, 3)), atol=0.2, rtol=0)


def test_both_searches_say_what_the_parent_keeps(ready):
    study, folder, part = ready
    found = part.search_confidence.sel(pruner="FT", repetition=0)
    assert found.sizes == {"search": 2, "example": 4} and bool(((found >= 0) & (found <= 1)).all())
    inputs, network = data.normalize(test_sets.nominal(study)[0][:4], "cifar10"), parent(study, folder)
    ranked = backselect.rank_pixels(network, inputs, pixels_per_step=128)
    kept = torch.zeros(4, 1024).scatter_(1, ranked[:, -102:], 1.0).view(4, 1, 32, 32)
    with torch.no_grad():
        target = network(inputs).argmax(1)
        expected = network(inputs * kept).softmax(1)[range(4), target]
    np.testing.assert_allclose(found.sel(search="exact"), expected, atol=0.02)


def test_a_parent_without_a_value_is_refused(ready):
    _, _, part = ready
    with pytest.raises(results.SchemaError, match="masking"):
        results.validate("masking", part.assign(search_confidence=part.search_confidence * np.nan))
