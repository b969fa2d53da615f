"""Methods of a reader's own: what they may be, what is said of those that are not right, and how they prune."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from lostprune import pruning, tables
from reference.pruning_networks import random_images, random_network


def taylor(network, samples):
    """Weight times gradient."""
    logits = network(samples)
    F.cross_entropy(logits, logits.argmax(1)).backward()
    return {name: (layer.weight * layer.weight.grad).abs() for name, layer in pruning.prunable(network).items()}


def magnitudes(network, samples):
    return {name: layer.weight.abs() for name, layer in pruning.prunable(network).items()}


def norms(network, samples):
    return {name: layer.weight.abs().flatten(1).sum(1) for name, layer in pruning.prunable(network).items()}


def kept(masks: pruning.Masks, name: str) -> int:
    """How many filters of a layer have a weight left."""
    return int(masks[name].flatten(1).any(1).sum())


def test_a_method_is_known_by_name():
    pruning.register("Taylor", prunes="weights", scope="global")(taylor)
    assert pruning.names() == ("WT", "SiPP", "FT", "PFP", "Taylor")
    network, images = random_network("residual", 1), random_images(8, 1)
    masks = pruning.prune(network, "Taylor", 0.6, images)
    assert pruning.prune_ratio(network, masks) == pytest.approx(0.4, abs=0.01)
    assert all(parameter.grad is None for parameter in network.parameters())


def test_the_same_scores_prune_as_the_papers_methods_do():
    network, images = random_network("residual", 2), random_images(4, 2)
    pruning.register("Mine", prunes="weights", scope="global", needs_samples=False)(magnitudes)
    pruning.register("Norms", prunes="filters", scope="local", needs_samples=False)(norms)
    for own, papers in (("Mine", "WT"), ("Norms", "FT")):
        found, expected = (pruning.prune(network, name, 0.6, images) for name in (own, papers))
        assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_the_score_of_a_weight_that_is_0_counts_as_0():
    @pruning.register("Even", prunes="weights", scope="global", needs_samples=False)
    def even(network, samples):
        return {name: torch.ones_like(layer.weight) for name, layer in pruning.prunable(network).items()}

    network = random_network("plain", 0)
    layers = pruning.prunable(network)
    for layer in layers.values():
        layer.weight.data.flatten()[::3] = 0
    found = pruning.scores(network, "Even")
    assert all(torch.equal(found[name], (layer.weight != 0).float()) for name, layer in layers.items())


def test_what_cannot_be_called_is_no_method():
    with pytest.raises(TypeError, match="method 'Mine': got a dict, expected a function"):
        pruning.register("Mine", prunes="weights", scope="global")({})
    assert "Mine" not in pruning.names()


def test_a_method_is_called_what_its_docstring_says_first():
    def long(network, samples):
        """Weight times gradient.

        The network's own predictions are the labels.
        """

    pruning.register("Long", prunes="weights", scope="global")(long)
    pruning.register("Named", prunes="weights", scope="global", title="another one")(long)
    titles = tables.methods("tab").frame["name"]
    assert titles[["Long", "Named"]].tolist() == ["Weight times gradient", "another one"]


def test_weights_within_each_layer():
    network = random_network("residual", 3)
    pruning.register("Local", prunes="weights", scope="local", needs_samples=False)(magnitudes)
    next(network.parameters()).data.mul_(1e-3)  # over the whole network, this layer would go first
    size = sum(layer.weight.numel() for layer in pruning.prunable(network).values())
    masks = pruning.select(network, "Local", size // 2)
    assert all(mask.float().mean() == pytest.approx(0.5, abs=0.1) for mask in masks.values())
    for name, layer in pruning.prunable(network).items():
        assert layer.weight[masks[name]].abs().min() >= layer.weight[~masks[name]].abs().max()


def test_filters_of_the_whole_network():
    network, images = random_network("plain", 3), random_images(4, 3)
    pruning.register("Global", prunes="filters", scope="global", needs_samples=False)(norms)
    first, *_, last = layers = pruning.prunable(network)
    layers[first].weight.data.mul_(1e-3)
    masks = pruning.select(network, "Global", 300, images)
    assert kept(masks, first) == 1 and kept(masks, last) == len(layers[last].weight)
    again = pruning.prune(network, "Global", 0.6, images)
    assert pruning.prune_ratio(network, again) == pytest.approx(0.4, abs=0.1)


def test_chance_repeats_and_the_callers_chance_stays():
    @pruning.register("Random", prunes="weights", scope="global", needs_samples=False)
    def random(network, samples):
        return {name: torch.rand_like(layer.weight) for name, layer in pruning.prunable(network).items()}

    network = random_network("plain", 0)
    torch.manual_seed(3)
    one, drawn = pruning.scores(network, "Random"), torch.rand(1)
    torch.manual_seed(3)
    assert torch.equal(drawn, torch.rand(1))
    assert all(torch.equal(one[name], values) for name, values in pruning.scores(network, "Random").items())


@pytest.mark.parametrize("name", ["WT", "wt", "parent", "my method", "a-b", "_a", "é", ""])
def test_names_that_are_taken_or_no_names_are_refused(name):
    with pytest.raises(ValueError, match="method name: got .*choose another name"):
        pruning.register(name, prunes="weights", scope="global")


def test_registering_a_name_again_replaces_the_method():
    network, images = random_network("plain", 0), random_images(2, 0)
    found = []
    for function in (magnitudes, taylor):
        pruning.register("Mine", prunes="weights", scope="global")(function)
        found.append(pruning.scores(network, "Mine", images))
    assert pruning.names()[4:] == ("Mine",)
    assert not any(torch.equal(found[0][name], found[1][name]) for name in found[0])
    with pytest.raises(ValueError, match="'mine', which is taken by 'Mine'"):
        pruning.register("mine", prunes="weights", scope="global")


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"prunes": "weight", "scope": "global"}, "prunes: got 'weight', expected one of weights, filters"),
        ({"prunes": "weights", "scope": "all"}, "scope: got 'all', expected one of global, local"),
        ({"prunes": "filters", "scope": "global", "input_channels": True}, "input_channels: got True with .*'local'"),
    ],
)
def test_options_that_do_not_exist(options, match):
    with pytest.raises(ValueError, match=match):
        pruning.register("Mine", **options)


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        (lambda scores, name: scores.pop(name), ValueError, "no scores for '.*', expected some for every prunable"),
        (lambda scores, name: scores.update(extra=scores[name]), ValueError, "got scores for 'extra'"),
        (
            lambda scores, name: scores.update({name: scores[name][0]}),
            ValueError,
            r"expected \[.*\] on cpu, one for each",
        ),
        (lambda scores, name: scores.update({name: scores[name] * torch.nan}), ValueError, "values that are NaN"),
        (lambda scores, name: scores.update({name: -scores[name]}), ValueError, "expected none below 0.*abs"),
        (lambda scores, name: scores.update({name: 1.0}), TypeError, "got a float, expected a tensor"),
    ],
)
def test_scores_that_are_not_right_are_named(change, error, match):
    @pruning.register("Wrong", prunes="weights", scope="global", needs_samples=False)
    def wrong(network, samples):
        scores = {name: layer.weight.abs() + 1 for name, layer in pruning.prunable(network).items()}
        change(scores, next(iter(scores)))
        return scores

    with pytest.raises(error, match=f"method 'Wrong', function 'wrong'.*{match}"):
        pruning.scores(random_network("plain", 0), "Wrong")


def test_a_layer_of_which_nothing_is_known_is_ranked_by_magnitude():
    @pruning.register("Norms", prunes="filters", scope="global")
    def some(network, samples):
        first, *others = found = norms(network, samples)
        return {first: torch.zeros_like(found[first])} | {name: found[name] for name in others}

    network, images = random_network("plain", 0), random_images(2, 0)
    first = next(iter(pruning.prunable(network)))
    found = pruning.scores(network, "Norms", images)[first]
    assert torch.equal(found.argsort(), norms(network, None)[first].argsort()) and found.all()


def test_what_a_function_raises_is_said_with_its_name():
    @pruning.register("Fails", prunes="weights", scope="global")
    def fails(network, samples):
        return samples[0, 0, 0, 10_000]

    with pytest.raises(ValueError, match="method 'Fails', function 'fails': ended with IndexError"):
        pruning.prune(random_network("plain", 0), "Fails", 0.5, random_images(2, 0))


def test_no_dict_and_no_samples():
    pruning.register("Nothing", prunes="weights", scope="global", needs_samples=False)(lambda network, samples: None)
    network = random_network("plain", 0)
    with pytest.raises(TypeError, match="got a NoneType, expected a dict of scores"):
        pruning.scores(network, "Nothing")
    pruning.register("Taylor", prunes="weights", scope="global")(taylor)
    with pytest.raises(ValueError, match="samples: got None, but Taylor computes its sensitivities from samples"):
        pruning.prune(network, "Taylor", 0.5)
    with pytest.raises(ValueError, match="'taylor'.*did you mean 'Taylor'.*pruning.register"):
        pruning.scores(network, "taylor")


def test_a_fingerprint_tells_functions_and_their_use_apart():
    def fingerprint(function, **options) -> str:
        pruning.register("Mine", **({"prunes": "weights", "scope": "global"} | options))(function)
        return pruning.fingerprint("Mine")

    assert fingerprint(taylor) == fingerprint(taylor)
    others = (fingerprint(magnitudes), fingerprint(taylor, scope="local"), fingerprint(taylor, needs_samples=False))
    assert len({fingerprint(taylor), *others}) == 4
    assert [pruning.fingerprint(name) for name in pruning.METHODS] == [None] * 4
