"""Strength of every corruption at severities 1 to 5: a table, no code."""

from __future__ import annotations

# Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and Perturbations, ICLR 2019;
# the values stand in the scripts that made the two data sets (make_cifar_c.py, make_imagenet_c.py).
CONSTANTS = {
    "cifar10-c": {
        "gaussian_noise": (0.04, 0.06, 0.08, 0.09, 0.10),
        "brightness": (0.05, 0.1, 0.15, 0.2, 0.3),
        "contrast": (0.75, 0.5, 0.4, 0.3, 0.15),
    },
    # Made for 224 x 224 images; on CIFAR-10's they are far stronger than CIFAR-10-C.
    "imagenet-c": {
        "gaussian_noise": (0.08, 0.12, 0.18, 0.26, 0.38),
        "brightness": (0.1, 0.2, 0.3, 0.4, 0.5),
        "contrast": (0.4, 0.3, 0.2, 0.1, 0.05),
    },
}
