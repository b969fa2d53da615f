"""Two networks on the same images: what a comparison finds, for networks and data of many kinds."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
import torchvision
import xarray as xr
from torch import nn
from torch.utils.data import TensorDataset
from torchmetrics.classification import MulticlassCalibrationError

from fixtures.bars import CLASSES, Bars, Pixels, damaged, pictures
from lostprune import audit, data, pruning, tasks
from lostprune.audit import distributions


def test_two_equal_networks_have_no_flips_and_are_safe_everywhere():
    tree = audit.compare(Bars(), Bars(), pictures(600), {"later": pictures(700, seed=1)}, corruptions=("fog",))
    assert list(tree.distribution.values) == ["test", "later", "fog"] and tree.attrs["verdict"] == "safe"
    assert (tree.verdict == "safe").all() and (tree.mcnemar_p == 1).all()
    for name in ("difference", "negative_flip_rate", "positive_flip_rate", "negative_flips", "minimum_detectable"):
        assert (tree[name] == 0).all(), name
    assert (tree.error.sel(network="parent") > 0).all() and tree.excess_error_difference == 0
    assert (tree["noise"].matching_predictions == 1).all() and tree["changed"].sizes["example"] == 0
    assert tree.parameters.values.tolist() == [52, 52] and (tree.latency > 0).all()


def test_a_network_with_one_class_damaged_is_unsafe_and_the_class_is_named():
    network, test = Bars(), pictures(800)
    tree = audit.compare(network, damaged(network), test, classes=CLASSES, corruptions=("contrast",))
    assert tree.attrs["verdict"] == "unsafe" and (tree.verdict == "unsafe").all() and (tree.mcnemar_p < 1e-6).all()
    flips = tree.negative_flips.sel(distribution="test")
    assert flips["class"][flips.argmax("class")] == "owl" and flips.sum() == flips.sel({"class": "owl"})
    assert tree.class_images.sel(distribution="test").sum() == 800
    shown = tree["changed"].to_dataset()
    lost = shown.direction == "lost"
    assert (shown.label[lost] == 2).all() and (shown.parent_says[lost] == 2).all()
    assert (shown.pruned_says[lost] != 2).all()
    first = shown.isel(example=0)
    image = test[0][int(first["index"])].permute(1, 2, 0)
    assert torch.equal(torch.from_numpy(first.pixels.values), image)


def test_errors_flips_and_calibration_are_those_of_a_plain_loop():
    network, (images, labels) = Bars(), pictures(300)
    other = copy.deepcopy(network)
    with torch.no_grad():
        other.out.weight += torch.randn(other.out.weight.shape, generator=torch.Generator().manual_seed(0))
    tree = audit.compare(network, other, (images, labels))
    with torch.no_grad():
        logits = [one(images / 255) for one in (network, other)]
    wrong = [scores.argmax(1) != labels for scores in logits]
    assert tree.error.values[:, 0].tolist() == pytest.approx([one.double().mean().item() for one in wrong])
    assert tree.negative_flip_rate.item() == pytest.approx((wrong[1] & ~wrong[0]).double().mean().item())
    assert tree.positive_flip_rate.item() == pytest.approx((wrong[0] & ~wrong[1]).double().mean().item())
    for scores, found in zip(logits, tree.calibration_error.values[:, 0], strict=True):
        expected = MulticlassCalibrationError(len(CLASSES), n_bins=15)(scores.softmax(1), labels)
        assert found == pytest.approx(expected.item(), abs=1e-4)


def test_how_many_images_are_read_at_once_changes_nothing(monkeypatch):
    network, test = Bars(), pictures(90)
    whole = audit.compare(network, damaged(network), test, corruptions=("gaussian_noise",))
    monkeypatch.setattr(distributions, "VALUES", 3 * 16 * 16 * 7)
    parts = audit.compare(network, damaged(network), test, corruptions=("gaussian_noise",))
    xr.testing.assert_allclose(*(tree.to_dataset().drop_vars("latency") for tree in (whole, parts)))
    xr.testing.assert_equal(whole["changed"].to_dataset(), parts["changed"].to_dataset())


def test_the_result_can_be_written_and_read(tmp_path):
    network = Bars()
    tree = audit.compare(network, damaged(network), pictures(100), corruptions=("fog",))
    tree.to_netcdf(tmp_path / "compare.nc")
    read = xr.open_datatree(tmp_path / "compare.nc")
    assert read.attrs["verdict"] == tree.attrs["verdict"] and (read["verdict"] == tree.verdict).all()


def test_grey_images_of_28_pixels_and_corruptions():
    test = TensorDataset(*pictures(120, channels=1, size=28))
    network = Bars(channels=1, size=28)
    tree = audit.compare(network, damaged(network), test, classes=CLASSES, corruptions=("gaussian_noise", "snow"))
    assert (tree.error.sel(network="pruned") > tree.error.sel(network="parent")).all()


def test_the_networks_own_normalisation():
    test = pictures(400)
    plain = audit.compare(Bars(), Bars(), test)
    scaled = audit.compare(Bars(mean=0.4, std=0.2), Bars(mean=0.4, std=0.2), test, mean=0.4, std=(0.2, 0.2, 0.2))
    wrong = audit.compare(Bars(mean=0.4, std=0.2), Bars(mean=0.4, std=0.2), test)
    assert scaled.calibration_error.values == pytest.approx(plain.calibration_error.values, abs=1e-5)
    assert (abs(wrong.calibration_error - plain.calibration_error) > 0.01).all()


def test_a_registered_name_brings_its_constants_and_shifts(monkeypatch):
    monkeypatch.setattr(data.registration, "DATASETS", data.DATASETS.copy())
    monkeypatch.setattr("lostprune.audit.inputs.DATASETS", data.registration.DATASETS)
    monkeypatch.setattr("lostprune.data.loading.DATASETS", data.registration.DATASETS)
    data.register("bars", test=pictures(100), shifts={"dark": pictures(50, seed=2)}, mean=0.4, std=0.2, classes=CLASSES)
    network = Bars(mean=0.4, std=0.2)
    tree = audit.compare(network, network, "bars", {"other": pictures(30, seed=3)})
    assert tree.distribution.values.tolist() == ["bars", "dark", "other"]
    assert tree.images.values.tolist() == [100, 50, 30]
    by_hand = audit.compare(network, network, pictures(100), mean=0.4, std=0.2)
    assert tree.error.values[0, 0] == by_hand.error.values[0, 0]


def test_networks_from_torchvision_one_of_them_shrunk():
    network = torchvision.models.ResNet(torchvision.models.resnet.BasicBlock, [1, 1, 1, 1], num_classes=4)
    masks = pruning.prune(network, "FT", 0.5)
    pruned = copy.deepcopy(network)
    pruning.apply(pruned, masks)
    smaller = pruning.shrink(pruned, masks)
    test = pictures(20, size=32)
    tree, masked = audit.compare(network, smaller, test), audit.compare(network, pruned, test)
    assert tree.parameters.values[0] > tree.parameters.values[1] and tree.multiply_adds.diff("network") < 0
    assert tree.error.values == pytest.approx(masked.error.values)
    assert masked.parameters.values[0] == masked.parameters.values[1] > masked.nonzero_parameters.values[1]


def test_images_of_many_sizes():
    (small, few), (large, more) = pictures(20), pictures(30, size=24)
    mixed = [*zip(small, few, strict=True), *zip(large, more, strict=True)]

    class AnySize(Bars):
        def forward(self, inputs):
            return super().forward(nn.functional.interpolate(inputs, (16, 16)))

    tree = audit.compare(AnySize(), AnySize(), mixed, classes=CLASSES, corruptions=("contrast",))
    by_size = [audit.compare(AnySize(), AnySize(), one).error.values[0, 0] for one in ((small, few), (large, more))]
    assert tree.error.values[0, 0] == pytest.approx(np.average(by_size, weights=(20, 30)))


def test_segmentation_takes_its_verdict_from_a_bootstrap():
    random = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 2, (60, 12, 10), generator=random)
    images = (labels * 80 + torch.randint(0, 120, labels.shape, generator=random)).to(torch.uint8)[:, None]
    labels[:, 0] = 255  # not counted
    good, bad = Pixels(0.4), Pixels(0.6)
    split = data.Split(images, labels, ("ground", "object"))
    same = audit.compare(good, Pixels(0.4), split, corruptions=("brightness",))
    assert same.attrs["task"] == "Segmentation" and (same.verdict == "safe").all() and same.mcnemar_p.isnull().all()
    worse = audit.compare(good, bad, split, task=tasks.Segmentation(2))
    assert worse.attrs["verdict"] == "unsafe" and worse.lower > 0.005
    with torch.no_grad():
        counts = tasks.Segmentation(2).counts(bad(images / 255), labels)
    assert worse.error.sel(network="pruned").item() == pytest.approx(tasks.Segmentation(2).error(counts))
    assert worse["changed"].sizes["example"] > 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"delta": 1.5}, "delta"),
        ({"delta": -0.1}, "delta"),
        ({"alpha": 0}, "alpha"),
        ({"severity": 6}, "severity"),
        ({"corruptions": ("fogg",)}, "fog"),
        ({"mean": (0.5, 0.5)}, "3 channels"),
        ({"std": 0}, "std"),
        ({"data": "cifar11"}, "registered name"),
        ({"data": pictures(4, channels=1)}, "parent: it cannot take an image"),
        ({"classes": ("cat", "dog")}, "label"),
        ({"classes": (*CLASSES, "hen")}, "give 4 outputs"),
        ({"pruned": Bars(size=8)}, "pruned"),
        ({"pruned": nn.Sequential(nn.Flatten(), nn.Linear(768, 9))}, "as many as the other's"),
        ({"shifts": {"test": pictures(4)}}, "names of their own"),
        ({"shifts": {"dark": pictures(4, channels=1)}}, "dark"),
        ({"task": tasks.Segmentation(4)}, "task"),
        ({"data": (pictures(4)[0], torch.tensor([0, 1, 2, 7]))}, "outputs"),
    ],
)
def test_what_is_wrong_is_said(changes, message):
    settings = {"parent": Bars(), "pruned": Bars(), "data": pictures(4)} | changes
    with pytest.raises((ValueError, TypeError), match=message):
        audit.compare(settings.pop("parent"), settings.pop("pruned"), settings.pop("data"), **settings)


def test_outputs_that_are_not_a_number_are_refused():
    broken = Bars()
    with torch.no_grad():
        broken.out.weight[0, 0] = np.nan
    with pytest.raises(ValueError, match="pruned"):
        audit.compare(Bars(), broken, pictures(4))
