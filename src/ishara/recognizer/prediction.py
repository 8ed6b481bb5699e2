"""`Prediction`: what a recogniser says of one clip."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.pose.pose import Array


@dataclass(frozen=True)
class Candidate:
    """One gloss and its probability."""

    gloss: str
    probability: float


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a recogniser says of one clip.

    Parameters
    ----------
    ranked
        Every gloss of the vocabulary and every one that was taught, with its calibrated probability, most likely first.
    attention
        (T,) how much each of the T frames that the model saw counted; sums to 1.
    times
        (T,) when each of these frames is: the middle of a frame of landmarks, the beginning of a picture; in seconds
        from the start of the clip.
    known
        Whether the clip shows a sign that was trained or taught, as far as the recogniser can tell; ``None`` where it
        has no threshold for that.
    score
        What that is told by, 0 to 1: higher is more surely a known sign. ``None`` where nobody computed it.
    """

    ranked: tuple[Candidate, ...]
    attention: Array
    times: Array
    known: bool | None = None
    score: float | None = None

    @property
    def gloss(self) -> str:
        """The most likely gloss, also where the sign is not known."""
        return self.ranked[0].gloss

    @property
    def probability(self) -> float:
        """Its calibrated probability."""
        return self.ranked[0].probability


def rank(glosses: Sequence[str], probabilities: NDArray[np.floating]) -> tuple[Candidate, ...]:
    """The glosses with their probabilities (C,), most likely first; of equal ones the first."""
    order = np.argsort(-probabilities, kind="stable")
    return tuple(Candidate(glosses[i], float(probabilities[i])) for i in order)


def softmax(logits: NDArray[np.floating], temperature: float = 1.0) -> NDArray[np.float64]:
    """(…, C) logits → (…, C) probabilities of ``logits / temperature``; a higher temperature is less sure.

    Raises
    ------
    IsharaError
        If the temperature is not a finite number above 0.
    """
    if not (math.isfinite(temperature) and temperature > 0):
        raise IsharaError(f"The temperature is {temperature}; expected a number above 0.")
    scaled = np.asarray(logits, np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    result: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return result
