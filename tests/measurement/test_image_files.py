"""Studies on image files: small ones as arrays, large ones read by ranges, and masks; all measured by the task."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchmetrics.segmentation import MeanIoU

import lostprune
import tiny_network  # noqa: F401  (registers "tiny")
from fixtures import trees
from lostprune import data, metrics, networks, results
from lostprune.data import resident
from lostprune.measurement import test_sets
from lostprune.training import Recipe

CPU = torch.device("cpu")
SCALE = lostprune.Scale(
    "files",
    repetitions=1,
    train_images=24,
    epochs=1,
    retrain_epochs=1,
    batch_size=4,
    cycles=2,
    smallest_keep_ratio=0.3,
    prune_only_steps=False,
    corruptions=("brightness", "gaussian_noise"),
    noise_levels=(0.0, 0.5),
    noise_images=4,
    noise_draws=2,
    image_size=32,
)
PARTS = ("curves", "shift", "severities", "noise")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The data folder of a test."""
    monkeypatch.setenv("LOSTPRUNE_DATA", str(tmp_path))
    monkeypatch.setenv("LOSTPRUNE_WORKERS", "0")
    return tmp_path


@pytest.fixture
def segmenter():
    """A small network with two heads, as torchvision's have them, under the name ``segmenter``."""

    @networks.register("segmenter", Recipe(2, 2, 0.05, milestones=(), decay=1.0, warmup_epochs=0), ladder=(0.7, 0.5))
    class Segmenter(nn.Module):
        def __init__(self, num_classes: int):
            super().__init__()
            self.backbone = nn.Sequential(nn.Conv2d(3, 12, 3, 2, 1), nn.BatchNorm2d(12), nn.ReLU())
            self.classifier, self.auxiliary = nn.Conv2d(12, num_classes, 1), nn.Conv2d(12, num_classes, 1)

        def forward(self, x):
            features = self.backbone(x)
            heads = {"out": self.classifier(features), "aux": self.auxiliary(features)}
            return {name: nn.functional.interpolate(logits, x.shape[2:]) for name, logits in heads.items()}


def study(dataset: str, network: str = "tiny", **settings) -> lostprune.Study:
    return lostprune.Study(network, dataset, methods=("WT",), scale=SCALE, **settings)


def plain_error(one: lostprune.Study, cycle: int, images: torch.Tensor, labels: torch.Tensor) -> float:
    network, _ = lostprune.load(one, "WT", 0, cycle)
    with torch.no_grad():
        outputs = network(data.normalize(images, one.dataset))
    if isinstance(outputs, torch.Tensor):
        return (outputs.argmax(1) != labels).double().mean().item()
    predicted, kept = outputs["out"].argmax(1), labels != 255
    ious = MeanIoU(21, input_format="index", per_class=True)(predicted[kept][None], labels[kept][None])
    occurs = torch.cat([predicted[kept], labels[kept]]).bincount(minlength=21) > 0
    return 1 - ious[occurs].mean().item()


def test_tiny_imagenet_is_measured_as_an_array_and_read_one_by_one_alike(folder, monkeypatch):
    trees.tiny_imagenet(folder, train=20, val=4)
    one = study("tiny_imagenet")
    tree = lostprune.run(one, *PARTS)
    whole = data.load("tiny_imagenet", "test", image_size=32)
    error = tree["curves"].test_error.squeeze().values
    assert error == pytest.approx([plain_error(one, cycle, *whole[:2]) for cycle in range(3)])
    assert tree["curves"].attrs["test_images"] == len(whole.labels) == 12  # of a part of the set
    assert tree["shift"].source.values.tolist() == ["tiny_imagenet test", "generated", "generated"]
    assert tree["shift"].error.sel(distribution="tiny_imagenet").squeeze().values == pytest.approx(error)

    monkeypatch.setattr(resident, "RESIDENT_BYTES", 0)
    monkeypatch.setattr(test_sets, "BLOCK_VALUES", 5 * 3 * 32**2)
    trees.tiny_imagenet(folder / "elsewhere", train=20, val=4)  # what was read of the first folder is remembered
    monkeypatch.setenv("LOSTPRUNE_DATA", str(folder / "elsewhere"))
    for name in ("tiny_imagenet", "brightness"):
        shown = test_sets.test_set(one, name, CPU)
        parts = [images for images, _ in shown.blocks()]
        assert [len(part) for part in parts] == [5, 5, 2] and torch.equal(torch.cat(parts), shown.images())
    assert torch.equal(test_sets.test_set(one, "tiny_imagenet", CPU).images(), whole.images)


def test_a_set_that_is_read_one_by_one_is_trained_pruned_and_measured(folder):
    trees.imagenet_folders(folder / "imagenet", train=15, val=2)
    scale = dataclasses.replace(SCALE, corruptions=(), name="read")
    one = lostprune.Study("tiny", "imagenet", methods=("SiPP",), scale=scale)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resident, "RESIDENT_BYTES", 0)
        curves = lostprune.run(one, "curves")["curves"]
    assert curves.sizes["cycle"] == 3 and curves.prune_ratio.values[0, 0, -1] == pytest.approx(0.7, abs=0.05)


def test_voc_is_measured_by_the_iou_of_the_whole_set(folder, segmenter):
    trees.voc(folder, train=22)
    one = study("voc", "segmenter")
    tree = lostprune.run(one, *PARTS)
    curves, shift = tree["curves"], tree["shift"]
    seen = data.tested(data.load("voc", "test"), data.DATASETS["voc"], 32)
    expected = [plain_error(one, cycle, seen.images, seen.labels) for cycle in range(3)]
    assert curves.test_error.squeeze().values == pytest.approx(expected, abs=1e-6)
    assert np.array_equal(curves.iou_error, curves.test_error) and (curves.pixel_error < 1).all()
    assert shift.error.sel(distribution="voc").squeeze().values == pytest.approx(expected, abs=1e-6)
    assert shift.pixels.sizes["class"] == 21 and shift.pixels.sizes["image"] == 2
    labelled = shift.pixels.sel(distribution="voc", quantity="labelled", cycle=0).sum("image").squeeze()
    counted = seen.labels[seen.labels != 255].bincount(minlength=21)
    assert labelled.values.tolist() == counted.tolist()
    assert float(tree["noise"].error.sel(noise_level=0.0, cycle=0).squeeze()) == pytest.approx(expected[0], abs=1e-6)
    assert set(tree["noise"].data_vars) >= {"matching_predictions", "softmax_distance"}
    assert results.validate("shift", shift.to_dataset()).equals(shift.to_dataset())


def test_the_potential_of_iou_is_resampled_by_images(folder, segmenter):
    trees.voc(folder, train=22)
    tree = lostprune.run(study("voc", "segmenter"), "curves", "shift")
    ratio, outcomes = tree["curves"].prune_ratio, results.outcomes(tree["shift"].to_dataset())
    drawn = metrics.resampled_prune_potential(outcomes, ratio, 0.5, resamples=20)
    assert drawn.sizes == {"resample": 20, "pruner": 1, "repetition": 1, "distribution": 3}
    assert set(np.unique(drawn)) <= {0.0, *np.unique(ratio)}
    deviation = metrics.paired_standard_error(outcomes)
    assert (deviation.sel(cycle=0) == 0).all() and deviation.dims[-2:] == ("cycle", "distribution")


def test_images_with_masks_are_corrupted_at_their_own_size_and_masks_are_not(folder, segmenter):
    trees.voc(folder)
    shown = test_sets.test_set(study("voc", "segmenter"), "brightness", CPU)
    split, view = data.load("voc", "test"), data.test_view(data.DATASETS["voc"], 32)
    generator = torch.Generator().manual_seed(study("voc", "segmenter").seed_for("corruption", "brightness"))
    corrupted = [
        lostprune.corruptions.corrupt(image[None], "brightness", 3, "imagenet-c", generator)[0]
        for image in split.images
    ]
    assert torch.equal(shown.images(), torch.stack([view(image) for image in corrupted]))
    assert torch.equal(shown.labels[0:2], data.tested(split, data.DATASETS["voc"], 32).labels)
    assert shown.constants == "imagenet-c" and shown.source == "generated"


def test_weights_of_the_whole_network_are_the_parent_and_others_are_trained_on(folder):
    trees.tiny_imagenet(folder, train=20)
    whole, more = networks.build("tiny", 3), networks.build("tiny", 1000)
    save_file(whole.state_dict(), folder / "whole.safetensors")
    save_file(more.state_dict(), folder / "more.safetensors")
    plain, given, rows = (
        study("tiny_imagenet", weights=weights) for weights in (None, "whole.safetensors", "more.safetensors")
    )
    assert len({one.training_key for one in (plain, given, rows)}) == 3
    curves = lostprune.run(given, "curves")["curves"]
    parent, _ = lostprune.load(given, "WT", 0, 0)
    assert all(torch.equal(value, whole.state_dict()[name]) for name, value in parent.state_dict().items())
    assert "whole.safetensors" in curves.attrs["weights"]
    lostprune.run(rows, "curves")
    trained, _ = lostprune.load(rows, "WT", 0, 0)
    places = [data.synsets().index(name) for name in trees.SYNSETS[::-1]]
    begun = more.state_dict()["8.weight"][places]
    moved = (trained[8].weight - begun).norm() / begun.norm()
    assert 0 < moved < 0.5


def test_weights_that_do_not_fit_are_named_before_any_work(folder):
    trees.tiny_imagenet(folder)
    save_file({"other": torch.ones(2)}, folder / "other.safetensors")
    with pytest.raises(ValueError, match="other.safetensors for tiny on tiny_imagenet: .*\n.*missing: 0.weight"):
        lostprune.run(study("tiny_imagenet", weights="other.safetensors"))
    with pytest.raises(FileNotFoundError, match="none.safetensors"):
        study("tiny_imagenet", weights="none.safetensors")


def test_the_published_images_are_used_where_they_lie(folder):
    trees.imagenet_folders(folder / "imagenet", val=2)
    scale = dataclasses.replace(SCALE, image_size=224, name="large")
    one = lostprune.Study("tiny", "imagenet", methods=("WT",), scale=scale)
    assert test_sets.source(one, "brightness") == "generated"
    for path in (folder / "imagenet/val").glob("*/*"):
        seed = int(path.stem[-8:])
        trees.write(
            folder / f"ImageNet-C/weather/brightness/3/{path.parent.name}/{path.name}", trees.jpeg(seed, 224, 224)
        )
    shown = test_sets.test_set(one, "brightness", CPU)
    assert shown.source == "ImageNet-C" and shown.constants is None
    (first,) = (folder / "ImageNet-C/weather/brightness/3").glob("*/*_00000001.JPEG")
    split = lostprune.corruptions.published_imagenet_c("brightness", 3, trees.SYNSETS)
    assert torch.equal(shown.images(0, 1)[0], split[0]) and split.files.path(0) == first
    assert test_sets.source(one, "brightness", 4) == "generated"


def test_a_class_of_objectnet_may_be_several_of_imagenets(folder, monkeypatch):
    trees.imagenet_folders(folder / "imagenet")
    trees.objectnet(folder)
    scale = dataclasses.replace(SCALE, corruptions=None, name="objects")
    one = lostprune.Study("tiny", "imagenet", methods=("WT",), scale=scale)
    assert test_sets.distributions(one)[:2] == ("imagenet", "objectnet")
    shown = test_sets.test_set(one, "objectnet", CPU)
    outputs = torch.zeros(2, 1000)
    outputs[0, 530] = outputs[1, 1] = 1.0  # a digital clock for the alarm clock, a goldfish for the banana
    assert shown.task.counts(outputs, shown.labels[0:2])[:, 0].tolist() == [0, 1]
    fewer = dataclasses.replace(one, scale=dataclasses.replace(scale, classes=2, name="fewer"))
    assert "objectnet" not in test_sets.distributions(fewer)
