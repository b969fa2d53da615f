"""The audit: from a study of a reader's network to potentials, the network to use, and a page that says why."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import xarray as xr

from .. import campaign, data, metrics, prune_retrain, results, runner
from ..findings.words import listing
from ..foundations import netcdf
from ..foundations.store import store_folder, write_whole
from ..study import Study
from . import words
from .guidelines import Guideline, of_audit
from .kept import compared
from .paired import ALPHA
from .potentials import Recommendation, recommend, verdicts
from .report import write_report
from .saved import save_network

PARTS = ("curves", "shift")
RESERVED = 0.15  # of the time limit, for the comparison and the page


class NothingFinished(RuntimeError):
    """The time was up before one method was done; what was trained is kept."""


@dataclass
class Audit:
    """What an audit found.

    Attributes:
        verdicts: the result of :func:`lostprune.audit.verdicts`.
        recommendation: the result of :func:`lostprune.audit.recommend`.
        comparison: the recommended network compared with its parent; without a recommendation, the least pruned
            measured network.
        left_out: methods that there was no time for.
        files: the files that were written.
    """

    verdicts: xr.Dataset
    recommendation: Recommendation
    comparison: xr.DataTree
    left_out: tuple[str, ...]
    files: list[Path]


def run_audit(
    study: Study,
    folder: Path,
    delta: float = metrics.DELTA,
    alpha: float = ALPHA,
    seconds: float | None = None,
    say: Callable[[str], None] = print,
) -> Audit:
    """Prune, retrain and measure; then say how far the network can be pruned, and write what is recommended.

    Method by method, so that those that are done count if the time is up. Called again, it resumes.

    Args:
        study: a study from :func:`lostprune.audit.own_study`, with its network still registered.
        folder: folder for ``report.html``, ``compare.nc``, ``verdicts.nc``, ``recommendation.json`` and the network.
        delta, alpha: margin, and level of the tests.
        seconds: about how long it may take.
        say: called with the lines that stay when the progress display is gone.

    Raises:
        NothingFinished: the time was up before one method was done.
        ValueError: the network cannot be run or pruned, before any work.
        RuntimeError: nothing could be measured; says why.
        OSError: something cannot be written.
    """
    prune_retrain.check_network(study)
    limit = None if seconds is None else seconds * (1 - RESERVED)
    summary = campaign.run([study], PARTS, seconds=limit, say=say)
    unfinished = {chain[0] for chain in results.missing(study, PARTS, store_folder())}
    done = tuple(method for method in study.methods if method not in unfinished)
    if not done and summary.failed:
        raise RuntimeError("; ".join(f"{name}: {error}" for name, error in summary.failed.items()))
    if not done:
        raise NothingFinished("the time was up before one method was done; the same command resumes")
    finished = dataclasses.replace(study, methods=done)
    tree = runner.run(finished, *PARTS)
    curves, shift = (tree[part].to_dataset() for part in PARTS)
    found, best = verdicts(curves, shift, delta, alpha), recommend(curves, shift, delta, alpha)
    comparison = compared(finished, best.pruner, best.repetition, best.cycle or 1, delta, alpha)
    level = alpha / best.searched  # that of the recommendation
    strict, other = verdicts(curves, shift, delta, level), _of_other_training(finished, delta, level)
    applied = of_audit(strict, best, data.DATASETS[study.dataset].shifts, other)
    remarks = [words.retraining(finished)]
    if study.training != "nominal" and study.retrain_recipe.epochs:
        remarks.append("They were retrained on corrupted images: some of these corruptions are not new to them.")
    remarks += [f"{name} failed: {error}." for name, error in summary.failed.items()]
    if unfinished and not summary.failed:
        remarks.append(f"There was no time for {listing(sorted(unfinished))}: the same command adds them.")
    files = _write(folder, found, best, comparison, applied, remarks)
    if best.cycle:
        network, masks = runner.load(finished, best.pruner, best.repetition, best.cycle)
        image = torch.zeros(1, *study.image_shape)
        files += save_network(folder, network, masks, study.network, len(study.classes), image)
    return Audit(found, best, comparison, tuple(sorted(unfinished)), files)


def _of_other_training(study: Study, delta: float, alpha: float) -> xr.Dataset | None:
    """The verdicts of the same study with robust in the place of nominal training, or the other way round."""
    try:
        other = dataclasses.replace(study, training="robust" if study.training == "nominal" else "nominal")
    except ValueError:  # images that are read one by one are trained on as they are
        return None
    unfinished = {chain[0] for chain in results.missing(other, PARTS, store_folder())}
    done = tuple(method for method in other.methods if method not in unfinished)
    if not done:
        return None
    tree = runner.run(dataclasses.replace(other, methods=done), *PARTS)
    return verdicts(*(tree[part].to_dataset() for part in PARTS), delta, alpha)


def _write(
    folder: Path,
    found: xr.Dataset,
    best: Recommendation,
    comparison: xr.DataTree,
    applied: list[Guideline],
    remarks: list[str],
) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / name for name in ("report.html", "compare.nc", "verdicts.nc", "recommendation.json")]
    write_report(comparison, files[0], found, best, applied, remarks)
    netcdf.write(files[1], comparison)
    netcdf.write(files[2], found)
    write_whole(files[3], lambda part: part.write_text(json.dumps(best._asdict(), indent=1)))
    return files
