"""Studies on image files: sizes and classes belong to the scale, weights to the study, and both to the keys."""

from __future__ import annotations

import dataclasses

import pytest

from lostprune import SCALES, Scale, Study


def test_a_scale_has_a_size_for_each_set_of_image_files():
    quick = Study("resnet18", "tiny_imagenet", scale="quick")
    assert quick.scale.name == "quick" and quick.scale.classes == 20 and quick.image_shape == (3, 64, 64)
    assert dataclasses.replace(quick, scale="paper").image_shape == (3, 64, 64)
    assert Study("resnet18", "imagenet", scale="paper").image_shape == (3, 224, 224)
    paper = Study("deeplabv3_resnet50", "voc", scale="paper")
    assert paper.image_shape == (3, 513, 513) and paper.repetitions == 2  # Appendix B.5
    assert Study("resnet18", "imagenet", scale="paper").repetitions == 1
    assert Study(scale="quick").scale == SCALES["quick"] and Study().image_shape == (3, 32, 32)


def test_sizes_classes_and_rates_tell_studies_apart():
    settings = [{}, {"image_size": 32}, {"classes": 5}, {"learning_rate": 0.5}]
    scales = [Scale("mine", **one) for one in settings]
    assert len({Study("resnet18", "tiny_imagenet", scale=scale).training_key for scale in scales}) == 4
    assert Study("resnet18", "tiny_imagenet", scale=scales[3]).recipe.learning_rate == pytest.approx(0.05)


def test_a_data_set_of_fixed_size_refuses_another():
    with pytest.raises(ValueError, match="got classes=5 and image_size=None, expected neither: cifar10 has fixed ones"):
        Study(scale=Scale("mine", classes=5))


def test_torchvisions_weights_have_a_key_without_being_fetched():
    plain, pretrained = (Study("resnet18", "imagenet", weights=weights) for weights in (None, "torchvision"))
    assert plain.training_key != pretrained.training_key
    assert pretrained.weights_name.startswith("torchvision's ResNet18_Weights.IMAGENET1K_V1, SHA-256 f37072fd")
    with pytest.raises(ValueError, match="torchvision's, of network: got 'resnet20'"):
        Study("resnet20", "cifar10", weights="torchvision")
