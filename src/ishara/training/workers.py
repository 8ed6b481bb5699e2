"""Who does the jobs of a cross-validation: this process, one by one, or Dask workers beside each other."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from ishara import console
from ishara.dask_workers import DaskWorkers, Died, Use
from ishara.errors import IsharaError
from ishara.training.jobs import Job, Learner, Outcome, work_on

_USE = Use(
    name="fold",
    what="Folds beside each other",
    otherwise="give --jobs 1.",
    needs="its extras train and cluster",
    page="docs/evaluation.md",
    limited=False,
    parents=True,
)
# Torch's generator and its number of threads are the process's: two folds in one would not be what each is alone.
_alone = threading.Lock()


@dataclass(frozen=True)
class Workers:
    """Who does the jobs.

    Parameters
    ----------
    count
        Processes on this machine; 1 for this process alone.
    scheduler
        The address of a Dask scheduler whose workers are used instead. They must have one thread each, read the clips
        and write the folder of the cross-validation under the same addresses.
    """

    count: int = 1
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if self.count < 1:
            raise IsharaError(f"{self.count} jobs beside each other cannot be; expected a number from 1.")
        if self.count > 1 and self.scheduler is not None:
            raise IsharaError("--jobs starts processes on this machine and --cluster uses others: give one of them.")

    @property
    def apart(self) -> bool:
        """Whether jobs are done by other processes than this one."""
        return self.count > 1 or self.scheduler is not None


def outcomes(
    jobs: Sequence[Job], home: Path, learner: Learner, workers: Workers
) -> Generator[tuple[Outcome, int], None, None]:
    """Do jobs, and give each one's outcome as it ends, with how many can be done beside each other.

    Raises
    ------
    IsharaError
        If the workers cannot work. A job that cannot be done is an outcome.
    """
    if not jobs:
        return
    if not workers.apart:
        for job in jobs:
            yield work_on(job, home, learner), 1
        return
    _refuse_groups_of_processes(jobs)
    count = min(workers.count, len(jobs))
    threads = max(1, _cores() // count) if workers.scheduler is None else None
    waiting = list(jobs)
    started: DaskWorkers[Job] = DaskWorkers(count, workers.scheduler, _USE)
    with started as pool:
        _refuse_shared_processes(pool.threads, workers.scheduler)
        # A cluster may grow at any time: it is told of all jobs at once.
        most = count if workers.scheduler is None else len(jobs)
        try:
            while waiting or pool.running:
                while waiting and pool.running < most:
                    job = waiting.pop(0)
                    pool.submit(partial(_work_apart, job, home.resolve(), learner, threads), job)
                job, found = pool.next()
                beside = count if workers.scheduler is None else max(1, len(pool.threads))
                yield _died(job, found) if isinstance(found, Died) else found, beside
        except BaseException:
            pool.stop()
            raise


def _work_apart(job: Job, home: Path, learner: Learner, threads: int | None) -> Outcome:
    """Do a job in a process of Dask's; what it has to say is in the outcome."""
    with _alone, _silent() as said:
        if threads is not None and job.recipe.train.threads is None:
            torch.set_num_threads(threads)
        return replace(work_on(job, home, learner), said=said.getvalue())


@contextmanager
def _silent() -> Iterator[io.StringIO]:
    """Keep what is said: several processes would write over each other's bars."""
    said = io.StringIO()
    files = [(shown, shown.file) for shown in (console.console, console.errors)]
    try:
        for shown, _ in files:
            shown.file = said
        yield said
    finally:
        for shown, file in files:
            shown.file = file


def _died(job: Job, found: Died) -> Outcome:
    times = "" if found.times == 1 else f" {found.times} times"
    return Outcome(
        job.name,
        failure=f"its process died{times}. Perhaps the memory is too small for so many at once: give fewer --jobs.",
    )


def _refuse_groups_of_processes(jobs: Sequence[Job]) -> None:
    train = jobs[0].recipe.train
    if train.devices * train.num_nodes > 1:
        raise IsharaError(
            f"train.devices={train.devices} and train.num_nodes={train.num_nodes} make one fold the work of several "
            "processes; folds beside each other have one each. Set both to 1, or leave out --jobs and --cluster."
        )


def _refuse_shared_processes(threads: dict[str, int], scheduler: str | None) -> None:
    shared = {worker: count for worker, count in threads.items() if count > 1}
    if shared:
        worker, count = next(iter(shared.items()))
        raise IsharaError(
            f"{scheduler}: the worker {worker} has {count} threads, but each fold needs a process of its own. Start "
            f"the workers with: dask worker {scheduler} --nthreads 1 --nworkers {count}"
        )


def _cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
