"""What a reader sees for the names of networks, data sets, distributions and kinds of training."""

from __future__ import annotations

_NETWORKS = {
    "resnet20": "ResNet20",
    "resnet56": "ResNet56",
    "resnet110": "ResNet110",
    "vgg16": "VGG16",
    "densenet22": "DenseNet22",
    "wrn16_8": "WRN16-8",
    "resnet18": "ResNet18",
    "resnet101": "ResNet101",
    "deeplabv3_resnet50": "DeeplabV3-ResNet50",
}
_DISTRIBUTIONS = {
    "cifar10": "CIFAR-10",
    "cifar10_1": "CIFAR-10.1",
    "imagenet": "ImageNet",
    "tiny_imagenet": "Tiny-ImageNet",
    "objectnet": "ObjectNet",
    "voc": "Pascal VOC",
    "jpeg_compression": "JPEG compression",
}


def network_label(name: str) -> str:
    """What a reader sees for a network: the paper's name; a network of the user's own keeps the one it has."""
    return _NETWORKS.get(name, name)


def training_label(name: str) -> str:
    """What a reader sees for a kind of training: ``"robust-without-noise"`` -> ``"robust training without noise"``."""
    kind, _, left_out = name.partition("-without-")
    words = {"augmix": "AugMix"}.get(kind, f"{kind} training")
    return f"{words} without {left_out}" if left_out else words


def label(name: str) -> str:
    """What a reader sees for a distribution or a data set: ``"gaussian_noise"`` -> ``"Gaussian noise"``."""
    return _DISTRIBUTIONS.get(name, name.replace("_", " ").capitalize())


def accuracy_label(dataset: str) -> str:
    """What one minus the error is called on a data set: ``"test accuracy"``, or ``"mean IoU"`` of segmentation."""
    if dataset in _DISTRIBUTIONS:
        return "mean IoU" if dataset == "voc" else "test accuracy"
    from ..data import DATASETS  # a reader's own set; torch takes seconds to import
    from ..tasks import Segmentation

    return "mean IoU" if dataset in DATASETS and isinstance(DATASETS[dataset].task, Segmentation) else "test accuracy"
