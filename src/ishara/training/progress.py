"""Where a cross-validation stands: what is done, what failed, and about how long the rest will take."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from ishara.console import errors
from ishara.training.jobs import Outcome, read_seconds
from ishara.whole import write_whole

PLAN = "plan.json"
_MINUTE = 60


@dataclass(frozen=True)
class Standing:
    """Where a cross-validation stands.

    Parameters
    ----------
    done, total
        Jobs that have their predictions, and all of them.
    left
        Seconds that the rest will take; ``None`` where nothing is known to tell it from.
    ended
        The job that ended just now; ``None`` at the beginning.
    """

    done: int
    total: int
    left: float | None
    ended: Outcome | None = None

    def __str__(self) -> str:
        """One line, such as ``4 of 30 done (s03-seed0: 146 s), about 1 h 10 min left``."""
        left = f", {about(self.left)} left" if self.left is not None and self.done < self.total else ""
        if self.ended is None:
            return f"{self.done} of {self.total} were done before{left}"
        if self.ended.failure is not None:
            return f"{self.ended.name} failed: {self.ended.failure} {self.done} of {self.total} done{left}"
        took = "" if self.ended.seconds is None else f": {self.ended.seconds:.0f} s"
        return f"{self.done} of {self.total} done ({self.ended.name}{took}){left}"


Report = Callable[[Standing], None]


class Tracker:
    """Counts jobs and their seconds, and tells where things stand.

    Parameters
    ----------
    costs
        How long each job takes beside the others, in a unit of its own.
    home
        Holds the folders of jobs; those that were done before have their seconds there.
    done
        Names of the jobs that were.
    beside
        How many jobs are done beside each other.
    report
        Is told after each job.
    """

    def __init__(
        self, costs: Mapping[str, float], home: Path, done: set[str], *, beside: int = 1, report: Report
    ) -> None:
        self._costs = dict(costs)
        self._done = set(done)
        self._beside = beside
        self._before = {name: seconds for name in done if (seconds := read_seconds(home / name)) is not None}
        self._now: dict[str, float] = {}
        self._failed: set[str] = set()
        self._report = report
        if done:
            report(self.standing())

    def ended(self, outcome: Outcome, beside: int) -> None:
        """Count a job, and tell."""
        self._beside = beside
        if outcome.failure is not None:
            self._failed.add(outcome.name)
        else:
            self._done.add(outcome.name)
            if outcome.seconds is not None:
                self._now[outcome.name] = outcome.seconds
        self._report(self.standing(outcome))

    def standing(self, ended: Outcome | None = None) -> Standing:
        """Where things stand; those that failed are not waited for."""
        waiting = [name for name in self._costs if name not in self._done | self._failed]
        # What was done just now was done as the rest will be, with so many beside each other.
        left = time_left(self._costs, self._now or self._before, waiting, self._beside)
        return Standing(len(self._done), len(self._costs), left, ended)


def time_left(
    costs: Mapping[str, float], seconds: Mapping[str, float], waiting: list[str], beside: int
) -> float | None:
    """Seconds until all that wait are done, by what others took for their cost; ``None`` where none is known."""
    if not waiting:
        return 0.0
    known = sum(costs[name] for name in seconds)
    if not known:
        return None
    rate = sum(seconds.values()) / known
    return rate * sum(costs[name] for name in waiting) / min(beside, len(waiting))


def about(seconds: float) -> str:
    """In words: ``about 2 h 10 min``, ``about 12 min``, ``less than a minute``."""
    if seconds < _MINUTE:
        return "less than a minute"
    hours, minutes = divmod(round(seconds / _MINUTE), 60)
    return f"about {hours} h {minutes} min" if hours else f"about {minutes} min"


def write_plan(home: Path, costs: Mapping[str, float], beside: int) -> None:
    """Keep what a cross-validation consists of, so that how long it will take can be told without its clips."""
    write_whole(home / PLAN, json.dumps({"beside": beside, "costs": costs}, indent=1, ensure_ascii=False))


@contextmanager
def shown(*, bar: bool) -> Iterator[Report]:
    """Tell where things stand in a line after each job and, with `bar`, in a bar where there is a terminal.

    Jobs that are done by this process have bars of their own.
    """
    columns = (TextColumn("Folds"), BarColumn(), MofNCompleteColumn(), _Left())
    progress = Progress(*columns, console=errors, transient=True, disable=not (bar and errors.is_terminal))
    with progress:
        task = progress.add_task("", total=None, at=0.0, left=None)

        def report(standing: Standing) -> None:
            if standing.ended is not None and standing.ended.said:
                for line in standing.ended.said.splitlines():
                    _say(f"{standing.ended.name}: {line}")
            _say(str(standing))
            progress.update(
                task, completed=standing.done, total=standing.total, at=time.monotonic(), left=standing.left
            )

        yield report


def silent(standing: Standing) -> None:
    """Tell nothing."""


def _say(words: str) -> None:
    errors.print(escape(words), highlight=False, soft_wrap=True)


class _Left(ProgressColumn):
    """The time left, which goes down between jobs too."""

    def render(self, task: Task) -> Text:
        """In words; nothing while it is not known."""
        left: float | None = task.fields["left"]
        if left is None:
            return Text("")
        since = time.monotonic() - task.fields["at"]
        return Text(f"{about(max(0.0, left - since))} left")
