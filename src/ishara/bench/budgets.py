"""Budgets: what a recogniser may need at most, and whether it keeps to that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MIB = 2**20


@dataclass(frozen=True)
class Budgets:
    """Bounds; None where there is none.

    Parameters
    ----------
    latency
        Milliseconds within which 95 of 100 clips are answered, each alone.
    memory, size
        MiB of the process at most, and of the files that it needs.
    throughput
        Clips per second at least, over all clips.
    """

    latency: float | None = None
    memory: float | None = None
    size: float | None = None
    throughput: float | None = None


@dataclass(frozen=True)
class Verdict:
    """One bound: what was found, and whether it is kept."""

    name: str
    unit: str
    bound: float
    found: float
    met: bool

    def __str__(self) -> str:
        return f"{self.name} is {self.found:.4g} {self.unit}; expected at {self._side} {self.bound:g} {self.unit}"

    @property
    def _side(self) -> str:
        return "least" if self.name == "throughput" else "most"


def judge(budgets: Budgets, measured: Mapping[str, Any]) -> list[Verdict]:
    """The bounds that were given, held against what was measured of one contestant."""
    found = {
        "latency": (measured["alone"]["p95_ms"], "ms (95 of 100 clips)"),
        "memory": (measured["peak_bytes"] / MIB, "MiB"),
        "size": (measured["size_bytes"] / MIB, "MiB"),
        "throughput": (measured["clips_per_second"]["median"], "clips per second"),
    }
    verdicts = []
    for name, (value, unit) in found.items():
        bound = getattr(budgets, name)
        if bound is not None:
            met = value >= bound if name == "throughput" else value <= bound
            verdicts.append(Verdict(name, unit, bound, value, bool(met)))
    return verdicts
