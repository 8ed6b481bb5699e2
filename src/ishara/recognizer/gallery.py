"""The clips that a recogniser remembers as embeddings, and how signs taught beside them share the probability.

Embeddings are whitened with the covariance of the trained ones (half of it theirs, half an even spread), so that what
training made much of counts no more than the rest, and compared by their cosine. A gloss is as near as the mean of
``exp(10 cosine)`` over its clips says: nearest clips count most, but not alone. `benchmarks/measure_teaching.py`
compares this with other ways; on glosses of its own, apart from those that it reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.recognizer.arrays import read_arrays

GALLERY = "gallery.npz"
Floats = NDArray[np.floating]
_COLUMNS = {"embedding": "f", "clip": "U", "gloss": "i", "validated": "b", "predicted": "i", "probability": "f"}
_MEND = "Copy the whole recogniser folder again, or train it again."
# How much the nearest of a gloss's clips counts beside its others.
_SHARPNESS = 10.0
# How much a trained gloss that the classifier is sure of is nearer than its clips say.
_SURENESS = 0.25
# How fast a taught gloss gains odds as it comes nearer than the trained one: on the development glosses of
# benchmarks/measure_teaching.py this gave the lowest log loss.
_STEEPNESS = 10.0
# The share of validation clips that were right which may be lost to taught signs.
_MAY_BE_LOST = 0.02
# With fewer of them than this, a taught sign is taken where it is not farther off than this.
_FEWEST = 10
_OFFSET = -0.14


@dataclass(frozen=True, eq=False)
class Gallery:
    """What a trained recogniser makes of N clips of its training and validation sides.

    Parameters
    ----------
    embedding
        (N, E) finite.
    clip
        N ids.
    gloss, predicted
        (N,) the place among the labels of the clip's gloss, and of the one that the recogniser takes it for.
    validated
        (N,) whether the clip is of the validation side: one that the model did not learn from.
    probability
        (N,) of the most likely gloss.
    """

    embedding: NDArray[np.float32]
    clip: NDArray[np.str_]
    gloss: NDArray[np.int64]
    validated: NDArray[np.bool_]
    predicted: NDArray[np.int64]
    probability: NDArray[np.float32]

    @cached_property
    def space(self) -> Space:
        """Where embeddings are compared."""
        return Space.of(self.embedding[~self.validated])

    def write(self, path: Path) -> None:
        """Write ``gallery.npz``; embeddings in half precision, as far as they are in its range."""
        small = bool(np.abs(self.embedding).max() < np.finfo(np.float16).max / 4)
        columns = {name: getattr(self, name) for name in _COLUMNS}
        columns["embedding"] = self.embedding.astype(np.float16 if small else np.float32)
        np.savez_compressed(path, **columns)


def read_gallery(path: Path, labels: int) -> Gallery:
    """Read ``gallery.npz``.

    Raises
    ------
    IsharaError
        If it is damaged or does not fit a recogniser of so many labels.
    """
    found = read_arrays(path, _COLUMNS, mend=_MEND)
    places = np.concatenate([found["gloss"], found["predicted"]])
    if places.min() < 0 or places.max() >= labels or found["validated"].all():
        raise IsharaError(f"{path}: does not belong to a recogniser of {labels} glosses. {_MEND}")
    return Gallery(**{**found, "embedding": found["embedding"].astype(np.float32)})


@dataclass(frozen=True, eq=False)
class Space:
    """A space in which cosines tell signs apart: `mean` (E,) and `basis` (E, E) bring embeddings into it."""

    mean: Floats
    basis: Floats

    @classmethod
    def of(cls, embedding: Floats) -> Space:
        """The whitened space of (N, E) embeddings of training clips."""
        values = np.asarray(embedding, np.float64)
        mean = values.mean(axis=0)
        covariance = (values - mean).T @ (values - mean) / len(values)
        even = max(float(np.trace(covariance)) / len(mean), float(np.finfo(np.float32).tiny))
        lower = np.linalg.cholesky(covariance + even * np.eye(len(mean)))
        return cls(mean, np.linalg.inv(lower).T)

    def __call__(self, embedding: Floats) -> Floats:
        """(N, E) embeddings → (N, E) of length 1."""
        inside = (np.asarray(embedding, np.float64) - self.mean) @ self.basis
        return inside / np.maximum(np.linalg.norm(inside, axis=-1, keepdims=True), np.finfo(np.float32).tiny)


class Teaching:
    """Taught glosses beside trained ones: how likely they are of a clip.

    A taught gloss is compared with the trained one that the classifier takes the clip for: it wins where the clip is
    nearer to its clips than to that gloss's training clips, what the classifier's sureness adds to these, and an offset
    that is found on the validation clips: at most 2 % of those that were right are lost to taught signs.

    Parameters
    ----------
    gallery
        Of the recogniser.
    glosses
        The taught ones.
    embeddings
        (k, E) of each gloss's clips, finite.
    """

    def __init__(self, gallery: Gallery, glosses: Sequence[str], embeddings: Sequence[Floats]) -> None:
        self.glosses = list(glosses)
        self._space = gallery.space
        self._taught = [self._space(own) for own in embeddings]
        trained = ~gallery.validated
        inside, gloss = self._space(gallery.embedding[trained]), gallery.gloss[trained]
        self._trained = {int(place): inside[gloss == place] for place in np.unique(gloss)}
        self._offset = self._find_offset(gallery)

    def _find_offset(self, gallery: Gallery) -> float:
        right = gallery.validated & (gallery.predicted == gallery.gloss)
        if right.sum() < _FEWEST:
            return _OFFSET
        ahead = self._ahead(gallery.embedding[right], gallery.predicted[right], gallery.probability[right])
        most = np.sort(ahead.max(axis=1))[::-1]
        return float(most[int(_MAY_BE_LOST * len(most))])

    def _ahead(self, embedding: Floats, predicted: NDArray[np.integer], probability: Floats) -> Floats:
        """(N, G): by how much each taught gloss is nearer to each clip than the trained one that it is taken for."""
        inside = self._space(embedding)
        own = np.zeros(len(inside))
        for place in np.unique(predicted):
            if int(place) in self._trained:
                members = predicted == place
                own[members] = nearness(inside[members], self._trained[int(place)])
        taught = np.stack([nearness(inside, clips) for clips in self._taught], axis=1)
        return taught - (own + _SURENESS * probability)[:, None]

    def odds(self, embedding: Floats, probabilities: Floats) -> Floats:
        """(N, G) odds of the taught glosses: weights beside the (N, C) `probabilities` of the trained ones.

        A taught gloss outweighs the most likely trained one exactly where it wins against it.
        """
        most = probabilities.max(axis=1)
        ahead = self._ahead(embedding, probabilities.argmax(axis=1), most) - self._offset
        return most[:, None] * np.exp(_STEEPNESS * ahead)


def nearness(inside: Floats, clips: Floats) -> Floats:
    """(N,) how near clips (N, E) are to those of a gloss (k, E), from -1 to 1; both in the space, of length 1."""
    found: Floats = np.log(np.exp(_SHARPNESS * (inside @ clips.T)).mean(axis=1)) / _SHARPNESS
    return found
