"""Calibration: temperature scaling, reliability bins and the expected calibration error (Guo et al., ICML 2017)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from ishara.errors import IsharaError
from ishara.evaluation.predictions import PREFIX, Predictions
from ishara.recognizer import softmax

Array = NDArray[np.float64]
BINS = 15
# Enough for a mean that changes in its third digit only.
_DRAWS = 200
TEMPERATURES = (0.1, 10.0)
_GOLDEN = (math.sqrt(5) - 1) / 2
_STEPS = 60


class Bin(BaseModel):
    """Predictions whose confidence lies in (low, high]; the means are null where there are none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: float
    high: float
    count: int
    confidence: float | None
    accuracy: float | None


def fit_temperature(logits: NDArray[np.floating[Any]], truth: NDArray[np.integer[Any]]) -> float:
    """The temperature (0.1 to 10) with the lowest NLL on validation clips, by golden-section search in its logarithm.

    The NLL is convex in 1 / T, so it has one minimum. Where it falls as far as the lower bound, no confidence is too
    high for these clips: they name no temperature, and 1 is returned.

    Parameters
    ----------
    logits
        (N, C) logits or log-probabilities, finite.
    truth
        (N,) the true label's place; -1 (a gloss that the model does not know) is left out.

    Raises
    ------
    IsharaError
        If the shapes do not fit together, a logit is not finite, or no clip has a known gloss.
    """
    logits, truth = np.asarray(logits, dtype=np.float64), np.asarray(truth)
    if logits.ndim != 2 or truth.shape != (len(logits),) or (len(truth) and truth.max() >= logits.shape[1]):
        raise IsharaError(
            f"Logits {logits.shape} and truth {truth.shape} do not fit together; expected (N, C) and (N,)."
        )
    if not np.isfinite(logits).all():
        raise IsharaError("A validation logit is NaN or infinite; the temperature cannot be fitted.")
    logits, truth = logits[truth >= 0], truth[truth >= 0]
    if not len(truth):
        raise IsharaError("No validation clip has a gloss that the model knows; the temperature needs at least one.")
    margins = logits - logits[np.arange(len(truth)), truth][:, None]

    def nll(log_temperature: float) -> float:
        scaled = margins / math.exp(log_temperature)
        top = scaled.max(axis=1)
        return float((top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))).mean())

    low, high = (math.log(t) for t in TEMPERATURES)
    best = _golden_section(nll, low, high)
    return 1.0 if best - low < 1e-3 else math.exp(best)


def _golden_section(function: Callable[[float], float], low: float, high: float) -> float:
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = function(left), function(right)
    for _ in range(_STEPS):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = function(right)
    return (low + high) / 2


def calibrate(predictions: Predictions, temperature: float) -> Predictions:
    """The same table with its probabilities at another temperature; what is predicted does not change."""
    p = predictions.probabilities
    with np.errstate(divide="ignore"):
        logs = np.log(p.astype(np.float64))
    scaled = softmax(logs, temperature).astype(np.float32)
    columns = [
        pl.select(pl.when(predictions.table[PREFIX + label].is_not_null()).then(pl.Series(scaled[:, i])))
        .to_series()
        .alias(PREFIX + label)
        for i, label in enumerate(predictions.labels)
    ]
    return Predictions(predictions.table.with_columns(columns))


def reliability(
    confidence: NDArray[np.floating[Any]], correct: NDArray[np.floating[Any]], bins: int = BINS
) -> list[Bin]:
    """Equal-width bins of (N,) confidences in [0, 1], each with the share of (N,) `correct` (0 or 1) in it."""
    confidence = np.asarray(confidence, dtype=np.float64)
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    result = []
    for i in range(bins):
        inside = place == i
        n = int(inside.sum())
        means = (float(confidence[inside].mean()), float(correct[inside].mean())) if n else (None, None)
        result.append(Bin(low=i / bins, high=(i + 1) / bins, count=n, confidence=means[0], accuracy=means[1]))
    return result


def ece(bins: list[Bin]) -> float | None:
    """Expected calibration error in [0, 1]: the gap between confidence and accuracy, mean over rows; None for none."""
    gaps = [
        (b.count, abs(b.confidence - b.accuracy)) for b in bins if b.confidence is not None and b.accuracy is not None
    ]
    total = sum(count for count, _ in gaps)
    return sum(count * gap for count, gap in gaps) / total if total else None


def ece_by_chance(confidence: NDArray[np.floating[Any]], clips: Sequence[str], seed: int = 0) -> float | None:
    """The calibration error that perfect confidences would show on so few clips: bins are never quite as right as sure.

    Whether a clip is found is drawn, once for all of its rows, with the probability that is its confidence.

    Parameters
    ----------
    confidence
        (N,) in [0, 1].
    clips
        Whose row each is.
    """
    confidence = np.asarray(confidence, dtype=np.float64)
    if not len(confidence):
        return None
    rng = np.random.default_rng(seed)
    names, clip = np.unique(np.asarray(clips), return_inverse=True)
    draws = rng.random((_DRAWS, len(names)))[:, clip] < confidence
    errors = [ece(reliability(confidence, found)) or 0.0 for found in draws.astype(np.float64)]
    return float(np.mean(errors))
