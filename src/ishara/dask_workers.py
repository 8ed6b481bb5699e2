"""Dask workers for whatever can be done beside other things: processes on this machine, or any cluster."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import resource_tracker
from types import TracebackType
from typing import Any, Generic, TypeVar

from ishara.errors import IsharaError
from ishara.extras import extra

Tag = TypeVar("Tag")
_LEAST_MEMORY = 2 << 30
_SECONDS_TO_CONNECT = 20
_SECONDS_BETWEEN_COUNTS = 5.0
_SECONDS_TO_RESTART = 10
_LOGGERS = ("distributed", "distributed.client", "tornado", "tornado.application")
_logger = logging.getLogger(__name__)
# Workers hold no data between tasks, so there is nothing to spill, and a worker that waited for its memory to fall
# would wait for ever. One that takes far too much is ended, and its task tried again.
_LOCAL_SETTINGS = {
    "distributed.scheduler.allowed-failures": 0,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.profile.enabled": False,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


@dataclass(frozen=True)
class Use:
    """What workers are for, and what their processes are to be like.

    Parameters
    ----------
    name
        Begins the name of each task.
    what, otherwise
        What needs Dask, in the plural, and what can be done without it, as the end of a sentence.
    needs
        What workers must have installed, as the end of a sentence.
    page
        Where it is explained.
    limited
        Whether a process that takes more than its share of this machine's memory is ended.
    parents
        Whether the processes may begin further ones.
    """

    name: str
    what: str
    otherwise: str
    needs: str
    page: str
    limited: bool = True
    parents: bool = False


@dataclass(frozen=True)
class Died:
    """A worker died while a task was on it; Dask says so once it has tried as often as its scheduler allows."""

    times: int


class DaskWorkers(Generic[Tag]):
    """Workers with one task for each of their threads: none waits where another may kill the worker under it.

    Parameters
    ----------
    count
        How many processes to start on this machine, of one thread each; a process that dies is started again.
    scheduler
        The address of a cluster's scheduler to use instead, such as ``tcp://host:8786``.
    use
        What for.

    Raises
    ------
    IsharaError
        If Dask is not installed, no scheduler answers at the address, or the workers cannot be started.
    """

    def __init__(self, count: int, scheduler: str | None, use: Use) -> None:
        self._scheduler, self._use = scheduler, use
        self._tags: dict[Any, Tag] = {}
        self._submitted = 0
        self._capacity, self._counted = count, float("-inf")
        with ExitStack() as stack, extra("cluster", use.what, otherwise=use.otherwise):
            self._dask: Any = import_module("distributed")
            stack.enter_context(_silence())
            self._client = stack.enter_context(_connect(self._dask, count, scheduler, use))
            self._ended = self._dask.as_completed(loop=self._client.loop)
            self._stack = stack.pop_all()

    @property
    def capacity(self) -> int:
        """Threads of all workers; of a cluster, they are counted anew now and then."""
        if self._scheduler is not None and time.monotonic() - self._counted > _SECONDS_BETWEEN_COUNTS:
            threads = sum(self.threads.values())
            if not threads and not self._tags:
                _logger.warning("%s: has no workers yet; waiting for some.", self._scheduler)
            self._capacity, self._counted = max(threads, 1), time.monotonic()
        return self._capacity

    @property
    def threads(self) -> dict[str, int]:
        """How many threads each worker has, by its address."""
        return dict(self._client.nthreads())

    @property
    def running(self) -> int:
        """Tasks that were submitted and have not ended."""
        return len(self._tags)

    def submit(self, task: Callable[[], Any], tag: Tag) -> None:
        """Have something done by some worker; what it needs travels there by value."""
        import cloudpickle

        self._submitted += 1
        key = f"{self._use.name}-{self._submitted}-{os.getpid()}"
        future = self._client.submit(_unpacking(), cloudpickle.dumps(task), key=key)
        self._tags[future] = tag
        self._ended.add(future)

    def next(self) -> tuple[Tag, Any]:
        """Wait for any task to end: its tag, and what it returned or `Died`."""
        future = next(self._ended)
        tag = self._tags.pop(future)
        try:
            return tag, future.result()
        except self._dask.scheduler.KilledWorker as death:
            return tag, Died(death.allowed_failures + 1)
        except (self._dask.CancelledError, import_module("distributed.comm").CommClosedError):
            # Tasks are cancelled when their scheduler goes; one that had just ended fails as its outcome is fetched.
            raise IsharaError(f"{self._scheduler or 'The local cluster'}: the Dask scheduler has gone.") from None
        except Exception as error:
            raise IsharaError(
                f"The workers of {self._scheduler or 'this machine'} cannot work ({type(error).__name__}: "
                f"{' '.join(str(error).split())}). They need the Ishara of this machine, with {self._use.needs}."
            ) from error

    def stop(self) -> None:
        """Have a cluster end the processes that are still at a task of ours: nothing else ends what a thread does.

        It needs a nanny over each of them. Processes of this machine end with the pool in any case.
        """
        if self._scheduler is None:
            return
        keys = {future.key for future in self._tags}
        busy = [worker for worker, tasks in self._client.processing().items() if keys & set(tasks)]
        self._client.cancel(list(self._tags), force=True)
        if busy:
            self._client.restart_workers(busy, timeout=_SECONDS_TO_RESTART, raise_for_error=False)

    def __enter__(self) -> DaskWorkers[Tag]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tags.clear()
        self._stack.close()


def _unpacking() -> Callable[[bytes], Any]:
    """What a worker runs. A function inside a function travels by value: a worker that lacks Ishara says so.

    One that travels by name would be looked for while the worker reads its messages, and it would read no more of them.
    """

    def unpack(task: bytes) -> Any:
        import cloudpickle

        return cloudpickle.loads(task)()

    return unpack


@contextmanager
def _connect(dask: Any, workers: int, scheduler: str | None, use: Use) -> Iterator[Any]:
    """A client of the cluster at an address, or of one that is begun here and ends with it."""
    with ExitStack() as stack:
        cluster = scheduler or stack.enter_context(_local_cluster(dask, workers, use))
        try:
            if scheduler is not None:
                # A client that is made with no address at all fails too, but prints a traceback long afterwards.
                import_module("distributed.comm").resolve_address(scheduler)
            client = dask.Client(cluster, timeout=_SECONDS_TO_CONNECT, set_as_default=False)
        except (OSError, ValueError) as error:
            raise IsharaError(
                f"{scheduler}: no Dask scheduler answers there ({error or type(error).__name__}). Start one with "
                f"`dask scheduler`, and workers with `dask worker`; see {use.page}."
            ) from None
        yield stack.enter_context(client)


@contextmanager
def _local_cluster(dask: Any, workers: int, use: Use) -> Iterator[Any]:
    cluster = None
    settings = {**_LOCAL_SETTINGS, "distributed.worker.daemon": not use.parents}
    share = max(dask.system.MEMORY_LIMIT // workers, _LEAST_MEMORY)
    with import_module("dask.config").set(settings):
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
                    memory_limit=share if use.limited else 0,
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
