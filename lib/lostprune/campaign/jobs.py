"""What is missing of a list of studies, as jobs in the best order."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .. import results
from ..prune_retrain.cells import Cell, Chain, chain_name, pending
from ..study import Study


@dataclass(frozen=True)
class Job:
    """Some chains that are trained together, or the evaluation of one study: what one worker does at one time.

    Attributes:
        study: a study that has the chains; several may share them.
        chains: that the job brings to their end: ``(method, repetition)`` or ``("parent", repetition)``.
        cells: of these chains, that are missing.
        parts: that the job evaluates, in the place of chains.
        needs: names of the works that must be finished first.
    """

    study: Study
    chains: tuple[Chain, ...] = ()
    cells: tuple[Cell, ...] = ()
    parts: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()

    @property
    def works(self) -> tuple[str, ...]:
        """A name for each chain, or for the evaluation; the same for a chain that several studies share."""
        if self.parts:
            return (f"{self.study.key}.evaluation",)
        return tuple(chain_name(self.study, chain) for chain in self.chains)

    @property
    def name(self) -> str:
        """Unique among the jobs of a campaign, and fit for a file."""
        more = f"+{len(self.works) - 1}" if len(self.works) > 1 else ""
        return self.works[0] + more

    @property
    def title(self) -> str:
        """In a few words, such as ``resnet20 quick: WT-r0``."""
        if self.parts:
            return f"{label(self.study)}: evaluation of {', '.join(self.parts)}"
        chains = [f"{method}-r{repetition}" for method, repetition in self.chains]
        return f"{label(self.study)}: {' '.join(chains)}"

    def note(self, folder: Path) -> Path:
        """Where whoever does this job says how far it is."""
        return folder / "running" / f"{self.name}.json"


def plan(studies: Iterable[Study], parts: tuple[str, ...], folder: Path, cohorts: int | None = None) -> list[Job]:
    """The jobs that are left, in the order in which they should begin.

    Study after study, so that results come early: the parents first, then the chains that start from them, then the
    evaluation. A chain that several studies share is there once. A study whose results are all there needs nothing.

    Args:
        studies: in the order of their importance.
        parts: of their results.
        folder: the store.
        cohorts: into how many jobs the chains of a study go, those of one job trained at once; ``None`` makes one
            job of each chain.
    """
    jobs: list[Job] = []
    planned: set[str] = set()
    for study in studies:
        missing = tuple(part for part in parts if results.read(study.key, part, folder) is None)
        if not missing:
            continue
        chains: dict[Chain, list[Cell]] = {}
        for cell in pending(study, folder):
            chains.setdefault(cell[:2], []).append(cell)
        works = {chain: chain_name(study, chain) for chain in chains}
        parents = {chain: [] for chain in chains if chain[0] == "parent"}
        others = {
            chain: [("parent", chain[1])] if ("parent", chain[1]) in parents else []
            for chain in chains
            if chain not in parents
        }
        for wave in (parents, others):
            mine = [chain for chain in wave if works[chain] not in planned]
            for cohort in _split(mine, cohorts or len(mine)):
                cells = tuple(cell for chain in cohort for cell in chains[chain])
                needs = frozenset(works[parent] for chain in cohort for parent in wave[chain])
                jobs.append(Job(study, tuple(cohort), cells, needs=needs))
        jobs.append(Job(study, parts=missing, needs=frozenset(works.values())))
        planned |= set(works.values())
    return jobs


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
