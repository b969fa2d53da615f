"""A Study refuses what it cannot run, and its keys tell apart exactly what gives different results."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from torch import nn

from lostprune import SCALES, Scale, Study, corruptions, networks
from lostprune.training import TRAIN_CORRUPTIONS


@pytest.mark.parametrize(
    "wrong, says",
    [
        ({"network": "resnet2"}, "did you mean 'resnet20'"),
        ({"network": "resnet20; import os"}, "network: got"),
        ({"dataset": "cifar100"}, "did you mean 'cifar10'"),
        ({"training": "robst"}, "did you mean 'robust'"),
        ({"network": "resnet18", "dataset": "imagenet", "training": "robust"}, "expected 'nominal' for imagenet"),
        ({"training": "robust-without-blurs"}, "did you mean 'robust-without-blur'"),
        ({"methods": ("WT", "sipp")}, "did you mean 'SiPP'"),
        ({"methods": ()}, "expected a tuple of names"),
        ({"methods": "WT"}, "expected a tuple of names"),
        ({"repetitions": 0}, "repetitions: got 0"),
        ({"repetitions": -1}, "repetitions: got -1"),
        ({"repetitions": 2.0}, "repetitions: got 2.0"),
        ({"repetitions": True}, "repetitions: got True"),
        ({"seed": -1}, "seed: got -1"),
        ({"seed": "0"}, "seed: got '0'"),
        ({"scale": "quik"}, "did you mean 'quick'"),
        ({"scale": Scale("paper", cycles=2)}, "give it a name of its own"),
    ],
)
def test_wrong_arguments_are_refused_with_what_was_expected(wrong, says):
    with pytest.raises((ValueError, TypeError), match="expected|name of its own") as error:
        Study(**wrong)
    assert says in str(error.value)


@pytest.mark.parametrize("name", ["half/images", "", "two\\words", ".hidden", None])
def test_a_scale_whose_name_cannot_be_part_of_a_path_is_refused(name):
    with pytest.raises(ValueError, match="scale: name: got"):
        Scale(name)


@pytest.mark.parametrize(
    "wrong",
    [
        {"train_images": 1.5},
        {"batch_size": 0},
        {"cycles": 0},
        {"repetitions": None},
        {"retrain_epochs": -1},
        {"informative_search": "foo"},
        {"smallest_keep_ratio": 2.0},
        {"learning_rate": 0.0},
    ],
)
def test_a_scale_that_would_fail_after_training_is_refused(wrong):
    with pytest.raises((ValueError, TypeError), match=f"scale: {next(iter(wrong))}: got .*expected"):
        Scale("mine", **wrong)


def test_a_scale_takes_lists():
    listed = Scale("mine", corruptions=["snow"], noise_levels=[0.0, 0.5])
    plain = Scale("mine", corruptions=("snow",), noise_levels=(0.0, 0.5))
    assert listed == plain and hash(listed) == hash(plain)


def test_methods_are_a_set_in_the_order_of_the_paper():
    assert Study(methods=["PFP", "WT", "WT"]) == Study(methods=("WT", "PFP"))
    assert hash(Study(methods=["PFP", "WT"])) == hash(Study(methods=("WT", "PFP")))


def test_chains_are_shared_by_studies_that_train_and_measure_the_same():
    one, other = Study(methods=("WT",), repetitions=1), Study(repetitions=3)
    assert one.training_key == other.training_key and one.key == other.key
    shorter = Study(scale=dataclasses.replace(SCALES["quick"], name="mine", test_images=100))
    mine = Study(scale=dataclasses.replace(SCALES["quick"], name="mine"))
    assert shorter.training_key == mine.training_key and shorter.key != mine.key


def test_a_network_that_costs_more_sees_fewer_images_where_the_scale_limits_it():
    scale = Scale("mine", train_images=5000, epochs=2, retrain_epochs=1, cycles=2, multiply_adds=10**12)
    small, large = Study(scale=scale), Study(network="wrn16_8", scale=scale)
    assert small.train_images == 5000 and 128 <= large.train_images < 1000
    assert Study(scale="paper").train_images == Study(scale="paper").retrain_images == 45_000
    fewer = dataclasses.replace(scale, retrain_images=700)
    assert Study(scale=fewer).train_images == 5000 and Study(scale=fewer).retrain_images == 700
    assert Study(scale=fewer).training_key != Study(scale=scale).training_key


@pytest.mark.parametrize("change", [{"seed": 1}, {"scale": "smoke"}, {"scale": Scale("mine", epochs=3)}])
def test_what_trains_differently_has_another_key(change):
    assert Study(**change).training_key != Study().training_key


def test_an_option_at_its_default_does_not_change_a_key(monkeypatch):
    before = Study().key

    @dataclasses.dataclass(frozen=True)
    class WiderScale(Scale):
        new_option: int = 7

    quick = WiderScale(**dataclasses.asdict(SCALES["quick"]))
    monkeypatch.setitem(SCALES, "quick", quick)
    assert Study().key == before
    monkeypatch.setitem(SCALES, "quick", dataclasses.replace(quick, new_option=8))
    assert Study().key != before


def test_paper_scale_is_the_recipe_as_printed():
    study = Study(scale="paper")
    assert study.recipe == study.retrain_recipe
    assert (study.recipe.epochs, study.recipe.batch_size, study.recipe.learning_rate) == (182, 128, 0.1)
    assert study.recipe.milestones == (91, 136)
    assert (len(study.ladder), sum(map(len, study.ladder))) == (23, 69)
    assert study.repetitions == 3


def test_vgg16_retrains_for_half_as_long_as_it_trains():
    study = Study(network="vgg16", scale="paper")
    assert (study.recipe.epochs, study.retrain_recipe.epochs) == (300, 150)
    assert (study.recipe.batch_size, study.recipe.learning_rate, study.recipe.warmup_epochs) == (256, 0.05, 10)
    assert study.retrain_recipe.milestones == (30, 60, 90, 120)
    assert (len(study.ladder), sum(map(len, study.ladder))) == (20, 60)


def test_a_kind_of_training_that_came_later_changes_no_key_of_a_nominal_study():
    assert Study(scale="reduced").training_key == "resnet20-cifar10-nominal-reduced-s0-406dc685"


def test_the_corruptions_in_training_are_part_of_the_key(monkeypatch):
    keys = {training: Study(training=training).training_key for training in TRAIN_CORRUPTIONS}
    assert len(set(keys.values())) == len(keys)
    monkeypatch.setitem(TRAIN_CORRUPTIONS, "robust", TRAIN_CORRUPTIONS["robust"][:-1])
    assert Study(training="robust").training_key != keys["robust"]


def test_robust_training_has_the_ladder_and_recipe_of_the_original():
    study = Study(training="robust", scale="paper")
    assert study.recipe == study.retrain_recipe == Study(scale="paper").recipe
    assert [len(cycle) for cycle in study.ladder] == [1] * 16
    assert (study.ladder[0], study.ladder[-1]) == (pytest.approx((0.80,)), pytest.approx((0.03,)))
    assert Study(training="robust-without-noise", scale="paper").ladder == study.ladder


def test_augmix_trains_and_prunes_as_nominal_studies_do():
    nominal, study = Study(scale="paper"), Study(training="augmix", scale="paper")
    assert (study.recipe, study.retrain_recipe, study.ladder) == (
        nominal.recipe,
        nominal.retrain_recipe,
        nominal.ladder,
    )


def test_what_training_images_come_from():
    assert Study().train_distributions == Study(training="augmix").train_distributions == ("cifar10",)
    robust = Study(training="robust").train_distributions
    assert robust == ("cifar10", *TRAIN_CORRUPTIONS["robust"])
    assert len(set(corruptions.NAMES) & set(robust)) == 9 and len(set(corruptions.NAMES) - set(robust)) == 10
    assert set(robust) - set(Study(training="robust-without-noise").train_distributions) == {
        "impulse_noise",
        "shot_noise",
    }


@pytest.mark.parametrize("scale", ["smoke", "quick", "reduced"])
@pytest.mark.parametrize("network", ["resnet20", "resnet56", "resnet110", "vgg16", "densenet22", "wrn16_8"])
def test_every_network_is_shortened_by_the_same_rule(network, scale):
    paper, short = Study(network=network, scale="paper"), Study(network=network, scale=scale)
    for long, recipe, epochs, rate in (
        (paper.recipe, short.recipe, short.scale.epochs, 1.0),
        (paper.retrain_recipe, short.retrain_recipe, short.scale.retrain_epochs, short.scale.retrain_learning_rate),
    ):
        assert recipe.epochs == epochs
        assert recipe.warmup_epochs / epochs == pytest.approx(long.warmup_epochs / long.epochs)
        places = [milestone / long.epochs for milestone in long.milestones]
        assert [milestone / epochs for milestone in recipe.milestones] == pytest.approx(places)
        assert recipe.learning_rate / recipe.batch_size == pytest.approx(rate * long.learning_rate / long.batch_size)
        assert (recipe.decay, recipe.nesterov, recipe.weight_decay) == (long.decay, long.nesterov, long.weight_decay)
    assert len(short.ladder) == short.scale.cycles
    assert short.ladder[0][-1] == paper.ladder[0][-1] == pytest.approx(0.85)


def test_seeds_differ_by_purpose_and_repeat():
    study = Study()
    seeds = {study.seed_for("train", "WT", 0, 1), study.seed_for("train", "WT", 1, 0), study.seed_for("split")}
    assert len(seeds) == 3
    assert study.seed_for("split") == Study(methods=("WT",)).seed_for("split") != Study(seed=1).seed_for("split")
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_an_edited_network_of_the_same_name_has_another_key():
    def keyed(activation):
        @networks.register("edited")
        class Edited(nn.Module):
            def __init__(self, num_classes=10):
                super().__init__()
                self.conv, self.fc = nn.Conv2d(3, 4, 3), nn.Linear(4, num_classes)

            if activation:

                def forward(self, x):
                    return self.fc(self.conv(x).relu().mean((2, 3)))
            else:

                def forward(self, x):
                    return self.fc(self.conv(x).mean((2, 3)))

        return Study(network="edited").training_key

    assert keyed(True) == keyed(True) != keyed(False)


def test_weights_may_be_a_path_object():
    name = "resnet18.safetensors@1f2e3d4c"  # pinned: the file is not needed yet
    facts = {"network": "resnet18", "dataset": "tiny_imagenet"}
    assert Study(**facts, weights=Path(name)).key == Study(**facts, weights=name).key
