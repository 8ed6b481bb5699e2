"""Deletion and insertion curves: whether a ranking names what the recogniser goes by (Petsiuk et al., RISE, BMVC 2018).

The clip is cut into units, which are taken away one after the other, the most important first. The sooner the
recogniser gives up its answer, the more faithful the ranking is. Insertion goes the other way: from nothing, the most
important first. Rankings by chance are what a ranking must beat, for much of a clip is redundant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ishara.explain.scoring import Floats, Scorer, probability
from ishara.recognizer import ModelInput

Gone = NDArray[np.bool_]
# From which units are gone (U,) to the clip without them.
Without = Callable[[Gone], ModelInput]
RANDOM = "random"
STEPS = 10
CHANCES = 8


@dataclass(frozen=True, eq=False)
class Curve:
    """How likely the recogniser finds its answer as a clip is taken away, and as it is put back.

    Parameters
    ----------
    share
        (S,) of the units, rising from 0 to 1.
    deletion
        (S,) the answer's probability with this share of the units taken away.
    insertion
        (S,) with only this share of them there.
    """

    share: Floats
    deletion: Floats
    insertion: Floats

    @property
    def deletion_area(self) -> float:
        """Mean height of the deletion curve, 0 to 1: the lower, the more faithful the ranking."""
        return _area(self.deletion, self.share)

    @property
    def insertion_area(self) -> float:
        """Mean height of the insertion curve, 0 to 1: the higher, the more faithful the ranking."""
        return _area(self.insertion, self.share)


def curves(
    importance: Mapping[str, Floats],
    without: Without,
    scorer: Scorer,
    *,
    steps: int = STEPS,
    chances: int = CHANCES,
    seed: int = 0,
) -> dict[str, Curve]:
    """A curve for each ranking, and under `RANDOM` the mean of some rankings by chance.

    Parameters
    ----------
    importance
        By name, (U,) how important each unit is; all over the same units, at least two.
    without
        Takes units away.
    scorer
        Asked about the answer whose probability is followed.
    steps
        How many times something is taken away, at most; no more than there are units.
    chances
        How many rankings are drawn, from `seed`.
    """
    units = len(next(iter(importance.values())))
    rng = np.random.default_rng(seed)
    orders = {name: [np.argsort(-values, kind="stable")] for name, values in importance.items()}
    orders[RANDOM] = [rng.permutation(units) for _ in range(chances)]
    counts = np.unique(np.rint(np.linspace(0, units, min(steps, units) + 1)).astype(int))
    asked = _sets([order for own in orders.values() for order in own], counts)
    found = probability(scorer.log_odds([without(gone) for gone in asked.values()]))
    known = dict(zip(asked, found, strict=True))
    return {name: _mean([_curve(order, counts, known) for order in own]) for name, own in orders.items()}


def _sets(orders: Sequence[NDArray[np.intp]], counts: NDArray[np.int_]) -> dict[bytes, Gone]:
    """Every set of units that some curve asks about, each once: all begin and end alike."""
    found: dict[bytes, Gone] = {}
    for order in orders:
        for count in counts:
            for gone in _gone(order, int(count)):
                found.setdefault(gone.tobytes(), gone)
    return found


def _gone(order: NDArray[np.intp], count: int) -> tuple[Gone, Gone]:
    """What is gone after so many deletions, and after so many insertions."""
    taken = np.zeros(len(order), bool)
    taken[order[:count]] = True
    return taken, ~taken


def _curve(order: NDArray[np.intp], counts: NDArray[np.int_], known: Mapping[bytes, np.float64]) -> Curve:
    pairs = [[known[gone.tobytes()] for gone in _gone(order, int(count))] for count in counts]
    deletion, insertion = np.array(pairs, np.float64).T
    return Curve(counts / len(order), deletion, insertion)


def _mean(found: Sequence[Curve]) -> Curve:
    deletion = np.mean([curve.deletion for curve in found], axis=0)
    insertion = np.mean([curve.insertion for curve in found], axis=0)
    return Curve(found[0].share, deletion, insertion)


def _area(height: Floats, share: Floats) -> float:
    """The area below a line of straight pieces."""
    return float(((height[1:] + height[:-1]) / 2 * np.diff(share)).sum())
