"""``compare``: is a pruned network as good as its parent, on your data, and on shifted versions of it?"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence

import torch
import xarray as xr

from ..corruptions import NAMES
from ..foundations.choices import check_choice
from ..foundations.device import default_device, provenance
from ..foundations.progress import Progress
from ..measurement.test_sets import SEVERITY
from ..tasks import Task
from .costs import measured_costs
from .distributions import Distribution
from .families import overall_verdict
from .inputs import normalizer, task_and_classes, test_sets_of
from .measured import NETWORKS, measure
from .models import faster, opened
from .noise import under_noise
from .outcome import changed, outcome

SCHEMA = "lostprune-compare-1"


def compare(
    parent: object,
    pruned: object,
    data: object,
    shifts: Mapping[str, object] | None = None,
    *,
    corruptions: bool | Sequence[str] = False,
    severity: int = SEVERITY,
    delta: float = 0.005,
    alpha: float = 0.05,
    task: Task | None = None,
    classes: Sequence[str] | None = None,
    mean: float | Sequence[float] | None = None,
    std: float | Sequence[float] | None = None,
    name: str | None = None,
    seed: int = 0,
) -> xr.DataTree:
    """Compare a pruned network with its parent on the same images, distribution by distribution.

    Args:
        parent, pruned: torch modules, programs of ``torch.export``, or paths of such programs, of TorchScript or of
            ONNX files. Both must turn the same inputs into logits: [n, classes], alone, first in a tuple, or as
            ``"out"`` or ``"logits"`` in a dictionary. They are not modified.
        data: the test set: a registered name (with its shifts), a ``data.Split``, a pair (images, labels), a folder
            with a folder of images for each class, or a map-style ``torch.utils.data.Dataset``; see
            :func:`lostprune.data.register`.
        shifts: further test sets by name, in the same forms.
        corruptions: names from ``lostprune.corruptions.NAMES`` to apply to the test set; ``True`` applies all nineteen.
        severity: severity of the corruptions, 1 to 5.
        delta: how much error the pruned network may add, a fraction in [0, 1).
        alpha: level of each one-sided test, in (0, 0.5).
        task: ``None`` means classification, or segmentation if every pixel has a label.
        classes: names in the order of the networks' outputs; ``None`` takes them from the data.
        mean, std: the normalisation of the networks' input, for pixels in [0, 1], one number per channel or one for
            all; ``None`` takes those of the registered data set, else 0 and 1.
        name: name of the test set; ``None`` takes its registered name, the name of its folder, or "test".
        seed: seed of the corruptions, the noise and the bootstrap.

    Returns:
        ``error`` (network, distribution), ``difference`` and its one-sided bounds ``lower`` and ``upper``,
        ``negative_flip_rate``, ``positive_flip_rate``, ``mcnemar_p``, ``verdict`` ("safe", "unsafe", "cannot tell"),
        ``minimum_detectable``, ``images_needed`` (distribution), ``negative_flips`` and ``positive_flips``
        (distribution, class), ``calibration_error`` (network, distribution), the difference in excess error, and
        parameters, multiply-adds and latency (network). Group ``noise``: how similar both networks are under noise;
        group ``changed``: images whose prediction changes. The attribute ``verdict`` is over all distributions.
        :func:`lostprune.audit.write_report` makes a page of it.

    Raises:
        ValueError, TypeError, FileNotFoundError: something is wrong with the networks, the images or an option. The
            message says what was got, what was expected and what to do.

    Example:
        >>> tree = compare(parent, pruned, "cifar10", corruptions=True)  # doctest: +SKIP
        >>> tree.verdict.sel(distribution="fog").item()  # doctest: +SKIP
        'cannot tell'
    """
    began, device = time.monotonic(), default_device()
    _check_options(delta, alpha, severity)
    nominal, split, further = test_sets_of(data, shifts or {}, classes, task)
    nominal = name or nominal
    corrupted = NAMES if corruptions is True else tuple(corruptions or ())
    for corruption in corrupted:
        check_choice("corruption", corruption, NAMES)
    networks = [opened(role, given).to(device) for role, given in zip(NETWORKS, (parent, pruned), strict=True)]
    normalize = normalizer(data, split, mean, std)
    image = normalize(torch.as_tensor(split.images[0])[None].to(device))
    task, classes = task_and_classes(data, task, split, networks, image)
    distributions = [Distribution(nominal, split), *(Distribution(*shift) for shift in further.items())]
    distributions += [Distribution(corruption, split, corruption, severity) for corruption in corrupted]
    if len({one.name for one in distributions}) < len(distributions):
        raise ValueError(f"shifts: got {', '.join(further)}, expected names of their own, not {nominal!r} nor twice")
    quick = [faster(network) for network in networks]
    with Progress(2 * sum(len(one.split.images) for one in distributions), "Comparison") as bar:
        measured = measure(quick, distributions, task, normalize, device, seed, bar.step)
    found = outcome(measured, task, classes, delta, alpha, seed)
    groups = ["test set"] + ["shift"] * len(further) + ["corruption"] * len(corrupted)
    found = found.assign_coords(group=("distribution", groups)).assign(measured_costs(networks, image))
    tree = xr.DataTree.from_dict(
        {"/": found, "noise": under_noise(quick, split, normalize, device, seed), "changed": changed(measured)}
    )
    tree.attrs = {
        "schema": SCHEMA,
        "nominal": nominal,
        "verdict": overall_verdict(found.verdict.values, found.p_unsafe.values, alpha),
        "delta": delta,
        "alpha": alpha,
        "severity": severity,
        "task": type(task).__name__,
        "seed": seed,
        **{role: _label(given) for role, given in zip(NETWORKS, (parent, pruned), strict=True)},
        "wall_seconds": time.monotonic() - began,
        **provenance(device),
    }
    return tree


def _check_options(delta: object, alpha: object, severity: object) -> None:
    for name, got, most in (("delta", delta, 1), ("alpha", alpha, 0.5)):
        if isinstance(got, bool) or not isinstance(got, int | float) or not 0 <= got < most or (most < 1 and not got):
            raise ValueError(f"{name}: got {got!r}, expected a fraction below {most}, such as 0.005 for half a percent")
    if severity not in (1, 2, 3, 4, 5):
        raise ValueError(f"severity: got {severity!r}, expected a whole number from 1 (weak) to 5 (strong)")


def _label(given: object) -> str:
    """What a report calls a network."""
    return os.fspath(given) if isinstance(given, str | os.PathLike) else type(given).__name__
