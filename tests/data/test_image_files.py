"""Data sets of image files: the official forms are read, parts are smaller sets, and what is wrong is named."""

from __future__ import annotations

import io
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from fixtures import trees
from lostprune import data
from lostprune.data import resident


def pixels(path) -> torch.Tensor:
    return torch.from_numpy(np.array(Image.open(path).convert("RGB"))).permute(2, 0, 1)


def test_tiny_imagenet_from_its_tree_is_an_array_in_turns_of_the_classes(tmp_path):
    tree = trees.tiny_imagenet(tmp_path)
    images, labels, classes = data.load("tiny_imagenet", "train", tmp_path, image_size=64)
    assert images.shape == (12, 3, 64, 64) and images.dtype == torch.uint8
    assert classes == trees.SYNSETS[::-1] and labels.tolist() == [0, 1, 2] * 4
    assert torch.equal(images[4], pixels(tree / f"train/{classes[1]}/images/{classes[1]}_1.JPEG"))
    assert torch.equal(images[0, 0], images[0, 2]) and not torch.equal(images[1, 0], images[1, 2])  # greyscale, colour
    test = data.load("tiny_imagenet", "test", tmp_path, image_size=64)
    assert torch.equal(test.images[3], pixels(tree / "val/images/val_3.JPEG")) and test.labels.tolist() == [0, 1, 2] * 2


def test_the_archive_gives_what_the_tree_gives(tmp_path):
    tree = trees.tiny_imagenet(tmp_path / "tree")
    (tmp_path / "zip").mkdir()
    shutil.make_archive(tmp_path / "zip" / "tiny-imagenet-200", "zip", tree.parent, tree.name)
    for split in ("train", "test"):
        of_tree, of_zip = (
            data.load("tiny_imagenet", split, tmp_path / where, image_size=64) for where in ("tree", "zip")
        )
        assert torch.equal(of_tree.images, of_zip.images) and torch.equal(of_tree.labels, of_zip.labels)


def test_chosen_classes_are_the_first_of_the_list(tmp_path):
    trees.tiny_imagenet(tmp_path)
    images, labels, classes = data.load("tiny_imagenet", "train", tmp_path, classes=2, image_size=64)
    assert classes == trees.SYNSETS[:0:-1] and labels.tolist() == [0, 1] * 4 and len(images) == 8
    with pytest.raises(ValueError, match="classes: got 4, expected a whole number from 2 to 3"):
        data.load("tiny_imagenet", "train", tmp_path, classes=4, image_size=64)


def test_arrays_are_kept_without_the_files_and_made_again_when_the_files_change(tmp_path):
    tree = trees.tiny_imagenet(tmp_path)
    before = data.load("tiny_imagenet", "train", tmp_path, image_size=64).images.clone()
    shutil.move(tree, tmp_path / "away")
    assert torch.equal(data.load("tiny_imagenet", "train", tmp_path, image_size=64).images, before)
    shutil.move(tmp_path / "away", tree)
    (tree / f"train/{trees.SYNSETS[0]}/images/{trees.SYNSETS[0]}_0.JPEG").write_bytes(trees.jpeg(99))
    after = data.load("tiny_imagenet", "train", tmp_path, image_size=64).images
    assert not torch.equal(after[2], before[2]) and torch.equal(after[:2], before[:2])


def test_a_damaged_kept_array_is_made_again(tmp_path, caplog):
    trees.tiny_imagenet(tmp_path)
    before = data.load("tiny_imagenet", "train", tmp_path, image_size=64).images.clone()
    (path,) = tmp_path.glob("tiny_imagenet/*/train_images.npy")
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    assert torch.equal(data.load("tiny_imagenet", "train", tmp_path, image_size=64).images, before)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_imagenet_from_folders_and_from_the_archives_is_the_same(tmp_path):
    folders = trees.imagenet_folders(tmp_path / "folders" / "ILSVRC2012")
    trees.imagenet_archives(tmp_path / "archives", folders)
    for split, count in (("train", 9), ("test", 6)):
        of_folders, of_archives = (data.load("imagenet", split, tmp_path / where) for where in ("folders", "archives"))
        assert of_folders.classes == of_archives.classes == trees.SYNSETS
        assert of_folders.labels.tolist() == of_archives.labels.tolist() == [0, 1, 2] * (count // 3)
        assert len(of_folders.images) == len(of_archives.images) == count
        for one, other in zip(of_folders.images, of_archives.images, strict=True):
            assert torch.equal(one, other) and one.dtype == torch.uint8
    assert of_folders.images[0].shape == (3, 90, 70)  # at its own size


def test_a_few_classes_of_imagenet_at_a_small_size_are_an_array(tmp_path):
    trees.imagenet_folders(tmp_path / "imagenet")
    images, labels, classes = data.load("imagenet", "test", tmp_path, classes=2, image_size=32)
    assert images.shape == (4, 3, 32, 32) and labels.tolist() == [0, 1, 0, 1] and classes == trees.SYNSETS[:2]


def test_what_is_larger_than_the_limit_is_read_image_by_image(tmp_path, monkeypatch):
    trees.imagenet_folders(tmp_path / "imagenet")
    monkeypatch.setattr(resident, "RESIDENT_BYTES", 1000)
    assert data.load("imagenet", "test", tmp_path, image_size=32).images[1].shape == (3, 90, 70)


def test_objectnet_has_the_classes_that_imagenet_has_and_no_red_frame(tmp_path):
    trees.objectnet(tmp_path)
    images, labels, classes = data.load("objectnet", "test", tmp_path)
    assert classes == ("Alarm clock: 409 530", "Banana: 954") and labels.tolist() == [0, 1]
    assert torch.equal(images[0], torch.full((3, 36, 26), 1, dtype=torch.uint8))


def test_the_order_of_imagenets_outputs():
    names = data.synsets()
    assert len(names) == 1000 and list(names) == sorted(set(names))
    assert [names.index(name) for name in trees.SYNSETS] == [0, 1, 281]  # tench, goldfish, tabby cat


def test_missing_data_is_one_error_that_says_what_to_put_where(tmp_path):
    with pytest.raises(data.DataUnavailable) as error:
        data.load("tiny_imagenet", "train", tmp_path, image_size=64)
    lines = str(error.value).splitlines()
    assert str(tmp_path) in lines[0] and "tiny-imagenet-200.zip" in lines[1] and "lostprune data" in lines[2]


@pytest.mark.parametrize("size", [None, 64])
def test_damaged_images_are_found_before_they_are_used_and_all_named(tmp_path, size):
    tree = trees.tiny_imagenet(tmp_path)
    damaged = [tree / f"train/{name}/images/{name}_1.JPEG" for name in trees.SYNSETS[:2]]
    damaged[0].write_bytes(damaged[0].read_bytes()[:-200])
    damaged[1].write_bytes(b"<html>")
    with pytest.raises(data.DamagedImage) as error:
        data.load("tiny_imagenet", "train", tmp_path, image_size=size)
    named = [str(path) in str(error.value) for path in damaged]
    assert all(named) if size is None else any(named)  # an array ends with the first
    assert "expected a whole JPEG" in str(error.value)


def test_a_repaired_image_is_checked_again(tmp_path):
    path = trees.imagenet_folders(tmp_path / "imagenet") / f"val/{trees.SYNSETS[0]}/ILSVRC2012_val_00000001.JPEG"
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(data.DamagedImage, match="1 of 6 images"):
        data.load("imagenet", "test", tmp_path)
    path.write_bytes(whole)
    assert len(data.load("imagenet", "test", tmp_path).images) == 6


def test_a_folder_without_images_is_named(tmp_path):
    place = trees.imagenet_folders(tmp_path / "imagenet") / f"train/{trees.SYNSETS[1]}"
    shutil.rmtree(place)
    place.mkdir()
    with pytest.raises(data.DataUnavailable, match=f"{place}: got no images"):
        data.load("imagenet", "train", tmp_path)


def test_other_classes_in_training_than_in_validation_are_named(tmp_path):
    shutil.rmtree(trees.imagenet_folders(tmp_path / "imagenet") / f"train/{trees.SYNSETS[1]}")
    with pytest.raises(data.DataUnavailable, match=f"train lacks {trees.SYNSETS[1]}"):
        data.load("imagenet", "test", tmp_path)


@pytest.mark.parametrize(
    "change, named",
    [
        (lambda text: text.replace("val_2.JPEG", "val_9.JPEG"), "val_2.JPEG"),
        (lambda text: text.replace(trees.SYNSETS[1], "n99999999"), "n99999999"),
    ],
)
def test_annotations_that_do_not_fit_the_images_are_named(tmp_path, change, named):
    path = trees.tiny_imagenet(tmp_path) / "val/val_annotations.txt"
    path.write_text(change(path.read_text()))
    with pytest.raises(data.DataUnavailable, match=f"val_annotations.txt: .*{named}"):
        data.load("tiny_imagenet", "test", tmp_path, image_size=64)


def test_a_cut_archive_and_a_missing_development_kit_are_named(tmp_path):
    trees.imagenet_archives(tmp_path, trees.imagenet_folders(tmp_path / "source"))
    train = tmp_path / "ILSVRC2012_img_train.tar"
    train.write_bytes(train.read_bytes()[:5000])
    with pytest.raises(data.DataUnavailable, match="imagenet: what lies in"):
        data.load("imagenet", "train", tmp_path)
    train.unlink()
    (tmp_path / "ILSVRC2012_devkit_t12.tar.gz").unlink()
    with pytest.raises(data.DataUnavailable, match="expected the development kit"):
        data.load("imagenet", "test", tmp_path)


def test_a_data_set_of_one_size_refuses_another():
    with pytest.raises(ValueError, match="cifar10: got classes=None and image_size=64, expected neither"):
        data.load("cifar10", "test", image_size=64)


def test_greyscale_and_four_colour_images_and_png_files_become_rgb(tmp_path):
    folder = trees.imagenet_folders(tmp_path / "imagenet") / f"val/{trees.SYNSETS[0]}"
    for number, (mode, kind) in enumerate((("L", "jpeg"), ("CMYK", "jpeg"), ("RGBA", "png"))):
        content = io.BytesIO()
        Image.new(mode, (9, 7)).save(content, kind)
        (folder / f"ILSVRC2012_val_{number:08}.JPEG").write_bytes(content.getvalue())
    images = data.load("imagenet", "test", tmp_path).images
    assert [image.shape[0] for image in images] == [3] * len(images)
