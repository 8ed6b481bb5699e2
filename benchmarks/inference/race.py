"""Works that do the same in different ways, timed in turns, so that what slows the machine slows all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

# Does one measurement's work.
Work = Callable[[], object]
# Threads of the one before may still wait busily for more to do.
_SETTLE = 0.05


def race(works: dict[str, Work], rounds: int, *, calls: int = 1) -> dict[str, list[float]]:
    """Seconds of a call of each, round by round; who begins turns, and a first call of each turn is not counted."""
    names = list(works)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            time.sleep(_SETTLE)
            works[name]()
            started = time.perf_counter()
            for _ in range(calls):
                works[name]()
            seconds[name].append((time.perf_counter() - started) / calls)
    return seconds


def times(seconds: dict[str, list[float]], baseline: str, name: str) -> dict[str, float]:
    """How many times as fast as another one is, taken within each round."""
    return spread(np.array(seconds[baseline]) / np.array(seconds[name]))


def spread(values: Any) -> dict[str, float]:
    """Median and range."""
    return {"median": float(np.median(values)), "low": float(np.min(values)), "high": float(np.max(values))}


def rows(seconds: dict[str, list[float]], baseline: str) -> dict[str, Any]:
    """Seconds and speed over a baseline of each, ready for JSON."""
    return {
        name: {"seconds": spread(own), "times": times(seconds, baseline, name)} for name, own in seconds.items()
    } | {"baseline": baseline}


def figure(
    name: str,
    unit: str,
    measured: dict[str, float],
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    stretch: float | None = None,
    note: str = "",
) -> dict[str, Any]:
    """What was measured against its bound, ready for JSON; `met` is None where nothing was required."""
    value = measured["median"]
    met = None
    if at_least is not None:
        met = value >= at_least
    elif at_most is not None:
        met = value <= at_most
    return {
        "name": name, "unit": unit, "measured": measured, "at_least": at_least, "at_most": at_most, "stretch": stretch,
        "met": met, "note": note,
    }  # fmt: skip


def misses(figures: Sequence[dict[str, Any]]) -> list[str]:
    """What is not as required, in sentences."""
    found = []
    for row in figures:
        if row["met"] is False:
            side, bound = ("least", row["at_least"]) if row["at_least"] is not None else ("most", row["at_most"])
            found.append(f"{row['name']}: {row['measured']['median']:.3g} {row['unit']}; expected at {side} {bound:g}.")
    return found
