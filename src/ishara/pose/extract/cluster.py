"""A pool of Dask workers: processes on this machine, or any cluster."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module
from multiprocessing import resource_tracker
from types import TracebackType
from typing import Any

from ishara.errors import IsharaError
from ishara.extras import extra
from ishara.pose.extract.jobs import Death, Job, Outcome, Work
from ishara.pose.extract.worker import work_on

_LEAST_MEMORY = 2 << 30
_SECONDS_TO_CONNECT = 20
_SECONDS_BETWEEN_COUNTS = 5.0
_LOGGERS = ("distributed", "distributed.client", "tornado", "tornado.application")
_logger = logging.getLogger(__name__)
# Workers hold no data between jobs, so there is nothing to spill, and a worker that waited for its memory to fall would
# wait for ever. One that takes far too much is ended, and its clip tried again.
_LOCAL_SETTINGS = {
    "distributed.scheduler.allowed-failures": 0,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.profile.enabled": False,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


class DaskPool:
    """Dask workers, with one job for each of their threads: none waits where another may kill the worker under it.

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
        self._scheduler = scheduler
        self._jobs: dict[Any, Job] = {}
        self._submitted = 0
        self._capacity, self._counted = workers, float("-inf")
        with ExitStack() as stack, extra("cluster", "Several workers", otherwise="give --workers 1."):
            self._dask: Any = import_module("distributed")
            stack.enter_context(_silence())
            self._client = stack.enter_context(_connect(self._dask, workers, scheduler))
            self._ended = self._dask.as_completed(loop=self._client.loop)
            self._stack = stack.pop_all()

    @property
    def capacity(self) -> int:
        """Threads of all workers; of a cluster, they are counted anew now and then."""
        if self._scheduler is not None and time.monotonic() - self._counted > _SECONDS_BETWEEN_COUNTS:
            threads = sum(self._client.nthreads().values())
            if not threads and not self._jobs:
                _logger.warning("%s: has no workers yet; waiting for some.", self._scheduler)
            self._capacity, self._counted = max(threads, 1), time.monotonic()
        return self._capacity

    @property
    def running(self) -> int:
        """Jobs that were submitted and have not ended."""
        return len(self._jobs)

    def submit(self, job: Job) -> None:
        """Have a job done by some worker."""
        import cloudpickle

        self._submitted += 1
        key = f"extract-{self._submitted}-{os.getpid()}"
        future = self._client.submit(_unpacking(), cloudpickle.dumps(partial(work_on, job, self._work)), key=key)
        self._jobs[future] = job
        self._ended.add(future)

    def next(self) -> Outcome | Death:
        """Wait for any job to end."""
        future = next(self._ended)
        job = self._jobs.pop(future)
        try:
            outcome: Outcome = future.result()
        except self._dask.scheduler.KilledWorker as death:
            return Death(job, death.allowed_failures + 1)
        except self._dask.CancelledError:
            raise IsharaError(f"{self._scheduler or 'The local cluster'}: the Dask scheduler has gone.") from None
        except Exception as error:
            raise IsharaError(
                f"The workers of {self._scheduler or 'this machine'} cannot work ({type(error).__name__}: "
                f"{' '.join(str(error).split())}). They need the Ishara of this machine, with its extras mediapipe and "
                "cluster."
            ) from error
        return outcome

    def __enter__(self) -> DaskPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._jobs.clear()
        self._stack.close()


def _unpacking() -> Callable[[bytes], Outcome]:
    """What a worker runs. A function inside a function travels by value: a worker that lacks Ishara says so.

    One that travels by name would be looked for while the worker reads its messages, and it would read no more of them.
    """

    def unpack(task: bytes) -> Outcome:
        import cloudpickle

        return cloudpickle.loads(task)()

    return unpack


@contextmanager
def _connect(dask: Any, workers: int, scheduler: str | None) -> Iterator[Any]:
    """A client of the cluster at an address, or of one that is begun here and ends with it."""
    with ExitStack() as stack:
        cluster = scheduler or stack.enter_context(_local_cluster(dask, workers))
        try:
            if scheduler is not None:
                # A client that is made with no address at all fails too, but prints a traceback long afterwards.
                import_module("distributed.comm").resolve_address(scheduler)
            client = dask.Client(cluster, timeout=_SECONDS_TO_CONNECT, set_as_default=False)
        except (OSError, ValueError) as error:
            raise IsharaError(
                f"{scheduler}: no Dask scheduler answers there ({error or type(error).__name__}). Start one with "
                "`dask scheduler`, and workers with `dask worker`; see docs/extract.md."
            ) from None
        yield stack.enter_context(client)


@contextmanager
def _local_cluster(dask: Any, workers: int) -> Iterator[Any]:
    cluster = None
    with import_module("dask.config").set(_LOCAL_SETTINGS):
        try:
            with _without_interrupts():
                cluster = dask.LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    processes=True,
                    host="127.0.0.1",
                    # None would still take Dask's usual port, and warn where another cluster has it.
                    dashboard_address="127.0.0.1:0",
                    scheduler_kwargs={"dashboard": False},
                    memory_limit=max(dask.system.MEMORY_LIMIT // workers, _LEAST_MEMORY),
                    silence_logs=logging.CRITICAL,
                )
            yield cluster
        finally:
            if cluster is not None:
                cluster.close()


@contextmanager
def _silence() -> Iterator[None]:
    """What goes wrong is ours to tell, in a line; Dask's own words would break the progress bar."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Threads and processes that are begun inside, and what these begin later, do not see Ctrl-C; this one does after.

    A terminal sends it to every process. This one ends the workers itself; they would fill the screen first.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # It is begun with the first process, and would let interrupts through again in the thread that begins it.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
