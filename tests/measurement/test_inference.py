"""Many networks at once predict what each predicts alone."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lostprune import data, networks
from lostprune.measurement import inference
from lostprune.networks import batch_norms
from reference import evaluation as plain


def lively(network: nn.Module) -> nn.Module:
    """With batch norms that have seen something."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1), module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5), nn.init.normal_(module.bias, 0, 0.1)
    return network.eval()


@pytest.fixture
def pair():
    torch.manual_seed(0)
    return [lively(networks.build("resnet20")) for _ in range(2)]


def test_real_images_are_classified_as_by_the_plain_loop(pair):
    images, labels, _ = data.load("cifar10", "test")
    images, labels = images[:300], labels[:300]
    folded = [batch_norms.fold(network, batch_norms.foldable(network)) for network in pair]
    logits = inference.predict(folded, data.normalize(images))
    assert torch.equal(logits.argmax(-1) != labels, plain.wrong(pair, images, labels))


def test_pieces_of_work_are_the_whole_on_any_number_of_cores(pair):
    inputs, seen, threads = torch.randn(inference.TASK + 3, 3, 32, 32), [], torch.get_num_threads()
    logits = inference.predict(pair, inputs, seen.append)
    assert seen == [inference.TASK, 3] * 2 and torch.get_num_threads() == threads
    with torch.no_grad():
        torch.testing.assert_close(logits[1, -9:], pair[1](inputs[-9:]), rtol=1e-3, atol=1e-4)
    torch.set_num_threads(1)
    try:
        assert torch.equal(inference.predict(pair, inputs), logits)
    finally:
        torch.set_num_threads(threads)


class Shared(nn.Module):
    """A convolution that feeds two layers, one that is used twice, and a pair that can be folded."""

    def __init__(self):
        super().__init__()
        self.twice, self.norm = nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3)
        self.branches, self.branch_norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)
        self.last, self.last_norm, self.fc = nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Linear(4, 10)

    def forward(self, x):
        x = F.relu(self.norm(self.twice(self.twice(x))))
        x = self.branches(x)
        return self.fc(F.relu(self.last_norm(self.last(x + self.branch_norm(x)))).mean((2, 3)))


def test_only_what_feeds_one_batch_norm_alone_is_folded():
    torch.manual_seed(0)
    network, inputs = lively(Shared()), torch.randn(5, 3, 8, 8)
    assert batch_norms.foldable(network) == [("last", "last_norm")]
    folded = batch_norms.fold(network, [("last", "last_norm")])
    assert isinstance(folded.last_norm, nn.Identity) and isinstance(network.last_norm, nn.BatchNorm2d)
    with torch.no_grad():
        torch.testing.assert_close(folded(inputs), network(inputs))


class Moody(nn.Module):
    """Looks at its data to decide what to do."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3 * 8 * 8, 10)

    def forward(self, x):
        return self.fc(x.flatten(1)) * (2 if x.sum() > 0 else 1)


def test_a_network_that_cannot_be_followed_is_evaluated_as_it_is(caplog):
    network = Moody()
    assert batch_norms.foldable(network) == [] and "Moody is evaluated layer by layer, as it is" in caplog.text
    inputs = torch.randn(4, 3, 8, 8)
    torch.testing.assert_close(inference.predict([batch_norms.fold(network, [])], inputs)[0], network(inputs).detach())


class Direct(nn.Module):
    """Uses a layer's weight once more, by a function."""

    def __init__(self):
        super().__init__()
        self.a, self.norm = nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(self.norm(self.a(x)).relu(), self.a.weight, padding=1).mean((2, 3))


def test_a_weight_that_a_function_uses_too_is_not_folded():
    network, inputs = lively(Direct()), torch.randn(4, 3, 8, 8)
    folded = batch_norms.fold(network, batch_norms.foldable(network))
    assert torch.allclose(folded(inputs), network(inputs), atol=1e-5)


def test_a_network_that_cannot_be_copied():
    class Session(nn.Module):
        def __deepcopy__(self, known):
            raise TypeError("cannot pickle")

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.mean((2, 3))

    inputs = torch.randn(40, 3, 4, 4)
    assert torch.allclose(inference.predict([Session()], inputs)[0], inputs.mean((2, 3)), atol=1e-6)


def test_each_core_has_a_network_of_its_own():
    class Remembers(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(48, 256), nn.Linear(256, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.kept = self.a(x.flatten(1))
            return self.b(self.kept.sin().cos())

    network, inputs = Remembers(), torch.randn(4 * inference.TASK, 3, 4, 4)
    torch.set_num_threads(4)
    assert torch.allclose(inference.predict([network], inputs)[0], network(inputs), atol=1e-5)


def test_statistics_of_the_batch_take_any_number_of_images():
    network = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(48, track_running_stats=False), nn.Linear(48, 10))
    for count in (inference.BATCH + 1, inference.TASK + 1):
        assert inference.predict([network], torch.randn(count, 3, 4, 4)).shape == (1, count, 10)
