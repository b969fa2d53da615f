"""The command ``lostprune``: run studies, build the book, fetch the data, measure."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from .audit.command import audit, compare
from .bench.commands import bench
from .campaign.command import campaign

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
    to_terminal = logging.StreamHandler()
    to_terminal.setLevel(logging.WARNING)  # of the handler: Dask's loggers have a level of their own and tell a lot
    logging.basicConfig(handlers=[to_terminal], format="%(message)s")


@main.command()
@click.argument("pages", metavar="[PAGE]...", nargs=-1)
@click.option("--force", is_flag=True, help="Run the pages even if they are up to date.")
def book(pages: tuple[str, ...], force: bool) -> None:
    """Run the pages of the book that are out of date, and build the book.

    PAGE is a name from book/pages.yml; without one, all pages are checked. The results of a page are read from
    book/results. Missing ones are computed, which takes minutes or more.
    """
    from .book import build as builder
    from .book.pages import BookError, find_checkout
    from .foundations import store

    with _told_plainly(BookError, OSError, ValueError):
        root = find_checkout()
        for name in ("LOSTPRUNE_STORE", "LOSTPRUNE_DATA"):  # pages run in another folder than this command
            if place := os.environ.get(name):
                os.environ[name] = str(Path(place).expanduser().absolute())
        known = [str(place.absolute()) for place in store.published_folders()]
        os.environ["LOSTPRUNE_RESULTS"] = os.pathsep.join([str(root / "book" / "results"), *known])
        index = builder.build(root, pages, force, click.echo)
    click.echo(f"open {index}")


@main.command()
@click.argument("name", default="cifar10")
@click.option("--folder", type=click.Path(path_type=Path), help="The data folder. Default: LOSTPRUNE_DATA.")
@click.option("--compare", is_flag=True, help="For cifar10-c: compare generated and published corruptions.")
@click.option("--json", "as_json", is_flag=True, help="Print what --compare found as one JSON object.")
def data(name: str, folder: Path | None, compare: bool, as_json: bool) -> None:
    """Fetch and check the data set NAME, and print where it is.

    NAME is cifar10, cifar10.1 (another test set) or cifar10-c (the published corruptions, 2.9 GB; where they lie in
    the data folder, they are used instead of generated ones); or a set of image files: tiny_imagenet and voc can be
    fetched, imagenet and objectnet are checked where you put them.
    """
    from . import corruptions
    from . import data as datasets
    from .corruptions import comparison
    from .foundations.choices import check_choice

    if (compare and name != "cifar10-c") or (as_json and not compare):
        raise click.UsageError("--compare is for cifar10-c, and --json is for --compare")
    with _told_plainly(datasets.DataUnavailable, OSError, ValueError):
        check_choice("dataset", name, (*datasets.DATASETS, "cifar10-c"))
        if compare:
            compared = comparison.compare_published(folder)
            click.echo(json.dumps(compared, indent=1) if as_json else comparison.in_words(compared))
        elif name == "cifar10-c":
            path = corruptions.obtain_published(folder)
            click.echo(f"{name}: the published images of 19 corruptions, checked, in {path}")
        else:
            place = datasets.locate(folder)
            if name in datasets.TREES:
                datasets.fetch_tree(name, place)
            counts = []
            for split, part in datasets.DATASETS[name].parts.items():
                count = len(datasets.load(name, split, folder).labels)
                counts.append(f"{count:,}{f' of {part.count:,}' * (count < part.count)} {split}")
            where = place if name in datasets.TREES else place / name
            click.echo(f"{name}: {' and '.join(counts)} images, checked, in {where}")


@main.command()
@click.argument("folder", metavar="[STORE]", required=False, type=click.Path(path_type=Path))
def verify(folder: Path | None) -> None:
    """Check a whole STORE: networks, masks, results, checksums.

    Damaged files are named and moved to the folder `quarantine` of the store. The next run computes them again.
    STORE is LOSTPRUNE_STORE by default. The exit code is 1 if anything is damaged.
    """
    from .campaign import verify as verifier
    from .foundations import store

    with _told_plainly(OSError):
        if folder is not None and not folder.is_dir():
            raise FileNotFoundError(f"store: got {folder}, expected a folder that exists")
        place = store.store_folder(folder)
        whole, damages = verifier.verify(place)
    for damage in damages:
        click.echo(f"{damage.name}: {damage.reason}", err=True)
    click.echo(f"{place}: {whole} networks and results are whole, {len(damages)} damaged")
    if damages:
        click.echo(f"They are now in {place / verifier.QUARANTINE}; the next run computes them again.", err=True)
        raise SystemExit(1)


main.add_command(audit)
main.add_command(bench)
main.add_command(campaign)
main.add_command(compare)
