"""The command ``lostprune``: build the book, fetch the data, measure."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from .bench.commands import bench

# Each command imports what it needs: torch and papermill take seconds.


@contextmanager
def _told_plainly(*kinds: type[Exception]) -> Iterator[None]:
    """Turn the errors whose message says what to do into that message, without a traceback."""
    try:
        yield
    except kinds as error:
        raise click.ClickException(str(error)) from error


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lostprune")
def main() -> None:
    """What pruning costs a neural network beyond test accuracy."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")


@main.command()
@click.argument("pages", metavar="[PAGE]...", nargs=-1)
@click.option("--force", is_flag=True, help="Run the pages even if they are up to date.")
def book(pages: tuple[str, ...], force: bool) -> None:
    """Run the pages of the book that are out of date, and build it.

    PAGE is a name from book/pages.yml; without one, all pages are looked at. The results that a page shows are read
    from book/results; those that are not there are computed, which takes minutes or more.
    """
    from . import book as builder

    with _told_plainly(builder.BookError, OSError, ValueError):
        root = builder.find_checkout()
        known = os.environ.get("LOSTPRUNE_RESULTS")
        os.environ["LOSTPRUNE_RESULTS"] = os.pathsep.join(filter(None, [str(root / "book" / "results"), known]))
        index = builder.build(root, pages, force, click.echo)
    click.echo(f"open {index}")


@main.command()
@click.argument("name", default="cifar10")
@click.option("--folder", type=click.Path(path_type=Path), help="The data folder; else LOSTPRUNE_DATA.")
def data(name: str, folder: Path | None) -> None:
    """Fetch and check the data set NAME (cifar10), and say where it lies."""
    from . import data as datasets

    with _told_plainly(datasets.DataUnavailable, ValueError):
        counts = [f"{len(datasets.load(name, split, folder).labels):,} {split}" for split in ("train", "test")]
    click.echo(f"{name}: {' and '.join(counts)} images, checked, in {datasets.locate(folder) / name}")


main.add_command(bench)
