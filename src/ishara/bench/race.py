"""Rounds in turns: what slows the machine for a while slows every contestant alike, and ratios stay fair."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from ishara.bench.contestants import Run
from ishara.recognizer.inputs import ModelInput, batches

BATCH = 16
# Of the clips, how many are run alone and how many batches of 16 there are in each round.
_ALONE, _BATCHES = 32, 4
_SEED = 0
_SETTLE = 0.05
K = TypeVar("K")


@dataclass(frozen=True)
class Plan:
    """What one round has each contestant do.

    Parameters
    ----------
    alone
        Clips that are run one by one, of all lengths.
    batches
        16 clips each, as they come: of any lengths. They are handed over at once and run as Ishara runs clips, which
        is in one go only where they are of like length and short. Where there are fewer clips, they come again.
    whole
        Clips that are handed over all at once.
    """

    alone: tuple[ModelInput, ...]
    batches: tuple[tuple[ModelInput, ...], ...]
    whole: tuple[ModelInput, ...]


@dataclass
class Times:
    """Seconds that a contestant took: of each clip alone and each batch, round by round, and of all clips at once."""

    alone: list[list[float]] = field(default_factory=list)
    batches: list[list[float]] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)


def plan(clips: Sequence[ModelInput]) -> Plan:
    """What a round has each contestant do with some clips."""
    by_length = sorted(clips, key=len)
    spread = np.linspace(0, len(clips) - 1, min(_ALONE, len(clips))).round().astype(int)
    order = np.random.default_rng(_SEED).permutation(len(clips))
    count = min(_BATCHES, max(1, len(clips) // BATCH))
    mixed = np.resize(order, (count, BATCH))
    batches = tuple(tuple(clips[i] for i in row) for row in mixed)
    return Plan(tuple(by_length[i] for i in spread), batches, tuple(clips))


def runs_of_batches(todo: Plan, together: int) -> dict[str, float]:
    """In how many runs of a graph the 16 clips of a batch are answered: clips of unlike lengths are run apart.

    Parameters
    ----------
    together
        The most clips of a run; see `ishara.recognizer.inputs.batches`.
    """
    return _spread(np.array([len(batches([clip.x for clip in batch], together)) for batch in todo.batches]))


def race(
    runs: Mapping[K, Run],
    clips: Sequence[ModelInput],
    rounds: int,
    *,
    finish: Callable[[], None] = lambda: None,
    progress: Callable[[Sequence[int]], Any] = iter,
) -> dict[K, Times]:
    """Time every contestant.

    Parameters
    ----------
    runs
        What each does with clips.
    rounds
        That are counted, after one that is not. Who begins turns from round to round.
    finish
        Waits for a device; before a clock is read.
    progress
        Wraps the rounds to show progress.
    """
    todo = plan(clips)
    for run in runs.values():
        run(todo.batches[0])
    names = list(runs)
    times = {name: Times() for name in names}
    for number in progress(range(rounds)):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            run, own = runs[name], times[name]
            # Threads of the one before may still wait busily for more to do.
            time.sleep(_SETTLE)
            run(todo.alone[-1:])
            own.alone.append([_seconds(run, [clip], finish) for clip in todo.alone])
            own.batches.append([_seconds(run, batch, finish) for batch in todo.batches])
            own.whole.append(_seconds(run, todo.whole, finish))
    return times


def figures(times: Times, first: Times, clips: int) -> dict[str, Any]:
    """What is said of a contestant, ready for JSON.

    Parameters
    ----------
    times, first
        The contestant's, and those of the one that it is compared with, of the same rounds.
    clips
        How many were handed over at once.

    Returns
    -------
    dict
        ``alone`` and ``batch``: ``median_ms`` and ``p95_ms`` of a clip, and of 16 at once; ``clips_per_second`` of
        all clips at once; ``times``: how many times as fast as the other it is in each, the median over rounds.
    """
    return {
        "alone": _latency(times.alone),
        "batch": _latency(times.batches),
        "clips_per_second": _spread(clips / np.array(times.whole)),
        "times": {
            "alone": _ratio(first.alone, times.alone),
            "batch": _ratio(first.batches, times.batches),
            "whole": _ratio([[value] for value in first.whole], [[value] for value in times.whole]),
        },
    }


def _seconds(run: Run, clips: Sequence[ModelInput], finish: Callable[[], None]) -> float:
    finish()
    started = time.perf_counter()
    run(clips)
    finish()
    return time.perf_counter() - started


def _latency(seconds: Sequence[Sequence[float]]) -> dict[str, float]:
    median, p95 = np.percentile(1000 * np.array(seconds), (50, 95))
    return {"median_ms": float(median), "p95_ms": float(p95)}


def _spread(values: np.ndarray) -> dict[str, float]:
    return {"median": float(np.median(values)), "low": float(values.min()), "high": float(values.max())}


def _ratio(first: Sequence[Sequence[float]], own: Sequence[Sequence[float]]) -> dict[str, float]:
    """Round by round, of the sums: each clip counts by its cost."""
    return _spread(np.array(first).sum(axis=1) / np.array(own).sum(axis=1))
