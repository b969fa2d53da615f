"""What a method keeps for a budget."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lostprune import pruning
from lostprune.pruning import costs
from reference import pruning as plain
from reference.pruning_networks import TOPOLOGIES, random_images, random_network

KEEP_RATIOS = (0.85, 0.5, 0.2, 0.05)


def counts(masks: pruning.Masks, dim: int) -> list[int]:
    """Filters (0) or input channels (1) with kept weights, per layer."""
    return [int(mask.transpose(0, dim).flatten(1).any(1).sum()) for mask in masks.values()]


@pytest.fixture
def selections(original, original_scores):
    """``select`` on the original's network, per layer: what is kept, here and there, flat."""

    def both(method: str, keep_ratio: float) -> list[tuple[np.ndarray, np.ndarray]]:
        scores = original_scores[method]
        masks = pruning.select(original.network, method, original.budget(keep_ratio), original.samples, scores)
        if method in ("WT", "SiPP"):
            found = [mask.flatten().numpy() for mask in masks.values()]
        else:
            dim = 0 if method == "FT" else 1
            found = [mask.transpose(0, dim).flatten(1).all(1).numpy() for mask in masks.values()]
            assert counts(masks, dim) == [kept.sum() for kept in found]  # only whole filters or channels
        return list(zip(found, original.kept(method, keep_ratio, [len(kept) for kept in found]), strict=True))

    return both


@pytest.mark.parametrize("keep_ratio", KEEP_RATIOS)
@pytest.mark.parametrize("method", ["WT", "SiPP", "FT"])
def test_selections_are_the_originals(method, keep_ratio, selections):
    found, expected = (np.concatenate(kept) for kept in zip(*selections(method, keep_ratio), strict=True))
    assert found.sum() == expected.sum()
    # Where two sensitivities differ by rounding only, another machine may take the other weight.
    assert (found ^ expected).sum() <= (2 if method == "SiPP" else 0)


@pytest.mark.parametrize("keep_ratio", KEEP_RATIOS)
def test_selections_are_the_originals_but_for_equal_channels(keep_ratio, selections, original_scores):
    kept = selections("PFP", keep_ratio)
    for scores, (found, expected) in zip(original_scores["PFP"].values(), kept, strict=True):
        assert found.sum() == expected.sum()
        np.testing.assert_allclose(np.sort(scores[found]), np.sort(scores[expected]), atol=1e-5)


@settings(max_examples=30)
@given(st.data())
def test_weight_methods_keep_exactly_the_most_sensitive(data):
    network = random_network("residual", data.draw(st.integers(0, 5)))
    size = sum(layer.weight.numel() for layer in plain.layers(network).values())
    budget = data.draw(st.integers(1, size))
    masks = pruning.select(network, "WT", budget)
    kept = torch.cat([layer.weight[masks[name]].abs() for name, layer in plain.layers(network).items()])
    gone = torch.cat([layer.weight[~masks[name]].abs() for name, layer in plain.layers(network).items()])
    assert len(kept) == budget
    assert not len(gone) or kept.min() >= gone.max()


def test_of_equal_weights_the_first_are_kept():
    network = random_network("plain", 0)
    for layer in plain.layers(network).values():
        layer.weight.data.fill_(-0.5)
    masks = pruning.select(network, "WT", 100)
    assert torch.cat([mask.flatten() for mask in masks.values()]).nonzero().flatten().tolist() == list(range(100))


@pytest.mark.parametrize("kind", TOPOLOGIES)
@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.55, 0.8, 0.97])
def test_the_nearest_uniform_fraction(kind, share):
    network = random_network(kind, 1)
    weights = [layer.weight for layer in plain.layers(network).values()]
    shapes = [weight.shape for weight in weights]
    areas = [shape[2:].numel() for shape in shapes]
    budget = int(share * sum(weight.numel() for weight in weights))
    expected = plain.uniform_filters([shape[0] for shape in shapes], [shape[1] for shape in shapes], areas, budget)
    assert counts(pruning.select(network, "FT", budget), 0) == expected


@pytest.mark.parametrize("kind", TOPOLOGIES)
def test_the_nearest_error_that_is_equal_in_all_layers(kind):
    network, images = random_network(kind, 1), random_images(4, 2)
    scores = pruning.scores(network, "PFP", images)
    weights = [layer.weight for layer in plain.layers(network).values()]
    places = costs.places(network, (3, 12, 12))
    for share in (0.9, 0.6, 0.3, 0.1):
        budget = int(share * sum(weight.numel() for weight in weights))
        expected = plain.equal_error_channels(
            [values.tolist() for values in scores.values()],
            [len(weight) for weight in weights],
            [weight[0, 0].numel() for weight in weights],
            [places[name] for name in scores],
            budget,
        )
        assert counts(pruning.select(network, "PFP", budget, images), 1) == expected


@pytest.mark.parametrize("method", pruning.METHODS)
@settings(max_examples=20)
@given(budgets=st.tuples(st.integers(1, 800), st.integers(1, 800)))
def test_a_larger_budget_keeps_all_that_a_smaller_one_keeps(method, budgets):
    network, images = random_network("preactivation", 2), random_images(2, 1)
    size = sum(layer.weight.numel() for layer in plain.layers(network).values())
    small, large = (pruning.select(network, method, min(budget, size), images) for budget in sorted(budgets))
    assert all((small[name] <= large[name]).all() for name in small)


def test_a_pruned_network_has_fewer_filters_to_choose_from():
    network = random_network("plain", 0)
    network[3].weight.data[:6] = 0  # half of them
    masks = pruning.select(network, "FT", 3000)
    assert counts(masks, 0)[1] == 6
    assert not masks["3.weight"][:6].any()


def test_the_budget_is_checked():
    network = random_network("residual", 0)
    for budget in (0, 10**6, 0.5, True):
        with pytest.raises(ValueError, match=f"budget: got {budget}, expected how many of the 1108"):
            pruning.select(network, "WT", budget)
