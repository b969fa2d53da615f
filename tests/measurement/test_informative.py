"""Part ``informative``: what its numbers are, that it resumes, and what it refuses."""

from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import pytest
import torch
import xarray as xr

import lostprune
from lostprune import backselect, data, results
from lostprune.measurement import informative, test_sets
from lostprune.measurement.informative_choice import PRUNE_RATIOS
from lostprune.prune_retrain import Checkpoints
from lostprune.study.scales import SCALES
from tiny_network import SCALE, moment, one_thread


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """A study of two methods, and its part ``informative``."""
    with one_thread():
        folder = tmp_path_factory.mktemp("store")
        study = moment(repetitions=1)
        return study, folder, lostprune.run(study, "informative", store=folder)["informative"].to_dataset().load()


def outputs(study: lostprune.Study, folder, name: str, method: str, inputs: torch.Tensor) -> torch.Tensor:
    """Softmax outputs of a network by its name in the results."""
    cell = ("separate", 0, 0)
    if name != "separate":
        cycle = 0 if name == "parent" else int(name.split()[1])
        cell = (method if cycle else "parent", 0, cycle)
    network, _, _ = Checkpoints(study, folder).load(cell, torch.device("cpu"))
    with torch.no_grad():
        return network.eval()(inputs).softmax(1)


def test_numbers_are_those_of_masked_images_one_by_one(ready):
    study, folder, part = ready
    images, labels, _ = test_sets.nominal(study)
    inputs, labels = data.normalize(images[:4], study.dataset), labels[:4]
    one = part.sel(pruner="FT", repetition=0, distribution="cifar10")
    for evaluated in ("parent", "cycle 2", "separate"):
        whole = outputs(study, folder, evaluated, "FT", inputs)
        found = one.sel(network=evaluated).isel(image=slice(4))
        np.testing.assert_array_equal(found.right, whole.argmax(1) == labels)
        np.testing.assert_allclose(found.whole_confidence, whole[range(4), labels], atol=1e-5)
        by_mask = {}
        for chooser in part.mask_network.values:
            mask = torch.from_numpy(one.kept.sel(mask_network=chooser).values).float().reshape(4, 1, 32, 32)
            assert mask.sum((1, 2, 3)).tolist() == [102] * 4
            by_mask[chooser] = outputs(study, folder, evaluated, "FT", inputs * mask)
        for chooser, masked in by_mask.items():
            pair = found.sel(mask_network=chooser)
            np.testing.assert_allclose(pair.confidence, masked[range(4), labels], atol=1e-5)
            apart = (masked - by_mask[evaluated]).norm(dim=1)
            np.testing.assert_allclose(pair.output_distance, apart, atol=1e-5)


def test_every_network_keeps_the_last_tenth_of_its_own_ranking(ready):
    study, folder, part = ready
    images, _, _ = test_sets.nominal(study)
    network, _, _ = Checkpoints(study, folder).load(("WT", 0, 2), torch.device("cpu"))
    ranked = backselect.rank_pixels(
        network, data.normalize(images[:4], study.dataset), pixels_per_step=128, search="gradient"
    )
    kept = part.kept.sel(pruner="WT", repetition=0, distribution="cifar10", mask_network="cycle 2").values
    for row, order in zip(kept, ranked, strict=True):
        # Batch norms are folded into convolutions there: of nearly equal gradients, another may be the larger one.
        assert len(set(np.flatnonzero(row)) & set(order[-102:].tolist())) >= 97


def test_parent_and_separate_network_are_the_same_for_all_methods(ready):
    _, _, part = ready
    unpruned = part.sel(network=["parent", "separate"], mask_network=["parent", "separate"])
    for name in ("confidence", "output_distance", "kept", "right"):
        xr.testing.assert_equal(unpruned[name].sel(pruner="WT", drop=True), unpruned[name].sel(pruner="FT", drop=True))
    assert unpruned.prune_ratio.values.tolist() == [[[0.0, 0.0]]] * 2


def test_a_corrupted_image_is_one_of_the_scale_s_corruptions(ready):
    study, folder, part = ready
    sets = {name: test_sets.test_set(study, name, torch.device("cpu")) for name in ("brightness", "contrast")}
    own = part.sel(pruner="WT", repetition=0, distribution="corrupted", network="parent").whole_confidence
    labels = sets["contrast"].labels
    for place, found in enumerate(own.values.tolist()):
        expected = [
            outputs(study, folder, "parent", "WT", data.normalize(one.images(place, 1), study.dataset))[0]
            for one in sets.values()
        ]
        assert min(abs(found - float(each[labels[place]])) for each in expected) < 1e-5


def test_the_networks_are_distinct_and_nearest_to_the_ratios_of_the_paper():
    paper = lostprune.Study(scale="paper")
    kept = [paper.ladder[cycle - 1][-1] for cycle in informative.nearest_cycles(paper)]
    np.testing.assert_allclose([1 - ratio for ratio in kept], PRUNE_RATIOS, atol=0.06)
    few = moment()
    assert informative.nearest_cycles(few) == sorted(set(informative.nearest_cycles(few)))
    assert len(informative.network_names(few)) <= len(few.ladder) + 2


class Killed(BaseException):
    pass


def test_finished_blocks_are_not_ranked_again(ready, tmp_path, monkeypatch):
    study, folder, whole = ready
    monkeypatch.setitem(informative.BLOCKS, "gradient", 4)
    shutil.copytree(folder / "checkpoints", tmp_path / "again" / "checkpoints")
    calls, real = [], backselect.rank_pixels

    def counting(*arguments, **settings):
        if len(calls) == counting.kill:
            raise Killed
        calls.append(len(arguments[1]))
        return real(*arguments, **settings)

    counting.kill = 7  # within the second block of the first method's five networks
    monkeypatch.setattr(backselect, "rank_pixels", counting)
    with one_thread():
        with pytest.raises(Killed):
            lostprune.run(study, "informative", store=tmp_path / "again")
        counting.kill = None
        calls.clear()
        resumed = lostprune.run(study, "informative", store=tmp_path / "again")["informative"].to_dataset()
    # Of the first method one block of four is there; the second has its own three networks to rank.
    networks = len(informative.network_names(study))
    assert sum(calls) == networks * (2 + 4 + 2) + (networks - 2) * (4 + 2 + 4 + 2)
    xr.testing.assert_allclose(resumed, whole, atol=0.05)


def test_images_that_a_network_sees_are_those_of_its_rankings():
    study, exact = moment(), dataclasses.replace(SCALE, name="exact", informative_search="exact")
    assert informative.Informative.images(study) == 2 * 6 * 8
    assert informative.Informative.images(moment(scale=exact)) == 2 * 6 * 8 * 1025 // 2
    alone = dataclasses.replace(SCALE, name="alone", corruptions=())
    assert informative.distributions(moment(scale=alone)) == ("cifar10",)


def test_segmentation_is_refused_before_any_work(store):
    study = lostprune.Study(network="deeplabv3_resnet50", dataset="voc", scale="smoke")
    with pytest.raises(ValueError, match="expected one class for an image"):
        informative.Informative.images(study)


def broken(part: xr.Dataset, how: str) -> xr.Dataset:
    part = part.copy(deep=True)
    if how == "networks":
        return part.assign_coords(mask_network=part.mask_network.values[::-1])
    if how == "gap":
        part.confidence[0, 0, 0, 0, 0, 0] = np.nan
    elif how == "distance":
        part.output_distance[0, 0, 0, 0, 1, 0] = 1.5
    elif how == "kept":
        part.kept[0, 0, 0, 0, 0] = True
    elif how == "fraction":
        part.confidence[0, 0, 0, 0, 0, 0] = 2.0
    elif how == "parent":
        part.prune_ratio[0, 0, 0] = np.nan
    elif how == "nominal":
        return part.sel(distribution=["corrupted"])
    return part


@pytest.mark.parametrize("how", ["networks", "gap", "distance", "kept", "fraction", "parent", "nominal"])
def test_what_breaks_the_schema_is_refused(ready, how: str):
    results.validate("informative", ready[2])
    with pytest.raises(results.SchemaError, match="informative"):
        results.validate("informative", broken(ready[2], how))


def test_a_chain_that_ends_early_has_gaps_and_is_valid(ready):
    part = ready[2].copy(deep=True)
    name = part.network.values[-2]
    gone = (part.pruner == "FT") & (part.network == name)
    chooser = (part.pruner == "FT") & (part.mask_network == name)
    part["prune_ratio"] = part.prune_ratio.where(~gone)
    for one in ("confidence", "output_distance"):
        part[one] = part[one].where(~gone & ~chooser)
    part["whole_confidence"] = part.whole_confidence.where(~gone)
    part["right"], part["kept"] = part.right & ~gone, part.kept & ~chooser
    results.validate("informative", part)


def test_the_scale_of_the_paper_is_the_paper_s():
    paper = SCALES["paper"]
    assert (paper.informative_images, paper.informative_search, paper.informative_pixels_per_step) == (2000, "exact", 1)
