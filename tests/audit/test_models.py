"""Networks of any make give the logits that they gave before."""

from __future__ import annotations

import io
import pickle
import warnings
import zipfile

import pytest
import torch
import torchvision
from torch import nn
from torch.nn.utils import prune

from lostprune.audit import costs
from lostprune.audit.models import faster, opened
from lostprune.measurement import inference


def convolutional(channels: int = 3) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(channels, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4)
    )


class Dictionary(nn.Module):
    """Returns its logits beside others, as torchvision's segmentation networks do."""

    def __init__(self):
        super().__init__()
        self.body = convolutional()

    def forward(self, inputs):
        scores = self.body(inputs)
        return {"out": scores, "aux": -scores}


images = torch.rand(5, 3, 12, 12, generator=torch.Generator().manual_seed(1))


def same(network: nn.Module, plain: nn.Module, inputs: torch.Tensor = images) -> bool:
    with torch.no_grad():
        return torch.allclose(network(inputs), plain.eval()(inputs), atol=1e-5)


def test_a_module_is_not_changed():
    network = convolutional().train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    found = opened("parent", network)
    found.eval()
    with torch.no_grad():
        found(images)
    assert network.training and all(parameter.requires_grad for parameter in network.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert same(found, network)


def test_outputs_in_a_dictionary_or_a_tuple():
    network = Dictionary()
    assert same(opened("parent", network), network.body)
    pair = convolutional()
    pair.append(nn.Module())
    pair[-1].forward = lambda scores: (scores, None)
    assert same(opened("parent", pair), pair[:-1])


@pytest.mark.parametrize("dynamic", [False, True])
def test_an_exported_program_takes_any_number_of_images(tmp_path, dynamic):
    network = convolutional().eval()
    shapes = ({0: torch.export.Dim("batch")},) if dynamic else None
    program = torch.export.export(network, (torch.rand(2, 3, 12, 12),), dynamic_shapes=shapes)
    torch.export.save(program, tmp_path / "network.pt2")
    for given in (program, tmp_path / "network.pt2", str(tmp_path / "network.pt2")):
        found = opened("pruned", given)
        assert all(same(found.eval(), network, images[:count]) for count in (1, 2, 5))
    assert sum(parameter.numel() for parameter in found.parameters()) == sum(p.numel() for p in network.parameters())


def test_a_torchscript_file(tmp_path):
    network = torchvision.models.squeezenet1_1(num_classes=4)
    large = torch.rand(2, 3, 64, 64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(network.eval(), large).save(tmp_path / "network.pt")
    found = opened("pruned", tmp_path / "network.pt")
    assert same(found, network, large)
    (logits,) = inference.each([found], large)
    assert torch.allclose(logits, network(large), atol=1e-5)


class Pair(nn.Module):
    """Returns its logits first in a tuple, as networks with further heads do."""

    def __init__(self):
        super().__init__()
        self.body = convolutional()

    def forward(self, inputs):
        scores = self.body(inputs)
        return scores, -scores


def test_a_program_for_one_size_of_batches_may_return_a_tuple_and_costs_what_an_image_costs():
    network = Pair().eval()
    exported = opened("parent", torch.export.export(network, (torch.rand(4, 3, 12, 12),)))
    assert same(exported, network.body)
    ours, plain = (costs.size(one, images[:1])["multiply_adds"] for one in (exported, opened("parent", network)))
    assert ours == plain


def test_an_onnx_file(tmp_path):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    network = convolutional().eval()
    torch.onnx.export(network, (images[:2],), str(tmp_path / "network.onnx"), dynamo=True, verbose=False)
    assert same(opened("pruned", tmp_path / "network.onnx"), network)


def test_without_onnxruntime_a_message_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "network.onnx").write_bytes(b"")
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(ImportError, match="pip install onnxruntime"):
        opened("pruned", tmp_path / "network.onnx")


class Malicious:
    def __reduce__(self):
        return print, ("a pickle ran",)


def test_no_pickle_runs(tmp_path, capsys):
    program = torch.export.export(convolutional().eval(), (images,))
    torch.export.save(program, tmp_path / "good.pt2")
    with zipfile.ZipFile(tmp_path / "good.pt2") as good, zipfile.ZipFile(tmp_path / "bad.pt2", "w") as bad:
        for item in good.infolist():
            content = good.read(item)
            if "sample_inputs" in item.filename:
                content = io.BytesIO()
                torch.save(Malicious(), content, pickle_module=pickle)
                content = content.getvalue()
            bad.writestr(item.filename.replace("good/", "bad/"), content)
    with pytest.raises(ValueError, match="cannot be read"):
        opened("pruned", tmp_path / "bad.pt2")
    assert "a pickle ran" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["network.pt2", "network.pt", "network.txt"])
def test_a_file_that_is_none_of_these_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"not a network")
    with pytest.raises(ValueError, match=name):
        opened("pruned", tmp_path / name)


def test_a_file_of_weights_asks_for_its_network(tmp_path):
    torch.save(convolutional().state_dict(), tmp_path / "weights.pth")
    with pytest.raises(ValueError, match="needs its network"):
        opened("parent", tmp_path / "weights.pth")


def test_other_things_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="pruned"):
        opened("pruned", tmp_path / "nowhere.pt2")
    with pytest.raises(TypeError, match="got a dict"):
        opened("pruned", {})


def test_a_network_that_torch_pruned_is_compared_as_it_is():
    network = convolutional()
    prune.l1_unstructured(network[0], "weight", 0.5)
    copied = opened("pruned", network)
    assert torch.equal(copied(images), network.eval()(images))
    kept, all_of_them = (costs.size(one, images[:1])["nonzero_parameters"] for one in (copied, convolutional()))
    assert kept == all_of_them - network[0].weight.numel() // 2
    assert hasattr(network[0], "weight_orig")  # what was given stays


@pytest.mark.parametrize("name", ["logits", "out"])
def test_logits_under_either_name(name):
    class Named(nn.Module):
        def forward(self, inputs):
            return {name: inputs.mean((2, 3)), "features": inputs}

    assert opened("parent", Named())(images).shape == (5, 3)


def test_batch_norms_of_what_was_opened_are_folded():
    network = opened("parent", convolutional())
    folded = faster(network)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    assert torch.allclose(folded(images), network(images), atol=1e-5)
