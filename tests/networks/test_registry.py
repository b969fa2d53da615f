"""The registry says what it knows, and takes networks of one's own."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lostprune import networks


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
