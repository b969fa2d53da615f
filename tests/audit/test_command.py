"""``lostprune compare`` on files, folders and code of the reader's own."""

from __future__ import annotations

import json
import sys

import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from safetensors.torch import save_file

from fixtures.bars import CLASSES, Bars, damaged, pictures
from lostprune import networks, pruning
from lostprune.audit.named import network_named
from lostprune.cli import main

CODE = "from fixtures.bars import Bars\ndef build(num_classes=4):\n    return Bars()\n"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a network's code, its weights, the pruned network's, and a test set."""
    (tmp_path / "bars_of_mine.py").write_text(CODE)
    save_file(Bars().state_dict(), tmp_path / "parent.safetensors")
    torch.save({"state_dict": damaged(Bars()).state_dict()}, tmp_path / "pruned.pth")
    for number, (image, label) in enumerate(zip(*pictures(80), strict=True)):
        folder = tmp_path / "photos" / CLASSES[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.permute(1, 2, 0).numpy()).save(folder / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("bars_of_mine", None)


def compare(*arguments: str):
    return CliRunner().invoke(main, ["compare", *arguments])


NETWORKS = ("bars_of_mine.py:build",) * 2
ORDER = ("--classes", ",".join(CLASSES))  # the network's, which is not the alphabet's
WEIGHTS = ("--parent-weights", "parent.safetensors", "--pruned-weights", "pruned.pth")


def test_two_networks_on_a_folder_of_images(place):
    options = (*ORDER, "--data", "photos", "--shift", "again=photos", "--corruption", "fog")
    found = compare(*NETWORKS, *WEIGHTS, *options)
    assert found.exit_code == 0, found.output
    lines = found.stdout.splitlines()  # bars of a slow machine go to the other stream
    assert [line.split()[0] for line in lines[-5:-2]] == ["photos", "again", "fog"]
    assert "unsafe" in lines[-2] and (place / "compare.html").exists()


def test_the_folder_that_one_is_in_has_a_name(place, monkeypatch):
    monkeypatch.chdir(place / "photos")
    found = compare(*[f"{place}/bars_of_mine.py:build"] * 2, *ORDER, "--data", ".", "--out", "../page.html", "--json")
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["distributions"][0]["distribution"] == "photos"


def test_a_function_that_passes_its_arguments_on_gets_the_number_of_classes(place):
    code = "from torch import nn\ndef make(**settings):\n    return nn.Linear(2, settings['num_classes'])\n"
    (place / "passing.py").write_text(code)
    assert network_named("passing.py:make", 7).out_features == 7


def test_an_exported_program_and_json(place):
    program = torch.export.export(damaged(Bars()).eval(), (torch.zeros(2, 3, 16, 16),))
    torch.export.save(program, place / "pruned.pt2")
    options = ("--parent-weights", "parent.safetensors", "--data", "photos", "--mean", "0,0,0", "--json")
    found = compare("bars_of_mine.py:build", "pruned.pt2", *ORDER, *options)
    assert found.exit_code == 0, found.output
    verdict = json.loads(found.stdout)
    assert verdict["verdict"] == "unsafe" and verdict["distributions"][0]["distribution"] == "photos"
    assert verdict["distributions"][0]["difference"] > 0.005


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere.py:build", NETWORKS[1], "--data", "photos"), "exists"),
        (("no_network", NETWORKS[1], "--data", "photos"), "register"),
        (("bars_of_mine.py:bild", NETWORKS[1], "--data", "photos"), "build"),
        ((*NETWORKS, "--data", "nowhere"), "folder that exists"),
        ((*NETWORKS, "--data", "photos", "--shift", "night"), "NAME=FOLDER"),
        ((*NETWORKS, "--data", "photos", "--corruption", "fogg"), "fog"),
        ((*NETWORKS, "--data", "photos", "--mean", "a,b"), "numbers"),
        ((*NETWORKS, "--data", "photos", "--classes", "cat,dog"), "names among the classes"),
        ((*NETWORKS, "--data", "photos", "--import", "nothing.py"), "exists"),
        ((*NETWORKS, "--data", "photos", "--parent-weights", "broken.pth"), "damaged"),
        ((*NETWORKS, "--data", "photos", "--parent-weights", "others.safetensors"), "missing: out.weight"),
        (("pruned.pth", NETWORKS[1], "--data", "photos"), "name that, and the file as weights"),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(place, arguments, message):
    (place / "broken.pth").write_bytes(b"no weights")
    save_file({"other": torch.zeros(2)}, place / "others.safetensors")
    found = compare(*arguments)
    assert found.exit_code in (1, 2) and message in found.output and "Traceback" not in found.output
    assert not (place / "compare.html").exists()


def test_the_severity_of_corruptions_can_be_chosen(place):
    options = (*NETWORKS, *WEIGHTS, *ORDER, "--data", "photos", "--corruption", "fog")
    assert compare(*options, "--severity", "5").exit_code == 0
    assert "severity 5 of 5" in (place / "compare.html").read_text()
    wrong = compare(*options, "--severity", "6")
    assert wrong.exit_code == 1 and "severity: got 6" in wrong.output


def test_a_damaged_shrunk_network_is_an_error_and_no_traceback(place):
    network = networks.build("resnet20")
    pruning.save_shrunk(place / "shrunk", pruning.shrink(network, pruning.Masks()), "resnet20")
    path = place / "shrunk.safetensors"
    path.write_bytes(path.read_bytes()[:-8])
    found = compare(NETWORKS[0], "shrunk", "--parent-weights", "parent.safetensors", *ORDER, "--data", "photos")
    assert found.exit_code == 1 and isinstance(found.exception, SystemExit) and "shrunk" in found.output
