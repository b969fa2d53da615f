"""Whatever is wrong with the files of a data set is one error that names the file."""

from __future__ import annotations

import errno
import os
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from fixtures import trees
from lostprune import data
from lostprune.data import resident, roots

TINY, VOC, MAPPINGS = "tiny-imagenet-200", "VOCdevkit/VOC2012", "objectnet-1.0/mappings"
KIT, LISTS = "ILSVRC2012_devkit_t12.tar.gz", f"{VOC}/ImageSets/Segmentation"
SBD = "benchmark_RELEASE/dataset/cls/2008_000007.mat"
MATLAB = b"MATLAB 7.3 MAT-file" + b" " * 105 + b"\0\2IM"

TREES = {
    "tiny_imagenet": [trees.tiny_imagenet],
    "voc": [trees.voc, trees.sbd],
    "imagenet": [lambda folder: trees.imagenet_archives(folder, trees.imagenet_folders(folder / "source"))],
    "objectnet": [trees.objectnet],
}


def twice(content: bytes) -> bytes:
    return content + b"\n" + content


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    ("name", "file", "damage", "says"),
    [
        ("tiny_imagenet", f"{TINY}/wnids.txt", twice, "n02123045 twice"),
        ("tiny_imagenet", f"{TINY}/val/val_annotations.txt", twice, "val_0.JPEG twice in line 7"),
        ("tiny_imagenet", f"{TINY}/val/val_annotations.txt", lambda c: c + b"\nval_0.JPEG", "'val_0.JPEG' in line 7"),
        ("tiny_imagenet", f"{TINY}/wnids.txt", lambda c: c.decode().encode("utf-16"), "UTF-8 text"),
        ("voc", f"{LISTS}/val.txt", twice, "2007_000003 twice"),
        ("voc", f"{LISTS}/train.txt", lambda c: c + b"\n2007_000003", "2007_000003, which is a validation image"),
        ("voc", f"{LISTS}/train.txt", lambda c: c.decode().encode("utf-16"), "UTF-8 text"),
        ("voc", SBD, cut, "a mask of class numbers"),
        ("voc", SBD, lambda _: b"", "a mask of class numbers"),
        ("voc", SBD, lambda _: MATLAB, "a mask of class numbers"),
        ("imagenet", KIT, cut, "a whole archive"),
        ("imagenet", KIT, lambda _: b"<html>", "a whole archive"),
        ("imagenet", "ILSVRC2012_img_train.tar", lambda _: b"", "a whole archive"),
        ("imagenet", "ILSVRC2012_img_train.tar", cut, "a whole archive"),
        ("imagenet", "ILSVRC2012_img_val.tar", lambda _: trees.tar({"2b.JPEG": trees.jpeg(0)}), "2b.JPEG, expected"),
        ("objectnet", f"{MAPPINGS}/imagenet_to_label_2012_v2", lambda _: b"banana\n", "1 lines, expected 4"),
        ("objectnet", f"{MAPPINGS}/folder_to_objectnet_label.json", cut, "a mapping in JSON"),
        ("objectnet", f"{MAPPINGS}/pytorch_to_imagenet_2012_id.json", lambda _: b"[1]", "a list, expected a mapping"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, name, file, damage, says):
    for write in TREES[name]:
        write(tmp_path)
    path = tmp_path / file
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises((data.DataUnavailable, data.DamagedImage), match=f"{path}: got .*{says}"):
        for split in data.DATASETS[name].parts:
            data.load(name, split, tmp_path)


def test_annotations_may_have_spaces_for_tabs_and_empty_lines(tmp_path):
    path = trees.tiny_imagenet(tmp_path) / "val/val_annotations.txt"
    path.write_text(path.read_text().replace("\t", " ") + "\n  \n")
    assert data.load("tiny_imagenet", "test", tmp_path).labels.tolist() == [0, 1, 2] * 2


def test_a_name_of_another_encoding_is_read(tmp_path):
    folder = trees.imagenet_folders(tmp_path / "imagenet") / f"val/{trees.SYNSETS[0]}"
    (folder / "ILSVRC2012_val_00000001.JPEG").rename(folder / os.fsdecode(b"caf\xe9.JPEG"))
    assert len([image for image in data.load("imagenet", "test", tmp_path).images]) == 6


def test_an_image_smaller_than_its_frame_or_far_too_large_is_named(tmp_path, monkeypatch):
    path = trees.objectnet(tmp_path) / "images/banana/1.png"
    whole = path.read_bytes()
    Image.new("RGB", (4, 4)).save(path)
    with pytest.raises(data.DamagedImage, match=f"{path}: got 4 x 4 pixels, expected more than a frame"):
        data.load("objectnet", "test", tmp_path)
    path.write_bytes(whole)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(data.DamagedImage, match=rf"{path}: got Image size \(1200 pixels\) exceeds"):
        data.load("objectnet", "test", tmp_path)


def test_images_of_16_bits_keep_their_levels(tmp_path):
    folder = trees.imagenet_folders(tmp_path / "imagenet") / f"val/{trees.SYNSETS[0]}"
    Image.fromarray(np.full((5, 5), 3000, np.uint16)).save(folder / "ILSVRC2012_val_00000001.JPEG", "png")
    assert torch.equal(data.load("imagenet", "test", tmp_path).images[0], torch.full((3, 5, 5), 11, dtype=torch.uint8))


def test_training_images_that_are_not_there_are_said_so_beside_a_kept_array_of_test_images(tmp_path):
    tree = trees.tiny_imagenet(tmp_path)
    data.load("tiny_imagenet", "test", tmp_path, image_size=64)
    shutil.rmtree(tree)
    with pytest.raises(data.DataUnavailable, match="not found in .* Put there"):
        data.load("tiny_imagenet", "train", tmp_path, image_size=64)


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC])
def test_a_data_folder_that_cannot_be_written_is_read_and_said_where_it_has_to_be(tmp_path, monkeypatch, number):
    def write_whole(*_):
        raise OSError(number, "set LOSTPRUNE_STORE")

    trees.imagenet_archives(tmp_path, trees.imagenet_folders(tmp_path / "source"))
    for module in (roots, resident, data.checked):
        monkeypatch.setattr(module, "write_whole", write_whole)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert len(data.load("imagenet", "train", tmp_path).images) == 9
    with pytest.raises(data.DataUnavailable, match=rf"cannot write to .*{os.strerror(number)}.* set LOSTPRUNE_DATA"):
        data.load("imagenet", "train", tmp_path, image_size=32)
