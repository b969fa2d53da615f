"""Pruning methods by name: ``@register("Taylor", …)`` in a notebook cell makes the name work everywhere."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import nn

from ..foundations.choices import check_choice
from ..foundations.description import Description, package_of
from .layers import METHODS

PRUNES = ("weights", "filters")
SCOPES = ("global", "local")
_NAME = re.compile("[A-Za-z][A-Za-z0-9_]*")
_TAKEN = ("parent", "separate")  # unpruned networks, whose files lie beside those of the methods

Function = Callable[[nn.Module, torch.Tensor | None], Mapping[str, torch.Tensor]]


@dataclass(frozen=True, eq=False)
class Method:
    """A pruning method: what it computes, and what is done with it.

    Attributes:
        name: under which it is registered.
        function: from a network and samples to scores.
        prunes, scope, needs_samples, title, sensitivity, input_channels: see :func:`register`.
    """

    name: str
    function: Function
    prunes: str
    scope: str
    needs_samples: bool
    title: str
    sensitivity: str
    input_channels: bool

    @property
    def dim(self) -> int | None:
        """The dimension of a layer's weight that the scores go along; ``None`` for one score for each weight."""
        return None if self.prunes == "weights" else int(self.input_channels)

    def shape(self, weight: torch.Tensor) -> torch.Size:
        """Shape of a layer's scores."""
        return weight.shape if self.dim is None else weight.shape[self.dim : self.dim + 1]


REGISTERED: dict[str, Method] = {}


def register(
    name: str,
    *,
    prunes: str,
    scope: str,
    needs_samples: bool = True,
    title: str = "",
    sensitivity: str = "",
    input_channels: bool = False,
) -> Callable[[Function], Function]:
    """Decorator that makes a pruning method available by name.

    It decorates a function from a network and samples to scores: a dict with one tensor for each prunable layer, by
    the name of its weight (:func:`prunable` lists them). What has the smallest scores goes first. The network is a copy
    in evaluation mode on its device, whose parameters have gradients if the function asks for them; the samples are all
    at once, float32 [n, c, h, w], or ``None``. They have no labels. Random numbers of torch repeat. Where a weight is
    0, its score counts as 0. Registering a name again replaces the method, so that a notebook cell can be run twice.

    Args:
        name: of letters, digits and underscores; none of the paper's, whatever the case of its letters.
        prunes: ``"weights"``: scores are shaped like the weight of the layer; ``"filters"``: they are ``[out]``.
        scope: ``"global"``: the smallest scores of the whole network go, so those of different layers are compared;
            ``"local"``: the same fraction of every layer goes. Filters of the classifier, the classes, always stay.
        needs_samples: whether it looks at data; without, the samples may be ``None``.
        title: what the method is called in Table 1; else the first line of the function's docstring, or its name.
        sensitivity: the formula in Table 1, as Markdown; else the function's name.
        input_channels: scores are of input channels, ``[in]``, and PFP's error bound spreads the budget over them.

    Raises:
        ValueError: the name is taken, or holds other signs; an unknown ``prunes`` or ``scope``.
        TypeError: what is decorated cannot be called.

    Example:
        >>> from lostprune.pruning import prunable
        >>> @register("Random", prunes="weights", scope="global", needs_samples=False)
        ... def random(network, samples):
        ...     return {name: torch.rand_like(layer.weight) for name, layer in prunable(network).items()}
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f"method name: got {name!r}, expected a letter, then letters, digits and underscores; choose another name"
        )
    alike = [known for known in (*_TAKEN, *REGISTERED) if known.lower() == name.lower()]
    if alike and (name in METHODS or name not in REGISTERED):
        raise ValueError(
            f"method name: got {name!r}, which is taken by {alike[0]!r}; choose another name. Names become those "
            "of files, so that the case of letters makes no difference"
        )
    check_choice("prunes", prunes, PRUNES)
    check_choice("scope", scope, SCOPES)
    if input_channels and (prunes, scope, needs_samples) != ("filters", "local", True):
        raise ValueError(
            f"input_channels: got True with prunes={prunes!r}, scope={scope!r}, needs_samples={needs_samples}, "
            "expected 'filters', 'local' and True: the error bound counts the places of each layer in a sample"
        )

    def keep(function: Function) -> Function:
        if not callable(function):
            raise TypeError(f"method {name!r}: got a {type(function).__name__}, expected a function (network, samples)")
        called = getattr(function, "__name__", type(function).__name__)
        told = (function.__doc__ or "").strip().partition("\n")[0].rstrip(".") if hasattr(function, "__name__") else ""
        REGISTERED[name] = Method(
            name,
            function,
            prunes,
            scope,
            bool(needs_samples),
            title or told or called.replace("_", " "),
            sensitivity or f"`{called}`",
            input_channels,
        )
        return function

    return keep


def names() -> tuple[str, ...]:
    """The registered names: the paper's in the order of its Table 1, then others, sorted."""
    return (*METHODS, *sorted(REGISTERED.keys() - set(METHODS)))


def registered(name: str) -> Method:
    """What is registered under a name. Raises ValueError for an unknown one."""
    check_method("method", name)
    return REGISTERED[name]


def check_method(what: str, name: object) -> None:
    """Raise ValueError, which says how to register one, unless a method of this name is registered."""
    try:
        check_choice(what, name, names())
    except ValueError as error:
        raise ValueError(f"{error}. Register your own with @lostprune.pruning.register({name!r}, …).") from None


def of_kind(methods: Iterable[str], prunes: str) -> list[str]:
    """Those of ``methods`` that prune ``"weights"`` or ``"filters"``. Raises ValueError for an unknown method."""
    return [name for name in methods if registered(name).prunes == prunes]


def fingerprint(name: str) -> str | None:
    """What tells two methods of one name apart: ``None`` for the paper's, a digest for others.

    It covers how the method is registered and the code of its function, including the functions, classes and values
    that it uses from its own package, as that of a network does (:func:`lostprune.networks.fingerprint`).

    Raises:
        ValueError: unknown name.
    """
    method = registered(name)
    return None if name in METHODS else _digest(method)


@functools.lru_cache(maxsize=128)
def _digest(method: Method) -> str:
    describe = Description({package_of(method.function)} - {"torch", "lostprune"})
    words = (method.prunes, method.scope, method.needs_samples, method.input_channels, describe(method.function))
    return hashlib.sha256(repr(words).encode()).hexdigest()[:8]
