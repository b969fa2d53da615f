"""``lostprune campaign`` and its options."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import click

FAILED, STOPPED, INTERRUPTED = 1, 75, 128 + signal.SIGINT
RESERVE = 10.0  # seconds of the limit that are kept for leaving; at most a tenth of it


class Duration(click.ParamType):
    """Such as ``90s``, ``9m`` or ``1h30m``; in seconds."""

    name = "duration"

    def convert(self, value, param, ctx) -> float:
        found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", value) if isinstance(value, str) and value else None
        if found is None:
            self.fail(f"got {value!r}, expected a duration such as 90s, 9m or 1h30m", param, ctx)
        return sum(int(number or 0) * unit for number, unit in zip(found.groups(), (3600, 60, 1), strict=True))


@click.command()
@click.argument("studies", metavar="[STUDY]...", nargs=-1)
@click.option(
    "--parts",
    default="curves,shift,noise",
    show_default=True,
    help="Which results to compute, with commas between them: curves, shift, severities, noise, informative, masking.",
)
@click.option("--time-limit", type=Duration(), help="Stop before this time has passed, such as 9m or 1h30m.")
@click.option("--device", help="Such as cpu or cuda:1. Default: LOSTPRUNE_DEVICE, CUDA or the CPU.")
@click.option("--executor", default="serial", show_default=True, metavar="serial|dask|slurm|tcp://HOST:PORT",
              help="dask: one worker per GPU of this machine; slurm: one job per worker; tcp: a Dask scheduler that is "
              "already running.")  # fmt: skip
@click.option("--workers", type=int, help="How many workers or jobs to start, for dask and slurm.")
@click.option(
    "--store",
    "store_folder",
    type=click.Path(path_type=Path),
    help="Folder for networks and results. Default: LOSTPRUNE_STORE.",
)
@click.option("--dry-run", is_flag=True, help="Show what is done, running and left, with times. Run nothing.")
@click.option("--repetition", type=click.IntRange(min=0), help="Only this repetition, counted from 0.")
@click.option("--keep-weights", default="all", show_default=True, metavar="all|last",
              help="last: delete the weights of each chain that this run completes; parents stay.")  # fmt: skip
@click.option("--import", "sources", multiple=True, metavar="FILE.tar|FILE.py|MODULE",
              help="First import a tar file, or run code that registers networks, data sets or methods. "
              "May be given again.")  # fmt: skip
@click.option(
    "--export",
    "target",
    type=click.Path(path_type=Path),
    help="At the end, write results and networks to this tar file.",
)
@click.option("--without-networks", is_flag=True, help="Export results only.")
def campaign(
    studies, parts, time_limit, device, executor, workers, store_folder, dry_run, repetition, keep_weights, sources,
    target, without_networks,
) -> None:  # fmt: skip
    """Run what is missing of every STUDY, stop before the time limit, and resume when called again.

    \b
    STUDY is one of
      resnet20:quick                              network and scale
      network=resnet20,scale=reduced,repetitions=3,methods=WT+FT,seed=1
      studies.yml                                 a list of such names, or pages as in book/pages.yml

    \b
    Ctrl-C and SIGTERM save and stop. A kill loses the unfinished epoch and up to a minute more. Exit codes:
      0    everything is done
      75   stopped early, by the time limit or SIGTERM: the same command resumes
      130  stopped by Ctrl-C: the same command resumes
      1    some of the studies failed, the others are done; or nothing could run
    """
    import lostprune.campaign as campaigns

    from ..foundations import store
    from ..foundations.choices import check_choice
    from ..foundations.device import default_device
    from ..foundations.imports import import_code
    from ..measurement.registry import PARTS
    from . import executors

    names = tuple(filter(None, parts.split(",")))
    if device:
        os.environ["LOSTPRUNE_DEVICE"] = device
    try:
        bundles = [Path(source) for source in sources if not _is_code(source)]
        for source in sources:
            if _is_code(source):
                import_code(source)
        if not studies and not bundles and target is None:
            raise ValueError("STUDY: got none, expected one or more such as resnet20:quick, or --import or --export")
        if not names:
            raise ValueError(f"--parts: got none, expected one or more of {', '.join(PARTS)}")
        for part in names:
            check_choice("part", part, PARTS)
        found, folder = campaigns.parse(studies), store.store_folder(store_folder)
        most = max((study.repetitions for study in found), default=0)
        if found and repetition is not None and repetition >= most:
            raise ValueError(f"--repetition: got {repetition}, expected 0 to {most - 1}: no study has more repetitions")
        for source in bundles:
            click.echo(campaigns.import_store(source, folder))
        summary = campaigns.Summary()
        if dry_run:
            click.echo(campaigns.describe(found, names, folder, repetition))
            return
        if found:
            if executor == "serial":
                default_device()
            if time_limit is not None:
                time_limit -= min(RESERVE, time_limit / 10) + _age()
            with executors.open_executor(executor, workers) as opened:
                summary = campaigns.run(
                    found,
                    names,
                    store_folder=folder,
                    device=device,
                    seconds=time_limit,
                    workers=opened,
                    say=click.echo,
                    repetition=repetition,
                    keep_weights=keep_weights,
                )
        if target is not None and not summary.signal:
            click.echo(campaigns.export_store(folder, target, found, not without_networks))
    except (ValueError, OSError, ImportError, campaigns.BundleError) as error:
        raise click.ClickException(str(error)) from error
    _leave(summary)


def _is_code(source: str) -> bool:
    """Whether ``--import`` names a Python file or a module, and no tar file."""
    if source.endswith(".py"):
        return True
    names = source.split(".")
    path = Path(source)
    is_package = not path.exists() or (path / "__init__.py").exists()
    return names[-1] != "tar" and all(map(str.isidentifier, names)) and is_package


def _age() -> float:
    """Seconds since this process began, where the system tells; importing torch counts towards the limit, too."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError):
        return 0.0


def _leave(summary) -> None:
    for name, error in summary.failed.items():
        click.echo(f"failed: {name}: {error}", err=True)
    if summary.stopped:
        click.echo(
            f"stopped: {summary.stopped}; {len(summary.left)} jobs are left. The same command resumes.", err=True
        )
    if summary.signal == signal.SIGINT:
        raise SystemExit(INTERRUPTED)
    if summary.stopped:
        raise SystemExit(STOPPED)
    raise SystemExit(FAILED if summary.failed else 0)
