"""Dealing clips to folds, or taking a share of them, so that every gloss is spread evenly and no cluster is parted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

Unit = frozenset[str]


def deal(units: Sequence[Unit], gloss: Mapping[str, str], folds: int, rng: np.random.Generator) -> list[Unit]:
    """Units dealt to folds, each gloss as evenly as whole units allow; glosses with fewer clips than folds are in some.

    Parameters
    ----------
    units
        Disjoint sets of clip ids, at least as many as folds.
    gloss
        Of each clip.
    folds
        How many.
    rng
        Where ties are broken.

    Returns
    -------
    list
        One set of clip ids per fold; together they are all clips.
    """
    dealt: list[set[str]] = [set() for _ in range(folds)]
    counts: list[Counter[str]] = [Counter() for _ in range(folds)]
    for unit in _in_turn(units, gloss, rng):
        mine = Counter(gloss[clip] for clip in unit)
        order = rng.permutation(folds)
        best = min(order, key=lambda fold: (sum(counts[fold][name] * n for name, n in mine.items()), len(dealt[fold])))
        dealt[best] |= unit
        counts[best] += mine
    return [frozenset(fold) for fold in dealt]


def take(units: Sequence[Unit], gloss: Mapping[str, str], share: float, rng: np.random.Generator) -> Unit:
    """About a share of the clips, of each gloss alike; each gloss keeps at least one clip outside, where units allow.

    Parameters
    ----------
    units
        Disjoint sets of clip ids.
    gloss
        Of each clip.
    share
        In (0, 1]. At least one unit is taken where that leaves another.
    rng
        Which clips are drawn.
    """
    totals = Counter(gloss[clip] for unit in units for clip in unit)
    quota = _quotas(totals, share, rng)
    taken: set[str] = set()
    used: Counter[str] = Counter()
    for unit in _in_turn(units, gloss, rng):
        mine = Counter(gloss[clip] for clip in unit)
        if all(used[name] + n <= quota[name] for name, n in mine.items()):
            taken |= unit
            used += mine
    if not taken and len(units) > 1:
        # Every cluster is larger than its gloss's quota: the smallest, rather than an empty side.
        taken |= min(_in_turn(units, gloss, rng), key=len)
    return frozenset(taken)


def _quotas(totals: Counter[str], share: float, rng: np.random.Generator) -> dict[str, int]:
    """How many clips of each gloss: the share rounded so that the sum is right, the largest remainders first."""
    names = [sorted(totals)[i] for i in rng.permutation(len(totals))]
    exact = {name: share * totals[name] for name in names}
    quota = {name: min(int(exact[name]), totals[name] - 1) for name in names}
    left = max(1, round(share * totals.total())) - sum(quota.values())
    for name in sorted(names, key=lambda name: int(exact[name]) - exact[name]):
        if left > 0 and quota[name] < totals[name] - 1:
            quota[name] += 1
            left -= 1
    return quota


def _in_turn(units: Iterable[Unit], gloss: Mapping[str, str], rng: np.random.Generator) -> list[Unit]:
    """Clusters before single clips, then gloss by gloss, within a gloss at random."""
    ordered = sorted(units, key=min)
    shuffled = [ordered[i] for i in rng.permutation(len(ordered))]
    return sorted(shuffled, key=lambda unit: (-len(unit), min(gloss[clip] for clip in unit)))
