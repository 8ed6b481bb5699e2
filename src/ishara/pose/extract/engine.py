"""`extract`: jobs in, ``.pose`` files out, in parallel; what was finished before is left as it is."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from pydantic import JsonValue

from ishara.errors import IsharaError
from ishara.pose.extract.cluster import DaskPool
from ishara.pose.extract.folder import OutputFolder
from ishara.pose.extract.jobs import Job, Outcome, Work
from ishara.pose.extract.journal import Entry, Journal
from ishara.pose.extract.pool import Pool, ThisProcess
from ishara.pose.extract.queue import JobQueue
from ishara.pose.extract.settings import differences, key_of
from ishara.pose.extract.stamps import is_telling, stamps_of

# From the outcomes to come, and how many they will be, to the same outcomes, shown.
Progress = Callable[[Iterable[Outcome], int], Generator[Outcome, None, None]]


@dataclass(frozen=True)
class Workers:
    """Who extracts.

    Parameters
    ----------
    count
        Processes on this machine; 0 for this process alone, ``None`` for one per core. Where Dask is not installed, 1
        is this process too.
    scheduler
        The address of a Dask scheduler whose workers are used instead. They must be able to read the sources and to
        write the output folder under the same addresses, and nothing more.
    retries
        How many further tries a clip gets.
    """

    count: int | None = None
    scheduler: str | None = None
    retries: int = 2

    def __post_init__(self) -> None:
        if self.count is not None and self.count < 0:
            raise IsharaError(f"{self.count} workers cannot be; expected a number from 0.")
        if self.retries < 0:
            raise IsharaError(f"{self.retries} retries cannot be; expected a number from 0.")

    def pool(self, work: Work, jobs: int) -> Pool:
        """A pool for so many jobs."""
        count = _cores() if self.count is None else self.count
        if self.scheduler is None and (count == 0 or (count == 1 and not importlib.util.find_spec("distributed"))):
            return ThisProcess(work)
        return DaskPool(work, max(1, min(count, jobs)), self.scheduler)


@dataclass(frozen=True)
class Extraction:
    """What an extraction left.

    Parameters
    ----------
    folder
        Where the ``.pose`` files are.
    finished
        Ids of the clips whose ``.pose`` file is there, in the order of the jobs.
    found
        How many of them were there before.
    changed
        How many had been there, and were extracted again because their source or stretch is another now.
    failures
        Ids of the others, with the reason.
    """

    folder: OutputFolder
    finished: tuple[str, ...]
    found: int
    changed: int
    failures: Mapping[str, str]


def extract(
    jobs: Sequence[Job],
    folder: OutputFolder,
    work: Work,
    *,
    workers: Workers = Workers(),
    redo: bool = False,
    progress: Progress | None = None,
) -> Extraction:
    """Extract clips into a folder, or go on with that.

    Parameters
    ----------
    jobs
        The clips; their targets lie directly in the folder.
    folder
        Holds a journal beside the ``.pose`` files, which says what each was made from and how.
    work, workers
        How, and by whom. Worker processes import the main script again: call this below
        ``if __name__ == "__main__":``.
    redo
        Extract again what was extracted with other settings.
    progress
        Shows outcomes as they come.

    Raises
    ------
    IsharaError
        If clips of the folder were extracted with other settings and `redo` is not given, another process is extracting
        into it, it cannot be written (a full disk), or the workers cannot work. What was finished is kept, and the same
        call goes on from there.
    """
    with Journal(folder) as journal:
        folder.sweep()
        todo, found, changed = _plan(jobs, journal, work.settings, redo=redo)
        key = journal.use(work.settings)
        failures: dict[str, str] = {}
        done = 0
        try:
            # Closed at once, whatever stops it, so that no worker outlives the journal.
            with closing(_outcomes(todo, work, workers, progress)) as outcomes:
                for outcome in outcomes:
                    if outcome.failure is None:
                        journal.add(_entry(outcome, key))
                        done += 1
                    else:
                        failures[outcome.job.id] = outcome.failure
        except IsharaError as error:
            kept = f" {found + done} of {len(jobs)} clips are extracted; mend it, and the same command goes on."
            raise IsharaError(f"{error}{kept}") from error
    finished = tuple(job.id for job in jobs if job.id not in failures)
    return Extraction(folder, finished, found, changed, failures)


def _outcomes(
    todo: Sequence[Job], work: Work, workers: Workers, progress: Progress | None
) -> Generator[Outcome, None, None]:
    if not todo:
        return
    with workers.pool(work, len(todo)) as pool:
        outcomes = JobQueue(todo, workers.retries).run(pool)
        if progress is None:
            yield from outcomes
            return
        # Closed here, so that a bar is gone before anything is said of what stopped it.
        with closing(progress(outcomes, len(todo))) as shown:
            yield from shown


def _plan(
    jobs: Sequence[Job], journal: Journal, settings: Mapping[str, JsonValue], *, redo: bool
) -> tuple[list[Job], int, int]:
    """What is to be done, how many jobs need nothing, and how many are done again because their source is another."""
    key = key_of(settings)
    sizes = journal.folder.sizes()
    known = {job.id: entry for job in jobs if (entry := journal.entries.get(job.id)) and _is_there(job, entry, sizes)}
    stamps = stamps_of(job.source for job in jobs if job.id in known)
    same = {job.id for job in jobs if job.id in known and _is_same(job, known[job.id], stamps[job.source])}
    others = [clip for clip in same if known[clip].settings != key]
    if others and not redo:
        before = journal.settings.get(known[others[0]].settings, {})
        raise IsharaError(
            f"{journal.folder}: {len(others)} of its clips were extracted with other settings "
            f"({differences(before, settings)}). Give the same settings or another folder with --out, or "
            "have them extracted again with --redo."
        )
    ready = same.difference(others)
    return [job for job in jobs if job.id not in ready], len(ready), len(known) - len(same)


def _is_there(job: Job, entry: Entry, sizes: Mapping[str, int]) -> bool:
    return entry.file == job.name and sizes.get(entry.file) == entry.size


def _is_same(job: Job, entry: Entry, stamp: str | None) -> bool:
    """Whether a clip is made from what it was made from.

    A source that cannot be seen from here counts as unchanged, and one that was moved as the same where its stamp says
    more than its size.
    """
    if (job.start, job.end, job.box) != (entry.start, entry.end, entry.box):
        return False
    if job.source == entry.source:
        return stamp is None or entry.stamp is None or stamp == entry.stamp
    return stamp is not None and stamp == entry.stamp and is_telling(stamp)


def _entry(outcome: Outcome, key: str) -> Entry:
    job = outcome.job
    return Entry(
        job.id, job.name, outcome.size, key, job.source, job.start, job.end, job.box,
        stamp=outcome.stamp, frames=outcome.frames, seconds=round(outcome.seconds, 3),
    )  # fmt: skip


def _cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
