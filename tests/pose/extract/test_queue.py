"""The order of jobs: each ends once, a failed one is tried again, and only the guilty fail with a worker."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ishara.errors import IsharaError
from ishara.pose.extract.jobs import Death, Job, Outcome
from ishara.pose.extract.queue import JobQueue

GOOD, BAD, FLAKY, KILLER, FLAKY_KILLER = "good", "bad", "flaky", "killer", "flaky killer"
kinds = st.sampled_from([GOOD, GOOD, GOOD, BAD, FLAKY, KILLER, FLAKY_KILLER])


class Pretended:
    """A pool whose workers have several threads each, so that a killer takes its neighbours with it."""

    def __init__(self, capacity: int, draw: st.DataObject | None = None) -> None:
        self.capacity = capacity
        self.draw = draw
        self.jobs: list[Job] = []
        self.dead: list[Death] = []
        self.tries: Counter[str] = Counter()
        self.most = 0

    @property
    def running(self) -> int:
        return len(self.jobs) + len(self.dead)

    def submit(self, job: Job) -> None:
        self.jobs.append(job)
        self.most = max(self.most, self.running)

    def next(self) -> Outcome | Death:
        if self.dead:
            return self.dead.pop()
        which = self.draw.draw(st.integers(0, len(self.jobs) - 1)) if self.draw else 0
        job = self.jobs.pop(which)
        self.tries[job.id] += 1
        first = self.tries[job.id] == 1
        if job.source == KILLER or (job.source == FLAKY_KILLER and first):
            self.dead = [Death(neighbour, 1) for neighbour in self.jobs]
            self.jobs = []
            return Death(job, 1)
        if job.source == BAD or (job.source == FLAKY and first):
            return Outcome(job, f"failed on try {self.tries[job.id]}")
        return Outcome(job, size=1)


def jobs_of(sources: list[str]) -> list[Job]:
    return [Job(str(i), source, f"/poses/{i}.pose") for i, source in enumerate(sources)]


@given(sources=st.lists(kinds, max_size=12), capacity=st.integers(1, 4), retries=st.integers(0, 3), data=st.data())
def test_every_job_ends_once_and_only_the_guilty_fail(sources, capacity, retries, data):
    jobs = [Job("safe", GOOD, "/poses/safe.pose"), *jobs_of(sources)]
    pool = Pretended(capacity, data)
    # One has ended well before any worker dies: otherwise it may look as if none could work at all.
    queue = JobQueue(jobs, retries)
    queue._any_lived = True
    ended = {outcome.job.id: outcome.failure for outcome in queue.run(pool)}
    assert sorted(ended) == sorted(job.id for job in jobs)
    assert pool.most <= capacity
    for job in jobs:
        guilty = job.source in (BAD, KILLER) or (retries == 0 and job.source == FLAKY)
        # Without retries, one that kills its worker at its first try fails if it was alone then.
        unlucky = retries == 0 and job.source == FLAKY_KILLER
        assert (ended[job.id] is not None) == guilty or unlucky


def test_a_job_that_fails_in_the_same_words_is_not_tried_a_third_time():
    class Same(Pretended):
        def next(self) -> Outcome:
            self.tries["0"] += 1
            return Outcome(self.jobs.pop(), "a.mp4: is empty.")

    pool = Same(2)
    (outcome,) = JobQueue(jobs_of([BAD]), retries=5).run(pool)
    assert outcome.failure == "a.mp4: is empty."
    assert pool.tries["0"] == 2


def test_where_every_worker_dies_it_ends_with_a_reason():
    pool = Pretended(2)
    with pytest.raises(IsharaError, match=r"Every worker died: 4 clips were begun and none ended \(the first: 0\)"):
        list(JobQueue(jobs_of([KILLER] * 50), retries=2).run(pool))
    assert sum(pool.tries.values()) < 10


def test_what_is_not_the_clips_fault_ends_it_at_once():
    class Full(Pretended):
        def next(self) -> Outcome:
            return Outcome(self.jobs.pop(), "No space left on device.", fatal=True)

    with pytest.raises(IsharaError, match="No space left on device"):
        list(JobQueue(jobs_of([GOOD] * 3), retries=2).run(Full(1)))
