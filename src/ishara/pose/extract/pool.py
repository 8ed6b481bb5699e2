"""What jobs are given to: a pool takes as many as it has room for and says how each ended."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol

from ishara.pose.extract.jobs import Death, Job, Outcome, Work
from ishara.pose.extract.worker import release, work_on


class Pool(Protocol):
    """Workers, wherever they are; a context manager that lets them go."""

    @property
    def capacity(self) -> int:
        """How many jobs are to run at once, from 1; it may change."""
        ...

    @property
    def running(self) -> int:
        """How many were submitted whose end has not been told."""
        ...

    def submit(self, job: Job) -> None:
        """Have a job done."""
        ...

    def next(self) -> Outcome | Death:
        """Wait for any of the jobs that run to end.

        Raises
        ------
        IsharaError
            If the pool cannot do any job.
        """
        ...

    def __enter__(self) -> Pool: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class ThisProcess:
    """A pool of one: this process and thread. A clip that kills it ends the extraction; the same command goes on."""

    capacity = 1

    def __init__(self, work: Work) -> None:
        self._work = work
        self._job: Job | None = None

    @property
    def running(self) -> int:
        """0 or 1."""
        return int(self._job is not None)

    def submit(self, job: Job) -> None:
        """Keep a job for `next`."""
        self._job = job

    def next(self) -> Outcome:
        """Do the job that was submitted."""
        job, self._job = self._job, None
        if job is None:
            raise RuntimeError("No job was submitted.")
        return work_on(job, self._work)

    def __enter__(self) -> ThisProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        release()
