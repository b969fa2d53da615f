"""``lostprune bench``: one subcommand per benchmark."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable

import click

_as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_network = click.option("--network", default="resnet20", show_default=True, help="A registered network.")


@click.group()
def bench() -> None:
    """Measure how fast the library is on this machine."""


@bench.command()
@_network
@_as_json
def prune(network: str, as_json: bool) -> None:
    """Time one call of pruning.prune for each method, which keeps half of the parameters."""
    _tell("prune", as_json, network=network)


@bench.command()
@_network
@click.option("--together", type=click.IntRange(1), help="Networks trained at once. Default: 12 on CUDA, 2 on a CPU.")
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="How often to time each variant.")
@click.option(
    "--beside", is_flag=True, help="Also measure while another program keeps a core busy: all threads against one."
)
@click.option("--training", default="nominal", show_default=True, help="Time another kind of training against nominal.")
@_as_json
def train(as_json: bool, **options: object) -> None:
    """Time training steps against the plain loop."""
    _tell("train", as_json, **options)


@bench.command()
@_network
@click.option("--engine", "engines", multiple=True, help="Can be repeated. Default: the fastest and float32.")
@click.option("--count", type=click.IntRange(1), default=3, show_default=True, help="Networks trained at once.")
@click.option("--epochs", type=click.IntRange(1), help="Shorten the paper's recipe to this many epochs.")
@click.option("--images", type=click.IntRange(1), help="Train on this many of the 45,000 images.")
@_as_json
def error(as_json: bool, **options: object) -> None:
    """Train networks with two or more engines, and compare their test errors."""
    _tell("error", as_json, **options)


@bench.command()
@_as_json
def corruptions(as_json: bool) -> None:
    """Time the 19 corruptions on the CIFAR-10 test set against their plain versions."""
    _tell("corruptions", as_json)


@bench.command()
@_network
@_as_json
def evaluate(network: str, as_json: bool) -> None:
    """Time the evaluation of several networks against the plain loop."""
    _tell("evaluate", as_json, network=network)


@bench.command()
@_network
@_as_json
def shrink(network: str, as_json: bool) -> None:
    """Time networks without their pruned filters (50 % and 80 % of all) against the masked networks."""
    _tell("shrink", as_json, network=network)


@bench.command()
@_network
@click.option("--images", type=click.IntRange(1), default=2, show_default=True, help="How many images to rank.")
@click.option("--side", type=click.IntRange(1, 32), default=12, show_default=True, help="Side of the square to rank.")
@_as_json
def backselect(as_json: bool, **options: object) -> None:
    """Time the ranking of pixels, exact and by gradients, against the plain loop."""
    _tell("backselect", as_json, **options)


@bench.command()
@click.option(
    "--dataset", default="tiny_imagenet", show_default=True, help="A data set of image files with one class per image."
)
@click.option("--size", type=click.IntRange(8), default=224, show_default=True, help="Pixels on each side.")
@_as_json
def load(as_json: bool, **options: object) -> None:
    """Time reading and augmenting training images against torchvision's ImageFolder."""
    _tell("load", as_json, **options)


def _tell(name: str, as_json: bool, **options: object) -> None:
    # torch takes seconds to import: only what is asked for
    from ..data import DataUnavailable
    from ..training import Diverged
    from . import report

    benchmark = importlib.import_module(f"lostprune.bench.{name}")
    measure: Callable[..., dict] = benchmark.measure
    try:
        measured = measure(**options)
    except (ValueError, DataUnavailable, Diverged, report.BenchError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(json.dumps(measured, indent=1) if as_json else benchmark.in_words(measured))
