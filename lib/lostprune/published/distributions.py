"""Table 11: which corruptions the paper trained on and which it kept for the test."""

from __future__ import annotations

# As printed, in the names of lostprune.corruptions. gaussian_blur stands in neither column, though the text says that
# there are nine corruptions in training; speckle_noise, spatter and saturate do not, either.
_TABLE_11 = {
    "train": {
        "nominal": ("cifar10",),
        "noise": ("impulse_noise", "shot_noise"),
        "blur": ("motion_blur", "zoom_blur"),
        "weather": ("snow",),
        "digital": ("contrast", "elastic_transform", "pixelate"),
    },
    "test": {
        "nominal": ("cifar10_1",),
        "noise": ("gaussian_noise",),
        "blur": ("defocus_blur", "glass_blur"),
        "weather": ("brightness", "fog", "frost"),
        "digital": ("jpeg_compression",),
    },
}


def train_and_test_distribution() -> dict[str, dict[str, tuple[str, ...]]]:
    """Table 11: the distributions of ``"train"`` and ``"test"`` in robust training, by category.

    Returns:
        group to category to names; the categories are ``"nominal"`` and those of
        :data:`lostprune.corruptions.CATEGORIES`.
    """
    return {group: dict(categories) for group, categories in _TABLE_11.items()}
