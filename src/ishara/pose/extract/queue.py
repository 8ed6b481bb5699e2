"""Which job is next: each is tried again where it fails, and the one that kills its worker is found out.

A worker's death is not always the clip's fault: memory may have run out, an administrator may have ended the machine,
or another clip in the same process was to blame. So its jobs are put aside, and run alone once all others are done.
Only a job whose workers die then has failed.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator

from ishara.errors import IsharaError
from ishara.pose.extract.jobs import Death, Job, Outcome
from ishara.pose.extract.pool import Pool

_FEWEST_DEATHS = 4


class JobQueue:
    """The jobs of an extraction.

    Parameters
    ----------
    jobs
        In the order in which they are begun.
    retries
        How many further tries a job gets. A job that fails with the same words as before gets none: it would again.
    """

    def __init__(self, jobs: Iterable[Job], retries: int) -> None:
        self._waiting = deque(jobs)
        self._suspects: deque[Job] = deque()
        self._retries = retries
        self._tries: Counter[str] = Counter()
        self._deaths: Counter[str] = Counter()
        self._deaths_alone: Counter[str] = Counter()
        self._reasons: dict[str, str] = {}
        self._alone: str | None = None
        self._any_lived = False

    def run(self, pool: Pool) -> Iterator[Outcome]:
        """The last outcome of each job, as they end.

        Raises
        ------
        IsharaError
            If the pool can do no job: the estimator cannot be made, the folder cannot be written, every worker dies.
        """
        while self._waiting or self._suspects or pool.running:
            while self._waiting and pool.running < pool.capacity:
                self._submit(self._waiting.popleft(), pool)
            if not pool.running:
                self._submit(self._suspects.popleft(), pool)
            end = pool.next()
            last = self._after_death(end, pool.capacity) if isinstance(end, Death) else self._after(end)
            if last is not None:
                yield last

    def _submit(self, job: Job, pool: Pool) -> None:
        self._alone = None if pool.running else job.id
        pool.submit(job)

    def _after(self, outcome: Outcome) -> Outcome | None:
        if outcome.fatal:
            raise IsharaError(str(outcome.failure))
        self._any_lived = True
        job, reason = outcome.job, outcome.failure
        if reason is None:
            return outcome
        self._tries[job.id] += 1
        again = self._reasons.get(job.id) == reason
        self._reasons[job.id] = reason
        if again or self._tries[job.id] > self._retries:
            return outcome
        self._waiting.append(job)
        return None

    def _after_death(self, death: Death, capacity: int) -> Outcome | None:
        job = death.job
        self._deaths[job.id] += death.times
        self._deaths_alone[job.id] += death.times if self._alone == job.id else 0
        if not self._any_lived and len(self._deaths) >= max(_FEWEST_DEATHS, 2 * capacity):
            raise IsharaError(
                f"Every worker died: {len(self._deaths)} clips were begun and none ended (the first: "
                f"{next(iter(self._deaths))}). The estimator may not run on this kind of machine, or memory may be too "
                "small; try `ishara extract` with --workers 1 on a manifest of one clip."
            )
        if self._deaths_alone[job.id] > self._retries:
            times = f"{self._deaths[job.id]} times" if self._deaths[job.id] > 1 else "once"
            reason = (
                f"{job.source}: its worker died {times}, with no other clip running the last time; it may need more "
                "memory than there is."
            )
            return Outcome(job, reason)
        self._suspects.append(job)
        return None
