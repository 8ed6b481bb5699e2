"""How many found segments are right: matched with the truth by how much they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

LEAST_SHARED = 0.5


class Interval(Protocol):
    """Something from a start to an end, in seconds, with a gloss."""

    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...
    @property
    def gloss(self) -> str: ...


@dataclass(frozen=True)
class Counts:
    """Of one stream: signs, segments that were found, and of these those at a sign's place, and with its gloss."""

    signs: int
    found: int
    placed: int
    right: int


def shared(one: Interval, other: Interval) -> float:
    """Intersection over union."""
    overlap = min(one.end, other.end) - max(one.start, other.start)
    return max(0.0, overlap) / (one.end - one.start + other.end - other.start - max(0.0, overlap))


def matches(truth: Sequence[Interval], found: Sequence[Interval]) -> list[tuple[int, int]]:
    """Pairs of places in both, each used once: those that share most first, and at least half."""
    pairs = sorted(
        ((shared(a, b), i, j) for i, a in enumerate(truth) for j, b in enumerate(found)), key=lambda pair: -pair[0]
    )
    taken: list[tuple[int, int]] = []
    for share, i, j in pairs:
        if share >= LEAST_SHARED and all(i != a and j != b for a, b in taken):
            taken.append((i, j))
    return sorted(taken)


def count(truth: Sequence[Interval], found: Sequence[Interval]) -> Counts:
    """What came of one stream."""
    pairs = matches(truth, found)
    right = sum(truth[i].gloss == found[j].gloss for i, j in pairs)
    return Counts(len(truth), len(found), len(pairs), right)


def f1(right: float, found: float, signs: float) -> float:
    """Harmonic mean of precision and recall; 0 where there is neither."""
    return 2 * right / (found + signs) if found + signs else 0.0
