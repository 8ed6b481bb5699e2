"""Finding the score from which on a sign counts as known, on clips that a model did not learn from.

Nobody has clips of unknown signs at the end of training, so some are made: the first half of one validation clip with
the second half of another, of another gloss. Leaving out the true gloss of a validation clip would be simpler, but a
sign that the model learnt to keep apart from all others is easier to refuse than one that it has never seen. How near
both come to signs that were held out of training is measured by `benchmarks/measure_teaching.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from ishara.recognizer.inputs import ModelInput
from ishara.recognizer.open_set import OpenSet

Scores = NDArray[np.floating]
FALSE_ACCEPT = 0.2
UNKNOWN = "the first half of one validation clip with the second half of another, of another gloss"
# With fewer clips a share says little, and a score that tells this badly is no reason to call a sign unknown.
FEWEST = 20
LEAST_AUROC = 0.6
# A threshold that calls more known signs unknown than it knows is of no use to anybody.
MOST_REFUSED = 0.5
_MOST_JOINED = 400


def pairs(glosses: Sequence[int], seed: int) -> list[tuple[int, int]]:
    """The places of two clips of different glosses, up to 400 drawn from all pairs of N clips with these glosses."""
    every = [(a, b) for a, b in permutations(range(len(glosses)), 2) if glosses[a] != glosses[b]]
    order = np.random.default_rng(seed).permutation(len(every))[:_MOST_JOINED]
    return [every[i] for i in order]


def join(first: ModelInput, second: ModelInput) -> ModelInput:
    """A clip of a sign that does not exist: the first half of one clip, then the second half of another."""
    x, *views = (
        np.concatenate([a[: -(-len(a) // 2)], b[len(b) // 2 :]])
        for a, b in zip((first.x, *first.views), (second.x, *second.views), strict=True)
    )
    return ModelInput(x, np.arange(len(x), dtype=np.float32), tuple(views))


def find_threshold(known: Scores, unknown: Scores, false_accept: float = FALSE_ACCEPT) -> OpenSet:
    """The threshold that lets the stated share of unknown signs through, where one can be had.

    Parameters
    ----------
    known, unknown
        (N,) and (M,) scores of clips of known signs and of those that stand for unknown ones; 0 to 1.
    false_accept
        The share of `unknown` that may pass.

    Returns
    -------
    OpenSet
        Without a threshold, and with the reason, where there are too few clips, the score does not tell, or more than
        half of the known signs would be called unknown.
    """
    counts = {"known_clips": len(known), "unknown_clips": len(unknown)}
    if min(counts.values()) < FEWEST:
        reason = f"{len(known)} validation clips are too few to find a threshold; it takes {FEWEST} of several glosses"
        return OpenSet(false_accept=false_accept, reason=reason, unknown=UNKNOWN, **counts)
    told = auroc(known, unknown)
    if told < LEAST_AUROC:
        reason = f"the score does not tell known from unknown signs (AUROC {told:.2f})"
        return OpenSet(false_accept=false_accept, reason=reason, auroc=told, unknown=UNKNOWN, **counts)
    # The lowest score that no more than this share of the unknown ones reaches.
    passing = int(false_accept * len(unknown))
    threshold = float(np.nextafter(np.sort(unknown)[::-1][passing], 2.0))
    refused = float((known < threshold).mean())
    if refused > MOST_REFUSED:
        reason = (
            f"one that lets {false_accept:.0%} of unknown signs pass would call {refused:.0%} of known ones unknown"
        )
        return OpenSet(false_accept=false_accept, reason=reason, auroc=told, unknown=UNKNOWN, **counts)
    return OpenSet(
        threshold=min(threshold, 1.0),
        false_accept=false_accept,
        refused=refused,
        auroc=told,
        unknown=UNKNOWN,
        **counts,
    )


def auroc(known: Scores, unknown: Scores) -> float:
    """How often a known sign has a higher score than an unknown one; a tie counts half."""
    ordered = np.sort(unknown)
    below, up_to = np.searchsorted(ordered, known, "left"), np.searchsorted(ordered, known, "right")
    return float((below + up_to).mean() / 2 / len(unknown))
