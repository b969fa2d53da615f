"""The registry says what it knows, and takes networks of one's own."""

from __future__ import annotations

import dataclasses
import hashlib
import os

import pytest
import safetensors.torch
import torch
from torch import nn

from lostprune import networks
from lostprune.training import Ladder, Recipe


def test_an_unknown_network_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'resnet20'.*@lostprune.networks.register"):
        networks.build("resnet_20")


@pytest.mark.parametrize("name", ["my net", "../mynet", "", 3])
def test_a_name_that_could_not_be_a_folder_is_refused(name):
    with pytest.raises(ValueError, match="network name: got"):
        networks.register(name)


def test_a_registered_network_is_built_by_name():
    @networks.register("mynet")
    def mynet(num_classes: int = 10) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, num_classes))

    assert "mynet" in networks.names()
    assert networks.build("mynet", 4)(torch.zeros(1, 3, 32, 32)).shape == (1, 4)
    assert networks.fingerprint("mynet") is not None


def mynet(num_classes: int = 10) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, num_classes))


RECIPE = Recipe(10, 32, 0.05, milestones=(5,), decay=0.1, warmup_epochs=1)


def test_a_network_is_trained_by_its_own_recipe(caplog):
    networks.register("mynet", recipe=RECIPE, ladder=(0.8, 0.5))(mynet)
    assert networks.recipe_for("mynet") == networks.retrain_recipe_for("mynet") == RECIPE
    assert networks.ladder_for("mynet").cycles == networks.ladder_for("mynet", "robust").cycles == ((0.8,), (0.5,))
    assert not caplog.records


def test_ladders_of_both_trainings_may_differ_and_retraining_too():
    again = dataclasses.replace(RECIPE, epochs=3)
    networks.register("mynet", RECIPE, again, {"nominal": (0.8, 0.5), "robust": Ladder((0.4,))})(mynet)
    assert (networks.recipe_for("mynet"), networks.retrain_recipe_for("mynet")) == (RECIPE, again)
    assert networks.ladder_for("mynet", "robust").cycles == ((0.4,),)


def test_a_network_without_a_recipe_takes_resnet20s_and_the_log_says_it_once(caplog):
    networks.register("mynet")(mynet)
    assert not caplog.records
    assert networks.recipe_for("mynet") == networks.retrain_recipe_for("mynet") == networks.recipe_for("resnet20")
    for training in ("nominal", "robust"):
        assert networks.ladder_for("mynet", training) == networks.ladder_for("resnet20", training)
    assert len(caplog.records) == 1 and "mynet" in caplog.text and "resnet20" in caplog.text


def test_a_name_that_is_not_registered_has_no_recipe():
    for look_up in (networks.recipe_for, networks.retrain_recipe_for, networks.ladder_for):
        with pytest.raises(ValueError, match="did you mean 'resnet20'"):
            look_up("resnet_20")


@pytest.mark.parametrize(
    "wrong, error",
    [
        ({"recipe": {"epochs": 3}}, TypeError),
        ({"retrain_recipe": 3}, TypeError),
        ({"ladder": (0.5, 0.8)}, ValueError),
        ({"ladder": {"robst": (0.5,)}}, ValueError),
    ],
)
def test_a_wrong_recipe_or_ladder_is_refused_at_registration(wrong, error):
    with pytest.raises(error, match="expected"):
        networks.register("mynet", **wrong)
    assert "mynet" not in networks.names()


def test_weights_with_their_digest_need_no_file_until_they_are_loaded(tmp_path):
    torch.manual_seed(0)
    trained, other = mynet(), mynet()
    safetensors.torch.save_file(trained.state_dict(), tmp_path / "net.safetensors")
    content = (tmp_path / "net.safetensors").read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    (tmp_path / "net.safetensors").unlink()
    networks.register("mynet", weights=f"{tmp_path / 'net.safetensors'}@{sha256}")(mynet)
    assert networks.weights_digest("mynet") == sha256
    with pytest.raises(FileNotFoundError):
        networks.load_pretrained(mynet(), "mynet")
    (tmp_path / "net.safetensors").write_bytes(content)
    loaded = mynet()
    networks.load_pretrained(loaded, "mynet")
    assert torch.equal(loaded[1].weight, trained[1].weight)
    safetensors.torch.save_file(other.state_dict(), tmp_path / "net.safetensors")
    os.utime(tmp_path / "net.safetensors", (1, 1))  # clocks of file systems tick too slowly for a test
    with pytest.raises(ValueError, match="another file"):
        networks.load_pretrained(mynet(), "mynet")
