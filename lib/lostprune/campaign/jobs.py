"""What is missing of a list of studies, as jobs in the best order."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .. import results, runner
from ..foundations import store
from ..prune_retrain import Checkpoints
from ..prune_retrain.cells import UNPRUNED, Cell, Chain, chains_of, name_of_chain
from ..study import Study


@dataclass(frozen=True)
class Job:
    """Some chains that are trained together and then measured: what one worker does at one time.

    Attributes:
        study: a study that has the chains; several may share them.
        chains: the chains that the job completes; parents and separate networks are chains of one cell.
        cells: the missing cells of these chains.
        parts: for each chain the parts of its results that are missing.
        works: a name for each chain; the same for a chain that several studies share.
        needs: names of the works that must be finished first.
    """

    study: Study
    chains: tuple[Chain, ...]
    cells: tuple[Cell, ...]
    parts: tuple[tuple[str, ...], ...]
    works: tuple[str, ...]
    needs: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """Unique among the jobs of a campaign, and fit for a file."""
        more = f"+{len(self.works) - 1}" if len(self.works) > 1 else ""
        return self.works[0] + more

    @property
    def title(self) -> str:
        """In a few words, such as ``resnet20 quick: WT-r0``."""
        return f"{label(self.study)}: {' '.join(map(name_of_chain, self.chains))}"

    @property
    def missing(self) -> dict[Chain, tuple[str, ...]]:
        """The missing parts by chain."""
        return dict(zip(self.chains, self.parts, strict=True))

    def note(self, folder: Path) -> Path:
        """Where the process that does this job says how far it is."""
        return folder / "running" / f"{self.name}.json"


def plan(
    studies: Iterable[Study],
    parts: tuple[str, ...],
    folder: Path,
    cohorts: int | None = None,
    repetition: int | None = None,
) -> list[Job]:
    """The jobs that are left, in the order in which they should begin.

    Study after study and repetition after repetition, so that results come early: a repetition's unpruned networks,
    then its chains. A chain that several studies share is there once. A study that has all its results needs nothing.

    Args:
        studies: in the order of their importance.
        parts: which parts of their results.
        folder: the store.
        cohorts: into how many jobs the chains of a study go, those of one job trained at once; ``None`` makes one
            job of each chain.
        repetition: only this one, counted from 0; ``None`` for all.
    """
    jobs: list[Job] = []
    planned: set[tuple[str, str]] = set()
    for study in studies:
        checkpoints, key = Checkpoints(study, folder), study.key
        missing = results.missing(study, parts, folder)
        missing = {chain: lacking for chain, lacking in missing.items() if repetition in (None, chain[1])}
        needed = {part for lacking in missing.values() for part in lacking}
        unpruned = {chain: () for chain in runner.unpruned_chains(missing, needed) if checkpoints.pending(chain)}
        if cohorts is None:
            waves = [
                part
                for one in dict.fromkeys(chain[1] for chain in missing)
                for part in (_of_repetition(unpruned, one), _of_repetition(missing, one))
            ]
        else:
            waves = [unpruned, missing]
        for wave in waves:
            mine = [chain for chain in wave if (_work(checkpoints, chain), key) not in planned]
            for cohort in _split(mine, cohorts or len(mine)):
                before = [one for chain in cohort if chain[0] not in UNPRUNED for one in unpruned if one[1] == chain[1]]
                jobs.append(
                    Job(
                        study,
                        tuple(cohort),
                        tuple(cell for chain in cohort for cell in checkpoints.pending(chain)),
                        tuple(wave[chain] for chain in cohort),
                        tuple(_work(checkpoints, chain) for chain in cohort),
                        frozenset(_work(checkpoints, one) for one in before),
                    )
                )
            planned |= {(_work(checkpoints, chain), key) for chain in mine}
    return jobs


def drop_measured(
    studies: Iterable[Study], parts: tuple[str, ...], folder: Path, left: list[Job], repetition: int | None
) -> None:
    """Delete the weights of chains that have all these parts, unless a job or another process still needs them.

    Args:
        studies, parts, folder, repetition: as for :func:`plan`.
        left: the jobs that are left.
    """
    needed = {work for job in left for work in job.works}
    for study in studies:
        checkpoints = Checkpoints(study, folder)
        for chain in chains_of(study):
            lock = checkpoints.lock_file(chain)
            if repetition not in (None, chain[1]) or lock.stem in needed:
                continue
            if not all(results.path_of(study.key, part, chain, folder).exists() for part in parts):
                continue  # published results are of other networks
            with contextlib.suppress(store.Claimed), store.claim(lock, wait=False):
                checkpoints.drop(chain)


def _work(checkpoints: Checkpoints, chain: Chain) -> str:
    return checkpoints.lock_file(chain).stem


def _of_repetition(chains: dict[Chain, tuple[str, ...]], repetition: int) -> dict[Chain, tuple[str, ...]]:
    return {chain: parts for chain, parts in chains.items() if chain[1] == repetition}


def _split(chains: list[Chain], count: int) -> list[list[Chain]]:
    """Into at most ``count`` lists whose lengths differ by at most one."""
    count = min(count, len(chains))
    bounds = [round(i * len(chains) / count) for i in range(count + 1)] if count else []
    return [chains[begin:end] for begin, end in itertools.pairwise(bounds)]


def label(study: Study) -> str:
    """A study in a few words, such as ``resnet20 quick``."""
    words = [study.network, study.scale.name]
    words += [study.dataset] * (study.dataset != "cifar10") + [study.training] * (study.training != "nominal")
    return " ".join(words + [f"seed {study.seed}"] * (study.seed != 0))
