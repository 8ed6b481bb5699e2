"""Per-row scores of a predictions table, and the weighted means that the bootstrap takes of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ishara.evaluation.predictions import Predictions

Array = NDArray[np.float64]
# A float32 softmax can underflow to 0; its log is taken of this instead.
SMALLEST_PROBABILITY = 1e-12
TOP = 5


@dataclass(frozen=True, eq=False)
class Scores:
    """How each of N rows fared.

    Parameters
    ----------
    top1, top5
        (N,) 1 where the true gloss is the first, or among the first five. A gloss that the model did not know counts as
        missed, as it is for the person who signs it.
    nll
        (N,) negative log-likelihood in nats; NaN where the model did not know the gloss.
    gloss
        (N,) int: the true gloss's place in `glosses`.
    glosses
        Every gloss of the vocabulary or the truth, sorted.
    """

    top1: Array
    top5: Array
    nll: Array
    gloss: NDArray[np.int64]
    glosses: list[str]

    @classmethod
    def of(cls, predictions: Predictions) -> Scores:
        """The scores of a table. Among equal probabilities the earlier label ranks first, but `predicted` is top-1."""
        p, truth, table = predictions.probabilities, predictions.truth, predictions.table
        known = truth >= 0
        own = np.where(known, p[np.arange(len(p)), truth], np.nan)
        ahead = (p > own[:, None]) | ((p == own[:, None]) & (np.arange(p.shape[1]) < truth[:, None]))
        top1 = (table["predicted"] == table["gloss"]).to_numpy()
        top5 = known & (top1 | (ahead.sum(axis=1) < TOP))
        glosses = sorted({*predictions.labels, *table["gloss"]})
        place = {gloss: i for i, gloss in enumerate(glosses)}
        gloss = np.array([place[gloss] for gloss in table["gloss"]], dtype=np.int64)
        nll = -np.log(np.maximum(own, SMALLEST_PROBABILITY, dtype=np.float64))
        return cls(top1.astype(np.float64), top5.astype(np.float64), nll, gloss, glosses)

    def headline(self, weights: Array) -> Array:
        """(R, N) row weights → (R, 5): top-1, top-5, per-class top-1, per-class top-5, NLL."""
        both = [mean(self.top1, weights), mean(self.top5, weights)]
        by_class = [class_mean(self.top1, self.gloss, weights), class_mean(self.top5, self.gloss, weights)]
        return np.stack([*both, *by_class, mean(self.nll, weights)], axis=1)


def mean(values: Array, weights: Array) -> Array:
    """(N,) values and (R, N) weights → (R,) means over the values that are numbers; NaN where they have no weight."""
    finite = np.isfinite(values)
    return _ratio(weights[:, finite] @ values[finite], weights[:, finite].sum(axis=1))


def class_mean(values: Array, classes: NDArray[np.int64], weights: Array) -> Array:
    """(N,) values of (N,) classes and (R, N) weights → (R,) mean over the classes that have weight of their means."""
    finite = np.isfinite(values)
    if not finite.any():
        return np.full(len(weights), np.nan)
    values, classes, weights = values[finite], classes[finite], weights[:, finite]
    order = np.argsort(classes, kind="stable")
    starts = np.flatnonzero(np.diff(classes[order], prepend=-1))
    weights = weights[:, order]
    support = np.add.reduceat(weights, starts, axis=1)
    means = _ratio(np.add.reduceat(weights * values[order], starts, axis=1), support)
    present = support > 0
    return _ratio(np.where(present, means, 0).sum(axis=1), present.sum(axis=1).astype(np.float64))


def _ratio(top: Array, bottom: Array) -> Array:
    return np.divide(top, bottom, out=np.full(np.shape(bottom), np.nan), where=bottom > 0)
