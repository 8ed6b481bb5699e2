"""A pool of Dask workers: processes on this machine, or any cluster."""

from __future__ import annotations

from functools import partial
from types import TracebackType

from ishara.dask_workers import DaskWorkers, Died, Use
from ishara.pose.extract.jobs import Death, Job, Outcome, Work
from ishara.pose.extract.worker import work_on

_USE = Use(
    name="extract",
    what="Several workers",
    otherwise="give --workers 1.",
    needs="its extras mediapipe and cluster",
    page="docs/extract.md",
)


class DaskPool:
    """Dask workers, with one job for each of their threads; see `ishara.dask_workers`.

    Parameters
    ----------
    work
        How clips are extracted.
    workers
        How many processes to start on this machine, of one thread each; a process that dies is started again.
    scheduler
        The address of a cluster's scheduler to use instead, such as ``tcp://host:8786``.

    Raises
    ------
    IsharaError
        If Dask is not installed, no scheduler answers at the address, or the workers cannot be started.
    """

    def __init__(self, work: Work, workers: int, scheduler: str | None = None) -> None:
        self._work = work
        self._workers: DaskWorkers[Job] = DaskWorkers(workers, scheduler, _USE)

    @property
    def capacity(self) -> int:
        """Threads of all workers; of a cluster, they are counted anew now and then."""
        return self._workers.capacity

    @property
    def running(self) -> int:
        """Jobs that were submitted and have not ended."""
        return self._workers.running

    def submit(self, job: Job) -> None:
        """Have a job done by some worker."""
        self._workers.submit(partial(work_on, job, self._work), job)

    def next(self) -> Outcome | Death:
        """Wait for any job to end."""
        job, found = self._workers.next()
        if isinstance(found, Died):
            return Death(job, found.times)
        outcome: Outcome = found
        return outcome

    def __enter__(self) -> DaskPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._workers.__exit__(kind, error, trace)
