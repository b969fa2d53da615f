"""ObjectNet: photographs of household objects from odd views, a test set for networks that were trained on ImageNet.

Barbu et al., ObjectNet, NeurIPS 2019. Of its 313 classes 113 are also ImageNet's, some of them as several classes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from .listing import Listing, folder_by_class
from .roots import Folder, naming

NAME = "objectnet-1.0"
BORDER = 2  # pixels that its authors' loader cuts off: a red frame marks every image, so that no one trains on it


def read(folder: Path, split: str) -> Listing | None:
    """The images of the classes that ImageNet has, too; ``None`` if the folder ``objectnet-1.0`` is not there.

    The name of each class says which outputs of ImageNet's networks, 0 to 999, are right for it, as in
    ``"Alarm clock: 409 530"``, which may be an analog or a digital clock.

    Raises:
        ValueError, OSError: what lies there is not ObjectNet.
    """
    place = folder / NAME
    if not place.is_dir():
        return None
    root = Folder(place)
    overlap, labels, numbers = (
        _mapping(root, name)
        for name in ("objectnet_to_imagenet_1k", "folder_to_objectnet_label", "pytorch_to_imagenet_2012_id")
    )
    # Names of ImageNet's classes, one a line, in an order of their own: the third mapping says where each output is.
    names = "mappings/imagenet_to_label_2012_v2"
    lines = root.text(names).splitlines()
    with naming(place / names, f"{len(numbers)} names of ImageNet's classes, those of the mappings"):
        if len(lines) <= max(numbers.values(), default=0):
            raise ValueError(f"{len(lines)} lines")
        outputs = {lines[line]: int(output) for output, line in numbers.items()}
        right = {label: sorted(outputs[name] for name in several.split("; ")) for label, several in overlap.items()}
    folders = {}
    for name in root.folders("images"):
        if (label := labels.get(name)) in overlap:
            folders[f"{label}: {' '.join(map(str, right[label]))}"] = f"images/{name}"
    if not folders:
        raise ValueError(f"{place / 'images'}: got no folder of a class that ImageNet has, expected some of 113")
    return folder_by_class(root, folders, BORDER)


def _mapping(root: Folder, name: str) -> dict:
    file = f"mappings/{name}.json"
    text = root.text(file)
    with naming(root.path / file, "a mapping in JSON"):
        found = json.loads(text)
        if not isinstance(found, dict):
            raise ValueError(f"a {type(found).__name__}")
    return found


def meaning(classes: Sequence[str], outputs: int = 1000) -> tuple[int, ...]:
    """For each output of ImageNet's networks the class that it is right for, as :func:`read` names them, or -1."""
    stands_for = [-1] * outputs
    for label, name in enumerate(classes):
        for output in name.rpartition(": ")[2].split():
            stands_for[int(output)] = label
    return tuple(stands_for)
