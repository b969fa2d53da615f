"""Networks by name: ``@register("mynet")`` in a notebook cell makes ``network="mynet"`` work everywhere."""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from ..foundations.choices import check_choice
from .ladders import TRAININGS, Ladder
from .recipes import Recipe
from .weights import check_path, load_weights, read_weights

log = logging.getLogger("lostprune")
RANDOM_STATE = threading.Lock()  # torch has one for the whole process; chains may run in threads
MODEL = "resnet20"  # whose recipe and ladders networks without their own take


@dataclass(eq=False)
class Registered:
    """A network and how it is trained and pruned; ``None`` and missing ladders stand for those of ``MODEL``."""

    name: str
    builder: Callable[..., nn.Module]
    recipe: Recipe | None
    retrain_recipe: Recipe | None
    ladders: dict[str, Ladder]
    weights: Path | None
    sha256: str | None = None  # of the weights, where it was given
    announced: bool = False

    def built(self, num_classes: int) -> nn.Module:
        """A freshly initialised network. Raises TypeError if the builder does not take ``num_classes``."""
        try:
            return self.builder(num_classes=num_classes)
        except TypeError as error:
            if "num_classes" not in str(error):
                raise
            raise TypeError(
                f"network {self.name!r}: its builder does not take num_classes ({error}); expected a function or class "
                "that takes the number of classes, such as def build(num_classes=10)"
            ) from error


_PINNED = re.compile("(.+)@([0-9a-f]{64})")
REGISTERED: dict[str, Registered] = {}


def register(
    name: str,
    recipe: Recipe | None = None,
    retrain_recipe: Recipe | None = None,
    ladder: Ladder | Sequence[float] | Mapping[str, Ladder | Sequence[float]] | None = None,
    weights: str | os.PathLike | None = None,
) -> Callable:
    """Decorator that makes a network available by name.

    It decorates anything that takes ``num_classes`` and returns an ``nn.Module``: a function, or the module class
    itself. Registering a name again replaces the network, so that a notebook cell can be run twice.

    Args:
        name: letters, digits and underscores.
        recipe: how to train it; ``None`` takes the ResNets' recipe, and the log says so.
        retrain_recipe: how to retrain it in each cycle; ``None`` takes ``recipe`` (Algorithm 1, line 6).
        ladder: falling keep ratios, such as ``(0.85, 0.5, 0.2)``, or a :class:`~lostprune.training.Ladder`. A dict with
            the keys ``"nominal"`` and ``"robust"`` gives one for each kind of training. A missing ladder is ResNet20's,
            and the log says so.
        weights: file of a trained network (:func:`~lostprune.networks.weights.read_weights` says which): a study then
            prunes this parent in every repetition, and does not train one. ``"FILE@SHA256"`` also gives the file's
            digest; the file is then not needed if all results exist.

    Raises:
        ValueError: the name is not an identifier (names become folder names and papermill parameters); a ladder that
            does not fall; weights in a file of another type.
        FileNotFoundError: the file of weights does not exist, and no digest is given.
        TypeError: a recipe that is not a :class:`~lostprune.training.Recipe`.

    Example:
        >>> @register("mynet", ladder=(0.8, 0.4, 0.2))
        ... class MyNet(nn.Sequential):
        ...     def __init__(self, num_classes=10):
        ...         pool = nn.AdaptiveAvgPool2d(1)
        ...         super().__init__(nn.Conv2d(3, 8, 3), nn.ReLU(), pool, nn.Flatten(), nn.Linear(8, num_classes))
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"network name: got {name!r}, expected letters, digits and underscores; choose another name")
    for what, given in (("recipe", recipe), ("retrain_recipe", retrain_recipe)):
        if given is not None and not isinstance(given, Recipe):
            raise TypeError(f"{what}: got a {type(given).__name__}, expected a lostprune.training.Recipe")
    ladders = _ladders(ladder)
    path, sha256 = _located(weights)

    def keep(builder: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
        REGISTERED[name] = Registered(name, builder, recipe, retrain_recipe or recipe, ladders, path, sha256)
        return builder

    return keep


def names() -> tuple[str, ...]:
    """The registered names, sorted."""
    return tuple(sorted(REGISTERED))


def build(name: str, num_classes: int = 10) -> nn.Module:
    """A freshly initialised network; seed torch first if it must repeat.

    Raises:
        ValueError: unknown name (the message lists the known ones and the nearest).
        TypeError: its builder does not take ``num_classes``.
    """
    return registered(name).built(num_classes)


def registered(name: str) -> Registered:
    """What is registered under a name. Raises ValueError for an unknown one, like :func:`build`."""
    try:
        check_choice("network", name, names())
    except ValueError as error:
        raise ValueError(f"{error} Register your own with @lostprune.networks.register({name!r}).") from None
    return REGISTERED[name]


def recipe_for(name: str) -> Recipe:
    """How the network is trained. Raises ValueError for an unknown one, like :func:`build`."""
    network = registered(name)
    return network.recipe or _announced(network).recipe


def retrain_recipe_for(name: str) -> Recipe:
    """How each cycle retrains the network. Raises ValueError for an unknown one, like :func:`build`."""
    network = registered(name)
    return network.retrain_recipe or _announced(network).retrain_recipe


def ladder_for(name: str, training: str = "nominal") -> Ladder:
    """The keep ratios that the network is pruned to.

    Args:
        name: a registered network.
        training: ``"nominal"`` or ``"robust"`` (Section 6).

    Raises:
        ValueError: either is unknown.
    """
    network = registered(name)
    check_choice("training", training, TRAININGS)
    return network.ladders.get(training) or _announced(network).ladders[training]


def weights_digest(name: str) -> str | None:
    """The SHA-256 of the file of weights that the network was registered with; ``None`` without one.

    Raises:
        ValueError: unknown name.
        FileNotFoundError: the file is gone.
    """
    path, known = registered(name).weights, registered(name).sha256
    if path is None or known:
        return known
    facts = check_path(path).stat()
    return _sha256(path, facts.st_size, facts.st_mtime_ns)


def load_pretrained(network: nn.Module, name: str) -> None:
    """Copy the weights that ``name`` was registered with into a network that :func:`build` made.

    Raises:
        FileNotFoundError: the file is gone.
        ValueError: unknown name; weights that cannot be read or do not fit, all of which are listed.
    """
    path, known = registered(name).weights, registered(name).sha256
    if known:
        facts = check_path(path).stat()
        if (found := _sha256(path, facts.st_size, facts.st_mtime_ns)) != known:
            raise ValueError(f"weights: {path}: got SHA-256 {found}, expected {known}; it is another file")
    load_weights(network, read_weights(path))


@functools.lru_cache(maxsize=128)
def _sha256(path: Path, size: int, changed: int) -> str:  # of a file that is as it was
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _located(weights: str | os.PathLike | None) -> tuple[Path | None, str | None]:
    """The path of weights, and their digest where ``FILE@SHA256`` gives it."""
    if weights is None:
        return None, None
    pinned = _PINNED.fullmatch(os.fspath(weights))
    return (Path(pinned[1]).expanduser().absolute(), pinned[2]) if pinned else (check_path(weights), None)


def _announced(network: Registered) -> Registered:
    """``MODEL``, in whose way a network without its own recipe or ladder is treated; the log says it once."""
    if not network.announced:
        network.announced = True
        given = {"recipe": network.recipe, "retrain_recipe": network.retrain_recipe}
        given |= {f"{training} ladder": network.ladders.get(training) for training in TRAININGS}
        missing = ", ".join(what for what, value in given.items() if value is None)
        log.warning(
            "network %r: registered without %s; those of %s are taken. networks.register(%r, recipe=…, ladder=…) sets "
            "its own",
            network.name,
            missing,
            MODEL,
            network.name,
        )
    return REGISTERED[MODEL]


def _ladders(given: Ladder | Sequence[float] | Mapping[str, Ladder | Sequence[float]] | None) -> dict[str, Ladder]:
    if given is None:
        return {}
    by_training = given if isinstance(given, Mapping) else dict.fromkeys(TRAININGS, given)
    for training in by_training:
        check_choice("ladder", training, TRAININGS)
    return {name: each if isinstance(each, Ladder) else Ladder(tuple(each)) for name, each in by_training.items()}
