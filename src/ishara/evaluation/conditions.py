"""Accuracy by what a clip is like: its length, how often no hand was seen in it, which hand leads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ishara.evaluation.metrics import Part, part_of
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.scores import Scores
from ishara.evaluation.traits import Traits

_QUARTERS = (0.25, 0.5, 0.75)
# Shares of the frames without a hand; a clip belongs to the first that it does not exceed.
_MISSED = {
    0.0: "in no frame",
    0.1: "in up to 10 %",
    0.25: "in 10 to 25 %",
    0.5: "in 25 to 50 %",
    1.0: "in more than 50 %",
}
_LEADS = {"right": "the right hand leads", "left": "the left hand leads"}


def by_length(predictions: Predictions, traits: Traits | None = None) -> list[Part]:
    """Top-1 of the shortest to the longest quarter of the clips; fewer parts where many have one length, or none.

    By seconds where these are known, else by the frames that the recogniser saw.
    """
    if traits is not None:
        seconds = {clip.id: one.seconds for clip, one in zip(traits.clips, traits.each, strict=True)}
        return _quarters(predictions, [seconds.get(clip) for clip in predictions.table["clip"]], "s", 2)
    return _quarters(predictions, predictions.table["frames"].to_list(), "frames", 0)


def by_missed_hands(predictions: Predictions, traits: Traits) -> list[Part]:
    """Top-1 by the share of frames in which neither hand was seen; nothing where that is not known."""
    missed = {clip.id: one.missed for clip, one in zip(traits.clips, traits.each, strict=True)}
    names = [_missed(missed.get(clip)) for clip in predictions.table["clip"]]
    return _parts(predictions, names, tuple(_MISSED.values()))


def by_hand(predictions: Predictions, traits: Traits) -> list[Part]:
    """Top-1 by the hand that moves more; nothing where that is not known."""
    hand = {clip.id: one.hand for clip, one in zip(traits.clips, traits.each, strict=True)}
    names = [_LEADS.get(hand.get(clip) or "") for clip in predictions.table["clip"]]
    return _parts(predictions, names, tuple(_LEADS.values()))


def why_no_hands(traits: Traits, *, pixels: bool) -> str | None:
    """Why it is not known in how many frames a hand was missed; ``None`` where it is known of some clips."""
    if any(one.missed is not None for one in traits.each):
        return None
    if not len(traits):
        return "the clips cannot be read any more"
    if pixels:
        return "this recogniser looks at pictures, and no landmarks were looked for in them"
    return "the landmarks of these clips have no hands"


def _missed(share: float | None) -> str | None:
    return None if share is None else next(name for most, name in _MISSED.items() if share <= most)


def _quarters(predictions: Predictions, values: Sequence[float | None], unit: str, digits: int) -> list[Part]:
    known = np.array([np.nan if value is None else round(value, digits) for value in values])
    finite = known[np.isfinite(known)]
    if not len(finite) or finite.min() == finite.max():
        return []
    ends = np.unique([*np.quantile(finite, _QUARTERS, method="lower"), finite.max()])
    part = np.searchsorted(ends, known)
    starts = [finite[finite > low].min() for low in (-np.inf, *ends[:-1])]
    labels = [_range(low, high, unit, digits) for low, high in zip(starts, ends, strict=True)]
    names = [labels[int(i)] if np.isfinite(value) else None for i, value in zip(part, known, strict=True)]
    return _parts(predictions, names, labels)


def _range(low: float, high: float, unit: str, digits: int) -> str:
    first = "" if low == high else f"{low:.{digits}f} to "
    return f"{first}{high:.{digits}f} {unit}"


def _parts(predictions: Predictions, names: Sequence[str | None], order: Sequence[str]) -> list[Part]:
    """The parts that have clips, in this order."""
    scores, own = Scores.of(predictions), np.array([name or "" for name in names])
    found: list[tuple[str, NDArray[np.bool_]]] = [(name, own == name) for name in order]
    return [part_of(predictions, scores, name, inside) for name, inside in found if inside.any()]
