"""What operations do to channels that are 0, constant or not read.

Each kind of step has two rules. ``forward`` derives from its sources which channels of its results can be other than 0
or vary; ``backward`` derives from its results which channels of its sources can reach the network's output. A rule may
say too much, never too little: only what is certainly 0, constant or without effect may be called so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

Kept = Mapping[str, np.ndarray]
"""By parameter name, what masks keep: bool [outputs, inputs] for weights, [channels] for others. Others: all of it."""


class Value:
    """A tensor inside the network, and what is known of its channels.

    Attributes:
        axis: the dimension of the channels, counted from the end (-3 in [n, channels, h, w]), or ``None`` where it is
            not known: then the whole tensor counts as one channel.
        nonzero: bool [channels], can it be other than 0 for some input?
        varies: bool [channels], can it be anything but one number, the same for every input and at all positions?
        reaching: bool [channels], can the network's output depend on it?
    """

    def __init__(self, axis: int | None = None, size: int = 1, varies: bool = True):
        self.axis = axis
        self.size = size
        self.nonzero = np.ones(size, bool)
        self.varies = np.full(size, varies)
        self.reaching = np.zeros(size, bool)

    def spread(self, facts: np.ndarray, axis: int | None, size: int) -> np.ndarray:
        """``facts`` of this value (one of its attributes), for the ``size`` channels that another axis has."""
        return facts if self.fits(axis, size) else np.full(size, facts.any())

    def reach(self, axis: int | None, where: np.ndarray) -> None:
        """Note that the output can depend on the channels ``where``, given along an axis."""
        self.reaching |= where if self.fits(axis, len(where)) else where.any()

    def fits(self, axis: int | None, size: int) -> bool:
        return axis == self.axis and size == self.size


class Step:
    """One operation; also the rule for unknown ones, which pass everything on."""

    def __init__(self, sources: Sequence[Value], *results: Value):
        self.sources = list(sources)
        self.results = results

    @property
    def result(self) -> Value:
        return self.results[0]

    def forward(self, kept: Kept) -> None:
        pass  # a new value can be anything

    def backward(self, kept: Kept) -> None:
        if any(result.reaching.any() for result in self.results):
            for source in self.sources:
                source.reaching[:] = True


class Layer(Step):
    """A convolution or a fully connected layer.

    Attributes:
        weight, bias: names of the parameters; ``None`` where they are none, such as a computed weight.
    """

    def __init__(
        self, source: Value, axis: int, shape: tuple, groups: int, weight: str | None, bias: str | None | bool
    ):
        super().__init__([source], Value(axis, shape[0]))
        self.axis, self.groups, self.inputs = axis, groups, shape[1] * groups
        self.weight = weight
        self.bias = bias if isinstance(bias, str) else None
        self._links = np.ones((1, 1), bool) if groups == 1 else np.ones(shape[:2], bool)  # where there is no mask
        self._offset = np.full(shape[0], bool(bias))

    @property
    def nonzero(self) -> np.ndarray:
        return self.sources[0].spread(self.sources[0].nonzero, self.axis, self.inputs)

    @property
    def varies(self) -> np.ndarray:
        return self.sources[0].spread(self.sources[0].varies, self.axis, self.inputs)

    def forward(self, kept: Kept) -> None:
        links = kept.get(self.weight, self._links)
        offset = kept.get(self.bias, self._offset)
        self.result.nonzero = self._from_inputs(links, self.nonzero) | offset
        self.result.varies = self._from_inputs(links, self.varies)

    def backward(self, kept: Kept) -> None:
        links, reaching = kept.get(self.weight, self._links), self.result.reaching
        read = links & reaching[:, None]
        if self.groups > 1:
            read = read.reshape(self.groups, -1, read.shape[1]).any(1)
        else:
            read = np.broadcast_to(read.any(0), self.inputs)
        self.sources[0].reach(self.axis, read.ravel())

    def _from_inputs(self, links: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        if self.groups > 1:
            inputs = inputs.reshape(self.groups, -1).repeat(len(links) // self.groups, 0)
        return np.broadcast_to((links & inputs).any(1), self.result.size)


class Norm(Step):
    """A batch norm.

    Attributes:
        weight, bias, running_mean: names of the parameters and the buffer, or ``None``.
        shift: bool [channels], where it subtracts a running mean other than 0.
        running: whether it uses running statistics.
    """

    def __init__(
        self,
        source: Value,
        axis: int,
        shift: np.ndarray,
        running: bool,
        offset: bool,
        running_mean: str | None,
        weight: str | None,
        bias: str | None,
    ):
        super().__init__([source], Value(axis, len(shift)))
        self.axis, self.shift, self.running = axis, shift, running
        self.running_mean, self.weight, self.bias = running_mean, weight, bias
        self._all, self._offset = np.ones(len(shift), bool), np.full(len(shift), offset)

    @property
    def nonzero(self) -> np.ndarray:
        return self.sources[0].spread(self.sources[0].nonzero, self.axis, self.result.size)

    def forward(self, kept: Kept) -> None:
        source, scaled = self.sources[0], kept.get(self.weight, self._all)
        varies = source.spread(source.varies, self.axis, self.result.size)
        self.result.nonzero = scaled & (self.nonzero | self.shift) | kept.get(self.bias, self._offset)
        self.result.varies = scaled & varies

    def backward(self, kept: Kept) -> None:
        self.sources[0].reach(self.axis, self.result.reaching & kept.get(self.weight, self._all))


class Through(Step):
    """Each channel of the result comes from one channel of the source: activations, pooling, reshapes, slices.

    Attributes:
        origin: int [channels], the channel that each one comes from, or -1 for one of zeros, such as padding.
        zeros_stay: whether 0 everywhere becomes 0 everywhere.
        even: whether a constant becomes a constant: at borders it may not.
        averages: whether a constant stays the number that it is.
    """

    def __init__(
        self, source: Value, axis: int | None, origin: np.ndarray, zeros_stay: bool, even: bool, averages: bool = False
    ):
        super().__init__([source], Value(axis, len(origin)))
        self.origin, self.zeros_stay, self.even, self.averages = origin, zeros_stay, even, averages

    def forward(self, kept: Kept) -> None:
        source, made = self.sources[0], self.origin >= 0
        nonzero = source.nonzero[self.origin] & made
        self.result.varies = source.varies[self.origin] & made
        if not self.even:
            self.result.varies |= nonzero
        self.result.nonzero = nonzero if self.zeros_stay else np.ones_like(nonzero)

    def backward(self, kept: Kept) -> None:
        self.sources[0].reaching[self.origin[self.result.reaching & (self.origin >= 0)]] = True


class Combine(Step):
    """Sums and products, channel by channel.

    Attributes:
        adds: whether it is just the sum of its sources.
        even: whether constants make a constant.
    """

    def __init__(
        self,
        sources: Sequence[Value],
        axis: int | None,
        size: int,
        product: bool = False,
        adds: bool = False,
        even: bool = True,
    ):
        super().__init__(sources, Value(axis, size))
        self.product, self.adds, self.even = product, adds, even

    def forward(self, kept: Kept) -> None:
        nonzero = self._spread("nonzero")
        self.result.nonzero = nonzero.all(0) if self.product else nonzero.any(0)
        self.result.varies = self.result.nonzero & (self._spread("varies").any(0) if self.even else True)

    def backward(self, kept: Kept) -> None:
        nonzero = self._spread("nonzero")
        for number, source in enumerate(self.sources):
            others = np.delete(nonzero, number, 0).all(0) if self.product else True
            source.reach(self.result.axis, self.result.reaching & others)

    def _spread(self, fact: str) -> np.ndarray:
        axis, size = self.result.axis, self.result.size
        return np.stack([source.spread(getattr(source, fact), axis, size) for source in self.sources])


class Concatenate(Step):
    """Tensors set beside one another along their channels."""

    def __init__(self, sources: Sequence[Value], axis: int, sizes: Sequence[int]):
        super().__init__(sources, Value(axis, sum(sizes)))
        self.axis, self.ends = axis, np.cumsum(sizes).tolist()
        self.starts = [end - size for end, size in zip(self.ends, sizes, strict=True)]

    def forward(self, kept: Kept) -> None:
        for fact in ("nonzero", "varies"):
            parts = [
                source.spread(getattr(source, fact), self.axis, end - start)
                for source, start, end in zip(self.sources, self.starts, self.ends, strict=True)
            ]
            setattr(self.result, fact, np.concatenate(parts))

    def backward(self, kept: Kept) -> None:
        for source, start, end in zip(self.sources, self.starts, self.ends, strict=True):
            source.reach(self.axis, self.result.reaching[start:end])
