"""One network in training: its weights, optimiser state and learning rates, all on the device."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn

from .. import data, tasks
from ..foundations.reasons import first_line
from ..networks.layout import with_channels_last
from .engine import FLOAT32, engines_for
from .feeds import Resident, Streamed
from .run import Run

log = logging.getLogger("lostprune")
_WARM_UP_STEPS = 3  # before a capture, so that every library has chosen its kernels


class Trainer:
    """Runs the steps of one training. The host only starts them: within an epoch nothing is read back."""

    def __init__(self, run: Run):
        self.run, self.engine, recipe = run, FLOAT32, run.recipe
        self.device, self.count, self.task = run.device, len(run.labels), data.DATASETS[run.dataset].task
        self.network = with_channels_last(run.network).train()
        masks = run.masks or {}
        parameters = dict(self.network.named_parameters())
        for name, mask in masks.items():
            if name not in parameters or mask.shape != parameters[name].shape:
                expected = list(parameters[name].shape) if name in parameters else "the names of parameters"
                raise ValueError(f"masks[{name!r}]: got {list(mask.shape)}, expected {expected} of this network")
        self._parameters = list(parameters.values())
        # Masks of the parameters' own type: one multiplication then serves them all at once.
        self._masked = [parameters[name] for name in masks]
        self._masks = [mask.to(parameter.dtype) for mask, parameter in zip(masks.values(), self._masked, strict=True)]
        self._zero_pruned()
        self.steps_per_epoch = len(self.batch_sizes())
        rates = [recipe.learning_rate_at(i, self.steps_per_epoch) for i in range(recipe.epochs * self.steps_per_epoch)]
        self._rates = torch.tensor(rates, dtype=torch.float32, device=self.device)
        self._rate = torch.zeros((), device=self.device)
        self._optimizer = torch.optim.SGD(
            self._parameters,
            lr=self._rate,
            momentum=recipe.momentum,
            nesterov=recipe.nesterov,
            weight_decay=recipe.weight_decay,
            fused=True,
        )
        for parameter in self._parameters:  # what SGD begins with, but the same tensor from the first step on
            self._optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
        if isinstance(run.images, torch.Tensor):
            self.feed = Resident(run.images, run.labels, run.training, getattr(self.task, "ignore", 255))
        else:
            if run.training != "nominal":
                raise ValueError(
                    f"training: got {run.training!r} for images that are read one by one, expected 'nominal': only "
                    "images that lie in memory as one tensor are altered in training"
                )
            sizes = self.batch_sizes()
            self.feed = Streamed(run.images, run.labels, run.dataset, run.image_size, sizes, self.device)
        self._first = torch.zeros(1, dtype=torch.int64, device=self.device)  # image of the next batch
        self._step = torch.zeros(1, dtype=torch.int64, device=self.device)  # counted from the start of the run
        self._loss_sum = torch.zeros((), dtype=torch.float64, device=self.device)
        self._counts = torch.zeros((), dtype=torch.int64, device=self.device)  # takes its shape from the first step
        # One generator on the CPU draws for every device, so that the data order does not depend on it.
        self._generator = torch.Generator().manual_seed(run.seed)
        # For what the network itself draws on a CPU, such as dropout. The caller's random state stays.
        self._draws, self._random = False, torch.Generator().manual_seed((run.seed + 1) % 2**63).get_state()
        self._stream = None
        if self.device.type == "cuda":
            self._stream = torch.cuda.Stream(self.device)
            self._stream.wait_stream(torch.cuda.current_stream(self.device))  # for all that was laid out until here
        self._graphs: dict[int, torch.cuda.CUDAGraph] = {}

    def batch_sizes(self) -> list[int]:
        """Batch sizes of one epoch; the last batch may be smaller.

        A single image that is left over joins the batch before: some batch norms see one value for each image.
        """
        size = self.run.recipe.batch_size
        sizes = [min(size, self.count - first) for first in range(0, self.count, size)]
        return [*sizes[:-2], size + 1] if sizes[-1] == 1 < len(sizes) else sizes

    def prepare(self) -> None:
        """Find the fastest engine that takes the network, by trying it; the state is as before.

        Says in one line of the log why a faster one does not take it.

        Raises:
            torch.OutOfMemoryError: not enough memory on the device.
            Exception: what the network itself raises, whatever the engine.
        """
        before, outside, reasons = self.state(), torch.get_rng_state(), []
        for engine in engines_for(self.device, self.run.engine):
            self.engine = engine
            try:
                self._try_out()
            except torch.OutOfMemoryError:
                raise
            except Exception as reason:  # a network of the user's own may raise anything
                if engine is FLOAT32:
                    raise
                reasons.append(f"{engine.name}: {first_line(reason)}")
            else:
                break
            finally:
                self.restore(before)
        self._draws = not torch.equal(torch.get_rng_state(), outside)
        torch.set_rng_state(outside)
        if reasons:
            name = type(self.network).__name__
            log.warning("%s trains with engine %s, since %s", name, engine.name, "; ".join(reasons))

    def release(self) -> None:
        """Give back the memory that the captured steps hold; ``prepare`` captures them again."""
        self._graphs.clear()

    def _try_out(self) -> None:
        self._graphs.clear()
        self._step.zero_()
        with self._on_stream():
            for size in dict.fromkeys(self.batch_sizes()):
                for _ in range(_WARM_UP_STEPS if self.engine.captured else 1):
                    self._first.zero_()
                    self._run_step(size)
                if self.engine.captured:
                    self._capture(size)

    def begin_epoch(self) -> None:
        """Draw the order of the images, what alters them, their crops and flips."""
        with self._on_stream():
            self.feed.begin_epoch(self._generator)
            for counter in (self._first, self._loss_sum, self._counts):
                counter.zero_()

    def step(self, size: int) -> None:
        """The next step of the epoch, on ``size`` images."""
        with self._on_stream():
            self.feed.load(size, self._first)
            if size in self._graphs:
                self._graphs[size].replay()
            elif self._draws:
                with self._own_random_state():
                    self._run_step(size)
            else:
                self._run_step(size)

    @contextmanager
    def _own_random_state(self) -> Iterator[None]:
        outside = torch.get_rng_state()
        torch.set_rng_state(self._random)
        try:
            yield
        finally:
            self._random = torch.get_rng_state()
            torch.set_rng_state(outside)

    def end_epoch(self) -> dict:
        """Mean ``loss``, ``error`` and ``engine`` of the epoch; waits for the device."""
        with self._on_stream():
            loss, error = self._loss_sum.item() / self.count, self.task.error_of(self._counts, self.count)
        return {"loss": loss, "error": error, "engine": self.engine.name}

    def state(self) -> list[torch.Tensor]:
        """A copy of everything that a step changes, and of the random states."""
        with self._on_stream():
            return [*(tensor.clone() for tensor in self._changing()), self._generator.get_state(), self._random]

    def restore(self, state: list[torch.Tensor]) -> None:
        """Put ``state`` back into the same tensors: a captured step reads and writes those alone."""
        *tensors, order, self._random = state
        with torch.no_grad(), self._on_stream():
            for tensor, before in zip(self._changing(), tensors, strict=True):
                tensor.copy_(before)
        self._generator.set_state(order)

    def _changing(self) -> list[torch.Tensor]:
        momenta = [self._optimizer.state[parameter]["momentum_buffer"] for parameter in self._parameters]
        return [*self.network.state_dict().values(), *momenta, self._step, self._rate]

    def _run_step(self, size: int) -> None:
        rows = self._first + torch.arange(size, device=self.device)
        labels = self.feed.labels.index_select(0, rows)
        inputs = data.normalize(self.feed.images.index_select(0, rows), self.run.dataset)
        inputs = inputs.contiguous(memory_format=torch.channels_last)
        self._rate.copy_(self._rates.index_select(0, self._step).squeeze(0))
        forward = _forward(self.engine.compiled)
        loss, counts = forward(self.network, inputs, labels, self.task, self.engine.bfloat16)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.step()
        self._zero_pruned()
        self._loss_sum += loss.detach() * size
        if self._counts.shape != counts.shape:
            self._counts = torch.zeros_like(counts)
        self._counts += counts
        self._first += size
        self._step += 1

    def _zero_pruned(self) -> None:
        if self._masked:
            with torch.no_grad():
                torch._foreach_mul_(self._masked, self._masks)

    def _capture(self, size: int) -> None:
        self._optimizer.zero_grad(set_to_none=True)
        graph = torch.cuda.CUDAGraph()
        # The two sizes never run at once, so they share their memory; graphs of other networks do run meanwhile.
        pool = next(iter(self._graphs.values())).pool() if self._graphs else None
        with torch.cuda.graph(graph, pool=pool, stream=self._stream):
            self._run_step(size)
        self._graphs[size] = graph

    def _on_stream(self) -> torch.cuda.StreamContext:
        return torch.cuda.stream(self._stream)  # does nothing for None


def _loss(
    network: nn.Module, inputs: torch.Tensor, labels: torch.Tensor, task: tasks.Task, bfloat16: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    with torch.autocast(inputs.device.type, torch.bfloat16, enabled=bfloat16):
        outputs = network(inputs)
    with torch.no_grad():
        counts = task.counts(outputs, labels).sum(0)
    return task.loss(outputs, labels), counts


@functools.cache
def _forward(compiled: bool) -> Callable:
    """One function for all networks: compiled, those of one architecture and batch size share its code."""
    if not compiled:
        return _loss
    torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, 64)  # architectures and sizes
    return torch.compile(_loss, dynamic=False)
