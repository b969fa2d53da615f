"""Where the paper and the code that it points to differ about networks, training and pruning, and which is followed.

The code is lucaslie/torchprune at 14b392c, with the configurations of its folder paper/lost.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Disagreement:
    """One setting on which the paper and the original code differ.

    Attributes:
        networks: which networks it concerns, as in ``lostprune.networks``.
        what: the setting; a key of ``lostprune.published.HYPERPARAMETERS`` where Table 3, 5 or 7 has a row for it.
        paper: the paper's setting.
        code: the original code's setting.
        chosen: ``"paper"`` or ``"code"``: which of them is followed here.
        why: the reason, and what else a reader needs to judge it.
        training: ``"robust"`` for what concerns robust training alone (Section 6, Appendix E), else ``"nominal"``.
    """

    networks: tuple[str, ...]
    what: str
    paper: str
    code: str
    chosen: str
    why: str
    training: str = "nominal"


_CIFAR = ("resnet20", "resnet56", "resnet110", "vgg16", "densenet22", "wrn16_8")
_LADDER = (
    "The prune ratios in the paper's tables are on the code's ladder: ResNet20's 84.9% (Table 4) is its step to 85%, "
    "while removing 15% again and again leads to 83.3% and 85.8%."
)
_IMAGENET_LADDER = (
    "The prune ratios in Table 6 are on the code's ladder: ResNet18's 85.79% is its step to 85.8%, and ResNet101's "
    "81.56% its end."
)
_ROBUST_LADDER = (
    "The 97.0% of VGG16 and WRN16-8 in Table 12, with a deviation of 0.0, are the end of the code's ladder; 0.85 again "
    "and again leads to 96.7% and 97.2%."
)

DISAGREEMENTS = (
    Disagreement(
        ("vgg16", "densenet22"),
        "warmup",
        "5",
        "10",
        "code",
        "The authors' release from before the paper warms up for 10 epochs, too.",
    ),
    Disagreement(
        ("wrn16_8",),
        "decay",
        "0.2@{60, …}, which by the caption's rule is every 60 epochs: 60, 120, 180",
        "0.2@{60, 120, 160}",
        "code",
        "The paper says that it trains as Zagoruyko & Komodakis (2016) do, whose schedule is the code's.",
    ),
    Disagreement(
        ("vgg16",),
        "epochs of each retraining",
        "300: the training recipe over again",
        "150: the first half of the training recipe",
        "code",
        "The authors' release from before the paper retrains for 150 epochs, too.",
    ),
    Disagreement(
        ("resnet20",),
        "alpha",
        "0.85 of the parameters stay in every cycle",
        "0.85 in the first cycle, then 0.913 down to 15% of all parameters, then equal steps down to 2%",
        "code",
        _LADDER,
    ),
    Disagreement(
        ("resnet56", "resnet110", "vgg16"),
        "alpha",
        "0.85 of the parameters stay in every cycle",
        "0.85 in the first cycle, then 0.821 down to 2% of all parameters",
        "code",
        _LADDER,
    ),
    Disagreement(
        ("densenet22",),
        "alpha",
        "0.85 of the parameters stay in every cycle",
        "0.85 in the first cycle, then 0.893 down to 10% of all parameters, then equal steps down to 4.69%",
        "code",
        _LADDER,
    ),
    Disagreement(
        ("wrn16_8",),
        "alpha",
        "0.85 of the parameters stay in every cycle",
        "0.85 in the first cycle, then 0.893 down to 10% of all parameters, then equal steps down to 2%",
        "code",
        _LADDER,
    ),
    Disagreement(
        _CIFAR,
        "pruning steps in a cycle",
        "one (Algorithm 1, line 5)",
        "three, with new sensitivities for each, before the network is retrained",
        "code",
        "At the scale paper only: smaller scales prune once in a cycle, as the paper says.",
    ),
    Disagreement(
        ("resnet56", "resnet110"),
        "architecture",
        "ResNets as in He et al. (2016), which for CIFAR are blocks of two 3x3 convolutions",
        "bottlenecks: blocks of a 1x1, a 3x3 and a 1x1 convolution",
        "code",
        "The paper's results are those of the networks in the code, and so are checkpoints that others trained.",
    ),
    Disagreement(
        ("vgg16",),
        "architecture",
        "VGG16 as in Simonyan & Zisserman (2014), which has three fully connected layers and no batch norm",
        "one fully connected layer, and a batch norm after every convolution",
        "code",
        "With the original's three layers for 224-pixel images the network would not fit 32-pixel ones.",
    ),
    Disagreement(
        ("resnet18",),
        "top-1 error of the parent",
        "30.26% in Table 5, 30.24% in Table 6",
        "torchvision's weights, with an error of 30.24%",
        "code",
        "torchvision lists an accuracy of 69.758% for these weights.",
    ),
    Disagreement(
        ("resnet18", "resnet101"),
        "repetitions",
        "3 (Appendix D.6)",
        "1",
        "code",
        "The paper prints standard deviations of zero for these networks.",
    ),
    Disagreement(
        ("resnet18",),
        "alpha",
        "0.90 of the parameters stay in every cycle",
        "0.90 in the first cycle, then 0.918 down to 35% of all parameters, then equal steps down to 10%",
        "code",
        _IMAGENET_LADDER,
    ),
    Disagreement(
        ("resnet101",),
        "alpha",
        "0.90 of the parameters stay in every cycle",
        "0.90 in the first cycle, then 0.918 down to 35% of all parameters, then equal steps down to 18.4%",
        "code",
        _IMAGENET_LADDER,
    ),
    Disagreement(
        ("deeplabv3_resnet50",),
        "repetitions",
        "3 (Appendix D.6)",
        "2",
        "code",
        "The configuration of the code is the only place that speaks of this network alone.",
    ),
    Disagreement(
        ("deeplabv3_resnet50",),
        "alpha",
        "0.80 of the parameters stay in every cycle",
        "0.80 in the first cycle, then 0.794 down to 10% of all parameters, then 0.783 from 8% down to 3%",
        "code",
        "As for all other networks.",
    ),
    Disagreement(
        ("deeplabv3_resnet50",),
        "batch size",
        "32",
        "16",
        "paper",
        "The authors' release from before the paper has 32; the code was changed after it.",
    ),
    Disagreement(
        ("deeplabv3_resnet50",),
        "failure probability of SiPP and PFP",
        "1.0e-16",
        "1.0e-5",
        "paper",
        "It sets the number of samples, 222 or 146; for these images every pixel counts on its own.",
    ),
    Disagreement(
        ("deeplabv3_resnet50",),
        "images of Pascal VOC 2011",
        "its training images with SBD's extra masks; the test images are not named",
        "SBD's own two lists: 8,498 training and 2,857 test images",
        "paper",
        "If VOC's own tree is in the data folder, its validation images are the test images, as is usual, and SBD's "
        "masks of all other images are for training. If only SBD is there, its lists are used.",
    ),
    Disagreement(
        ("deeplabv3_resnet50",),
        "size of test images",
        "resized to 513x513 exactly",
        "resized until the shorter side has 513 pixels, then the 513x513 in the centre",
        "paper",
        "The paper's test sees the whole image.",
    ),
    Disagreement(
        _CIFAR,
        "corruptions in training",
        "nine by Section 6.1; Table 11 lists eight",
        "nine: the eight of Table 11 and gaussian_blur",
        "code",
        "Nine corruptions and no corruption are ten equal chances, and ten corruptions are left for the test; Table 11 "
        "has neither gaussian_blur nor three of those ten: speckle_noise, spatter and saturate.",
        "robust",
    ),
    Disagreement(
        _CIFAR,
        "severity in training",
        "3 out of 5, as in the test (Appendix E.1)",
        "drawn from 0 to 5 for every image; 0 leaves it as it is",
        "paper",
        "The corruption, or none, is then the only draw, with equal chances, as Appendix E.1 says.",
        "robust",
    ),
    Disagreement(
        _CIFAR,
        "constants of the corruptions in training",
        "CIFAR-10-C's (Appendix E.1)",
        "ImageNet-C's, made for images of 224 pixels, while the test is CIFAR-10-C; one copy of every image, "
        "corruption and severity, made in advance",
        "paper",
        "At severity 3 eight of the nine change a pixel 1.1 to 3.3 times as much with the code's constants as with "
        "those of the test, on average: they are the same corruptions by name only. Here every epoch draws new "
        "corruptions.",
        "robust",
    ),
    Disagreement(
        ("resnet20", "resnet56", "resnet110", "vgg16", "wrn16_8"),
        "alpha",
        "0.85 of the parameters stay in every cycle, as in nominal training (Appendix E.1)",
        "0.80 in the first cycle, then 0.803 down to 3% of all parameters",
        "code",
        _ROBUST_LADDER,
        "robust",
    ),
    Disagreement(
        ("densenet22",),
        "alpha",
        "0.85 of the parameters stay in every cycle, as in nominal training (Appendix E.1)",
        "0.80 in the first cycle, then 0.794 down to 5% of all parameters",
        "code",
        _ROBUST_LADDER,
        "robust",
    ),
)
