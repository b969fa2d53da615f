"""Networks of any make as one thing: a module in evaluation mode that turns inputs into logits."""

from __future__ import annotations

import copy
import os
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn
from torch.export import ExportedProgram

from ..foundations.reasons import first_line
from ..networks.batch_norms import fold, foldable
from ..networks.copies import copied
from ..tasks import logits

FORMS = (
    "a torch module, a program of torch.export (.pt2), a TorchScript file (.pt, .pth, .ts) or an ONNX file (.onnx, "
    "which needs onnxruntime)"
)


class Logits(nn.Module):
    """What a network says of images, as a tensor. Its own ``train`` mode is left alone.

    Attributes:
        layers: whether the network still has layers, which can be folded; what was exported has none.
    """

    def __init__(self, network: nn.Module, layers: bool = False):
        super().__init__()
        self.network, self.layers = network, layers

    def train(self, mode: bool = True) -> nn.Module:  # an exported program refuses it
        return self

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return _logits_of(self.network(inputs))


class FixedBatch(nn.Module):
    """Runs what was exported for batches of one size on any number of images; the last batch is filled up."""

    def __init__(self, run: Callable[[torch.Tensor], object], size: int):
        super().__init__()
        self.run, self.size = run, size

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        missing = -len(inputs) % self.size
        filled = torch.cat([inputs, inputs[-1:].expand(missing, *inputs.shape[1:])])
        batches = filled.contiguous().split(self.size)
        return torch.cat([_logits_of(self.run(batch)) for batch in batches])[: len(inputs)]


def _logits_of(outputs: object) -> torch.Tensor:
    """A tuple or list begins with what the network is for; heads that help in training follow."""
    return logits(outputs[0] if isinstance(outputs, tuple | list) else outputs)


class Onnx(nn.Module):
    """An ONNX file with one input, run by onnxruntime on the CPU."""

    def __init__(self, path: Path):
        super().__init__()
        try:
            import onnxruntime
        except ImportError as error:
            raise ImportError(f"{path}: ONNX files need onnxruntime; pip install onnxruntime") from error
        self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        (self.input, *self.others) = self.session.get_inputs()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        outputs = self.session.run(None, {self.input.name: inputs.cpu().contiguous().numpy()})
        return torch.from_numpy(outputs[0]).to(inputs.device)


def opened(role: str, given: nn.Module | ExportedProgram | str | os.PathLike) -> Logits:
    """A network that gives logits; what was given is not changed.

    Args:
        role: its name in messages, such as "parent".
        given: a module, an exported program, or the path of a file. No code in a pickle runs.

    Raises:
        FileNotFoundError, ImportError: no such file; onnxruntime is not installed.
        TypeError, ValueError: none of these, or a damaged file.
    """
    if isinstance(given, str | os.PathLike):
        given = _from_file(role, Path(given))
    if isinstance(given, ExportedProgram):
        given = _exported(given)
    elif isinstance(given, Onnx):
        if given.others:
            raise ValueError(f"{role}: got a file of {1 + len(given.others)} inputs, expected one, the images")
        size = given.input.shape[0]
        given = FixedBatch(given, size) if isinstance(size, int) else given
    elif isinstance(given, torch.jit.ScriptModule):
        with torch.no_grad():  # else the copies are computed from the originals, for autograd
            given = copy.deepcopy(given).eval()
    elif isinstance(given, nn.Module):
        return Logits(copied(given).eval(), layers=True)
    else:
        raise TypeError(f"{role}: got a {type(given).__name__}, expected {FORMS}")
    return Logits(given)


def faster(network: Logits) -> nn.Module:
    """The same up to rounding, for many images: batch norms are folded where there are layers."""
    return fold(network, foldable(network)) if network.layers else network


def _exported(program: ExportedProgram) -> nn.Module:
    module = program.module()
    (images, *_) = [node for node in program.graph.nodes if node.name in program.graph_signature.user_inputs]
    size = images.meta["val"].shape[0]
    return FixedBatch(module, size) if isinstance(size, int) else module


def _from_file(role: str, path: Path) -> nn.Module | ExportedProgram:
    if not path.is_file():
        raise FileNotFoundError(f"{role}: got {path}, expected a file that exists: {FORMS}")
    try:
        if path.suffix == ".onnx":
            return Onnx(path)
        with _no_pickles(), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # TorchScript goes out of use; files of it remain
            if path.suffix == ".pt2":
                return torch.export.load(path)
            if path.suffix in (".pt", ".pth", ".ts") and _is_script(path):
                return torch.jit.load(path, map_location="cpu")
    except ImportError:  # says what to install
        raise
    except Exception as error:  # every reader has its own kinds
        raise ValueError(f"{role}: {path} cannot be read ({first_line(error)}), expected {FORMS}") from error
    raise ValueError(
        f"{role}: got {path}, expected {FORMS}; a file of weights needs its network: name that, and the file as weights"
    )


def _is_script(path: Path) -> bool:
    """Whether a file of torch's holds code, as TorchScript does, and not only weights."""
    with zipfile.ZipFile(path) as archive:
        return any("/code/" in name for name in archive.namelist())


@contextmanager
def _no_pickles() -> Iterator[None]:
    """An exported program may hold pickles, which could run anything; torch then refuses all but tensors."""
    name = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
