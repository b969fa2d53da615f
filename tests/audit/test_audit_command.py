"""``lostprune audit``: from a network in a file of the reader's own to the one to use."""

from __future__ import annotations

import json
import sys

import pytest
import torch
import xarray as xr
from click.testing import CliRunner
from PIL import Image
from safetensors.torch import load_file, save_file

from fixtures import trees
from fixtures.bars import CLASSES, pictures
from lostprune import pruning
from lostprune.audit.models import opened
from lostprune.cli import main
from lostprune.measurement import published

CODE = """
from torch import nn

def build(num_classes=4):
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(),
        nn.AdaptiveAvgPool2d((1, 4)), nn.Flatten(), nn.Linear(32, num_classes))
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a network's code and trained weights, train and test images and shifted ones."""
    (tmp_path / "audited_net.py").write_text(CODE)
    for part, count, seed in (("photos/train", 120, 0), ("photos/test", 80, 1), ("night", 60, 2)):
        for number, (image, label) in enumerate(zip(*pictures(count, seed=seed), strict=True)):
            folder = tmp_path / part / CLASSES[label]
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image.permute(1, 2, 0).numpy()).save(folder / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    torch.manual_seed(0)
    names = {}
    exec(CODE, names)
    save_file(names["build"]().state_dict(), tmp_path / "net.safetensors")
    yield tmp_path
    sys.modules.pop("audited_net", None)


def audit(*arguments: str):
    return CliRunner().invoke(main, ["audit", *arguments])


OPTIONS = (
    *("audited_net.py:build", "--data", "photos", "--weights", "net.safetensors", "--shift", "night=night"),
    *("--corruption", "fog", "--keep", "0.9,0.5", "--retrain-epochs", "0", "--method", "WT", "--method", "FT"),
)


def test_from_code_and_weights_to_the_network_to_use(place):
    found = audit(*OPTIONS, "--delta", "0.4")  # so few images tell only a margin as large as that
    assert found.exit_code == 0, found.output
    assert "photos " in found.output and "night " in found.output and "fog " in found.output
    best = json.loads((place / "audit" / "recommendation.json").read_text())
    assert best["cycle"] in (1, 2) and best["everywhere"] and best["safe_on"] == ["photos", "night", "fog"]
    page = (place / "audit" / "report.html").read_text()
    assert "How far can this network be pruned" in page and best["pruner"] in page
    assert "pruned and not retrained" in page and "of 5, generated" in page
    verdicts = xr.open_dataset(place / "audit" / "verdicts.nc")
    chain = verdicts.sel(pruner=best["pruner"], repetition=0)
    assert (chain.lower_bound >= best["prune_ratio"]).all()
    weights, masks = (load_file(place / "audit" / f"{name}.safetensors") for name in ("weights", "masks"))
    assert all((weights[name][~mask.bool()] == 0).all() for name, mask in masks.items())
    image = torch.rand(3, 3, 16, 16)
    network = sys.modules["audited_net"].build()
    network.load_state_dict(weights)
    smaller = pruning.load_shrunk(place / "audit" / "shrunk")
    exported = opened("pruned", place / "audit" / "network.pt2")
    with torch.no_grad():
        expected = network.eval()(image)
        assert torch.allclose(smaller(image), expected, atol=1e-5)
        assert torch.allclose(exported(image), expected, atol=1e-5)
    beside = ("compare", "audit/shrunk", "audit/network.pt2", "--data", "photos/test", "--json", "--out", "same.html")
    same = CliRunner().invoke(main, beside)
    assert same.exit_code == 0, same.output
    assert json.loads(same.stdout)["distributions"][0]["difference"] == 0


def test_the_recommended_network_is_compared_on_the_images_of_the_verdicts(place, store, monkeypatch):
    def read(study, corruption, severity, places):
        return lambda first, count: torch.zeros(count, 3, 16, 16, dtype=torch.uint8)

    monkeypatch.setattr(published, "source", lambda study, corruption, severity: "CIFAR-10-C")
    monkeypatch.setattr(published, "read", read)
    assert audit(*OPTIONS, "--delta", "0.4").exit_code == 0
    (path,) = store.glob("results/*/shift/WT-r0.nc")
    measured = xr.open_dataset(path).error.isel(cycle=0).sel(distribution="fog").item()
    compared = xr.open_dataset(place / "audit" / "compare.nc").sel(distribution="fog")
    assert compared.error.sel(network="parent").item() == pytest.approx(measured)
    assert compared.group.item() == "corruption"


def test_where_the_images_are_too_few_nothing_is_recommended(place):
    found = audit(*OPTIONS, "--delta", "0.001")
    assert found.exit_code == 0, found.output
    assert "do not prune" in found.output and not (place / "audit" / "weights.safetensors").exists()
    assert "No pruned network is shown to be safe" in (place / "audit" / "report.html").read_text()


def test_photographs_of_many_sizes_are_audited(place, monkeypatch):
    monkeypatch.setenv("LOSTPRUNE_WORKERS", "0")
    for file in list((place / "photos").rglob("*.png"))[::3]:
        with Image.open(file) as picture:
            picture.resize((20, 24)).save(file)
    found = audit(*OPTIONS, "--delta", "0.4")
    assert found.exit_code == 0, found.output
    assert (place / "audit" / "report.html").exists() and (place / "audit" / "weights.safetensors").exists()


def test_a_part_of_tiny_imagenet_is_audited(place, monkeypatch):
    trees.tiny_imagenet(place, train=20, val=8)
    monkeypatch.setenv("LOSTPRUNE_DATA", str(place))
    names = {}
    exec(CODE, names)
    save_file(names["build"](3).state_dict(), place / "three.safetensors")
    found = audit(
        *("audited_net.py:build", "--data", "tiny_imagenet", "--weights", "three.safetensors", "--delta", "0.9"),
        *("--keep", "0.9", "--retrain-epochs", "0", "--method", "WT"),
    )
    assert found.exit_code == 0, found.output
    assert load_file(place / "audit" / "weights.safetensors")["5.weight"].shape == (3, 32)


def test_without_weights_the_network_is_trained_by_its_own_recipe_and_retrained(place, store):
    (place / "short_recipe.py").write_text(
        "from lostprune import networks\nfrom lostprune.training import Recipe\nfrom audited_net import build\n"
        "networks.register('short_net', recipe=Recipe(1, 32, 0.1, (), 1.0, 0.0))(build)\n"
    )
    found = audit(
        *("short_net", "--import", "short_recipe.py", "--data", "photos", "--keep", "0.5", "--method", "WT"),
        *("--retrain-epochs", "1", "--train-images", "64"),
    )
    assert found.exit_code == 0, found.output
    facts = [json.loads(path.read_text()) for path in store.glob("checkpoints/*/*.json")]
    assert {one["cell"][0]: len(one["history"]) for one in facts} == {"parent": 1, "WT": 1}


def test_when_the_time_is_up_the_same_command_resumes_and_what_is_trained_is_not_trained_again(place, store):
    options = ("audited_net.py:build", "--data", "photos", "--weights", "net.safetensors", "--retrain-epochs", "0")
    options += ("--keep", "0.5", "--method", "WT")
    first = audit(*options, "--time-limit", "0s")
    assert first.exit_code == 75 and "resumes" in first.output
    trained = []
    for _ in range(2):
        again = audit(*options)
        assert again.exit_code == 0, again.output
        trained.append({path: path.stat().st_mtime_ns for path in store.rglob("*.safetensors")})
    assert trained[0] and trained[0] == trained[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("audited_net.py:build", "--data", "nowhere"), "folder that exists"),
        (("audited_net.py:build", "--data", "night"), "train"),
        (("audited_net.py:build", "--data", "photos", "--weights", "nothing.pt"), "nothing.pt"),
        (("audited_net.py:build", "--data", "photos", "--method", "XX"), "XX"),
        (("audited_net.py:build", "--data", "photos", "--keep", "0.5,0.9"), "fall"),
        (("audited_net.py:build", "--data", "cifar10", "--mean", "0.5"), "leave it out"),
        (("audited_net.py:build", "--data", "photos", "--time-limit", "soon"), "duration"),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(place, arguments, message):
    found = audit(*arguments)
    assert found.exit_code in (1, 2) and message in found.output and "Traceback" not in found.output
    assert not (place / "audit").exists()
