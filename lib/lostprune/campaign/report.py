"""What is done of a campaign, what is running, and what is left."""

from __future__ import annotations

from pathlib import Path

from ..foundations import notes, store
from ..foundations.device import default_device, provenance
from ..foundations.progress import in_words
from ..prune_retrain.cells import UNPRUNED, name_of_chain
from ..study import Study
from .board import in_line
from .jobs import Job, label, plan
from .pace import Pace


def describe(studies: list[Study], parts: tuple[str, ...], folder: Path, repetition: int | None = None) -> str:
    """For each study what is done, running (in any process) and left, with its time, and the time of all of it."""
    device = provenance(default_device())["device"]
    pace, elsewhere = Pace(studies, folder, device), Pace(studies, folder, None)
    jobs = plan(studies, parts, folder, repetition=repetition)
    running = {job.name: note for job in jobs if (note := _running(job, folder)) is not None}
    lines = []
    for study in studies:
        own = plan([study], parts, folder, repetition=repetition)
        chains = [chain for job in own for chain in job.chains if chain[0] not in UNPRUNED]
        title = f"{label(study)}, {' '.join(study.methods)}, repetitions: {study.repetitions}"
        whole = len(study.methods) * (study.repetitions if repetition is None else repetition < study.repetitions)
        lines.append(f"{title}: {whole - len(chains)} of {whole} chains are done ({', '.join(parts)})")
        if own:
            time_left = in_words(_sum([pace.seconds(job) for job in own]))
            networks = sum(len(job.cells) for job in own)
            names = " ".join(map(name_of_chain, chains))
            lines.append(f"  left: {networks} networks to train, of {names}; about {time_left} on {device}")
        lines += [f"  running: {in_line(job, running[job.name])}" for job in own if job.name in running]
    seconds = _sum([pace.seconds(job) for job in jobs])
    lines.append(f"In all: {len(jobs)} jobs left, {len(running)} running; about {in_words(seconds)} on {device}")
    if seconds is None:
        measured = in_words(_sum([elsewhere.seconds(job) for job in jobs]))
        lines[-1] += f" (not measured yet; at the pace measured elsewhere: {measured})"
    return "\n".join(lines)


def _running(job: Job, folder: Path) -> dict | None:
    """The note of a job that a process has claimed; a note that a killed process left behind says nothing."""
    note = notes.read(job.note(folder))
    if note is None:
        return None
    try:
        with store.claim(store.lock_file(folder, job.works[0]), wait=False):
            return None
    except store.Claimed:
        return note


def _sum(seconds: list[float | None]) -> float | None:
    return None if None in seconds else sum(seconds)
