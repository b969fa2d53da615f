"""``lostprune compare`` and ``lostprune audit``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ..campaign.command import STOPPED, Duration

MARGIN = 0.005


class Numbers(click.ParamType):
    """Such as ``0.5`` or ``0.49,0.48,0.45``."""

    name = "numbers"

    def convert(self, value, param, ctx) -> list[float] | float:
        if not isinstance(value, str):
            return value
        try:
            numbers = [float(one) for one in value.split(",")]
        except ValueError:
            self.fail(f"got {value!r}, expected numbers such as 0.49,0.48,0.45", param, ctx)
        return numbers if len(numbers) > 1 else numbers[0]


def images(command):
    """Add the options about images, which ``compare`` and ``audit`` share."""
    for option in reversed(
        (
            click.option("--data", "dataset", required=True, help="A registered data set, or a folder: for audit with "
                         "train/ and test/, for compare with one folder of images per class."),
            click.option("--shift", "shifts", multiple=True, metavar="NAME=FOLDER", help="Your own shifted test set: "
                         "a folder with one folder of images per class. Can be repeated."),
            click.option("--classes", help="For a folder: its class folders in the order of the network's "
                         "outputs, such as cat,dog. Default: alphabetical."),
            click.option("--corruption", "corruptions", multiple=True, metavar="NAME|all", help="A corruption "
                         "of CIFAR-10-C, such as fog; all: all nineteen. Can be repeated."),
            click.option("--delta", default=MARGIN, show_default=True, help="How much error pruning may add: 0.005 "
                         "is half a percentage point."),
            click.option("--mean", type=Numbers(), help="For a folder: the mean that the network's input is normalised "
                         "with. Default: audit computes it, compare takes 0."),
            click.option("--std", type=Numbers(), help="For a folder: the standard deviation. Default: audit computes "
                         "it, compare takes 1."),
            click.option("--import", "sources", multiple=True, metavar="MODULE|FILE.py",
                         help="Code to run first, which registers networks, data sets or methods."),
            click.option("--seed", default=0, show_default=True, help="Seed of corruptions, noise and bootstrap."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


@click.command()
@click.argument("parent")
@click.argument("pruned")
@images
@click.option("--parent-weights", type=click.Path(path_type=Path), help="Weights of PARENT.")
@click.option("--pruned-weights", type=click.Path(path_type=Path), help="Weights of PRUNED.")
@click.option("--severity", default=3, show_default=True, help="Severity of the corruptions, 1 to 5.")
@click.option("--out", type=click.Path(path_type=Path), default="compare.html", show_default=True, help="The page.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as one JSON object.")
def compare(
    parent, pruned, dataset, shifts, classes, corruptions, delta, mean, std, sources, seed, parent_weights,
    pruned_weights, severity, out, as_json,
):  # fmt: skip
    """Is the network PRUNED as good as PARENT? Give a verdict for each distribution, and write a page.

    PARENT and PRUNED are each a file of torch.export (.pt2), TorchScript (.pt) or ONNX (.onnx), the path of a network
    that lostprune saved, MODULE:FUNCTION or FILE.py:FUNCTION, or a registered name.
    """
    from ..data import DataUnavailable
    from . import compare as compare_networks
    from . import words, write_report
    from .named import count_classes, network_named, shifts_named

    try:
        _run_first(sources)
        classes = classes.split(",") if classes else None
        count = len(classes) if classes else count_classes(dataset)
        pair = ((parent, parent_weights), (pruned, pruned_weights))
        tree = compare_networks(
            *(network_named(reference, count, weights) for reference, weights in pair),
            dataset,
            shifts_named(shifts),
            corruptions=True if "all" in corruptions else corruptions,
            severity=severity,
            delta=delta,
            classes=classes,
            mean=mean,
            std=std,
            seed=seed,
        )
        tree.attrs.update(parent=parent, pruned=pruned)
        page = write_report(tree, out)
    except (DataUnavailable, ImportError, OSError, RuntimeError, TypeError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(_summary(tree), indent=1))
        return
    rows = tree.to_dataset()
    for name in rows.distribution.values:
        one = rows.sel(distribution=name)
        errors = " -> ".join(words.percent(float(one.error.sel(network=network))) for network in ("parent", "pruned"))
        click.echo(f"{name:20} {errors:18} {words.verdict_in_words(one)}")
    click.echo(f"{tree.attrs['verdict']}: {words.headline(tree)}\nopen {page.absolute()}")


@click.command()
@click.argument("network")
@images
@click.option("--weights", type=click.Path(path_type=Path), help="Trained weights. Default: train NETWORK first.")
@click.option("--method", "methods", multiple=True, help="A pruning method, such as FT. Can be repeated. "
              "Default: all four of the paper.")  # fmt: skip
@click.option("--keep", type=Numbers(), default="0.9,0.75,0.6,0.45,0.3", show_default=True,
              help="Fractions of the parameters to keep, in falling order.")  # fmt: skip
@click.option("--retrain-epochs", type=click.IntRange(min=0), help="Epochs after each step (default 3). 0: prune only.")
@click.option(
    "--training",
    default="nominal",
    show_default=True,
    help="robust: retrain on corrupted images; nine of the corruptions are then no longer unseen.",
)
@click.option("--train-images", type=click.IntRange(min=1), help="Images per epoch. Default: all.")
@click.option("--time-limit", type=Duration(), help="About how long it may take, such as 30m or 2h.")
@click.option("--out", type=click.Path(path_type=Path), default="audit", show_default=True, help="Folder to write to.")
def audit(
    network, dataset, shifts, classes, corruptions, delta, mean, std, sources, seed, weights, methods, keep,
    retrain_epochs, training, train_images, time_limit, out,
):  # fmt: skip
    """How far can NETWORK be pruned, by which method, and where is that safe?

    NETWORK is MODULE:FUNCTION or FILE.py:FUNCTION, or a registered name. The data are a registered name, or a folder
    with the folders train and test, each with a folder of images for each class. It prunes, retrains and measures
    method by method, and writes a page, the verdicts and the recommended network. The same command resumes.
    """
    from .. import pruning
    from ..corruptions import NAMES
    from ..data import DataUnavailable
    from . import words
    from .named import builder_named, data_named, recipe_of, shifts_named, weights_of
    from .run import NothingFinished, run_audit
    from .studies import RETRAIN, free_name, own_study

    try:
        _run_first(sources)
        order = classes.split(",") if classes else None
        weights = weights or weights_of(network)
        study = own_study(
            free_name(network.rpartition(":")[2]),
            builder_named(network),
            data_named(dataset, shifts_named(shifts), order, mean, std),
            methods or pruning.METHODS,
            weights=weights,
            recipe=None if weights else recipe_of(network),
            training=training,
            keep_ratios=keep if isinstance(keep, list) else [keep],
            retrain_epochs=RETRAIN.epochs if retrain_epochs is None else retrain_epochs,
            train_images=train_images,
            corruptions=NAMES if "all" in corruptions else corruptions,
            seed=seed,
        )
        found = run_audit(study, out, delta, seconds=time_limit, say=click.echo)
    except NothingFinished as reason:
        click.echo(f"stopped: {reason}", err=True)
        raise SystemExit(STOPPED) from None
    except (DataUnavailable, ImportError, OSError, RuntimeError, TypeError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    bounds = found.verdicts["lower_bound"].isel(repetition=0)
    click.echo(f"{'prune potential, at least':26}" + "".join(f"{name:>7}" for name in bounds["pruner"].values))
    for name in bounds["distribution"].values:
        row = (words.percent(float(one), 0) for one in bounds.sel(distribution=name))
        click.echo(f"{name:26}" + "".join(f"{one:>7}" for one in row))
    if found.left_out:
        click.echo(f"no time left for {', '.join(found.left_out)}: run the same command again to add them")
    click.echo(f"{words.recommendation(found.recommendation)}\nopen {(out / 'report.html').absolute()}")


def _run_first(sources: tuple[str, ...]) -> None:
    from ..foundations.imports import import_code

    for source in sources:
        import_code(source)


def _summary(tree) -> dict:
    """The verdicts and the numbers behind them, for other programs; percent are nowhere."""
    rows = tree.to_dataset()
    names = ("difference", "lower", "upper", "mcnemar_p", "minimum_detectable", "images_needed", "verdict")
    table = rows[[*names, "images", "negative_flip_rate", "positive_flip_rate"]].to_dataframe().reset_index()
    records = json.loads(table.to_json(orient="records"))
    return {"verdict": tree.attrs["verdict"], "delta": tree.attrs["delta"], "distributions": records}
