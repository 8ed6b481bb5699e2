"""How sure a recogniser is of one gloss, of many forms of a clip at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ishara.recognizer import ModelInput, Recognizer

Floats = NDArray[np.float64]
Progress = Callable[[int], None]
# Probabilities of taught glosses are shared ones, which may round to 0 or 1.
_LEAST = 1e-9


class Scorer:
    """Asks one recogniser about one gloss.

    Parameters
    ----------
    recognizer
        With what it was taught.
    gloss
        One that it can name.
    progress
        Is told how many forms of the clip were asked about, each time some were.
    """

    def __init__(self, recognizer: Recognizer, gloss: str, progress: Progress | None = None) -> None:
        self._recognizer = recognizer
        self._gloss = gloss
        self._progress = progress

    def log_odds(self, clips: Sequence[ModelInput]) -> Floats:
        """(N,) the natural logarithm of p / (1 - p), with p the gloss's calibrated probability.

        Where signs were taught, p is what `Recognizer.classify` gives, with what is shared among trained and taught
        glosses; else it is computed from the logits, so that it does not saturate where p is nearly 1.
        """
        found = []
        together = self._recognizer.together if self._recognizer.config.input == "pixels" else 256
        for start in range(0, len(clips), together):
            part = clips[start : start + together]
            found.append(self._shared(part) if len(self._recognizer.taught) else self._trained(part))
            if self._progress is not None:
                self._progress(len(part))
        return np.concatenate(found) if found else np.zeros(0)

    def _shared(self, clips: Sequence[ModelInput]) -> Floats:
        of = [{c.gloss: c.probability for c in p.ranked}[self._gloss] for p in self._recognizer.classify(clips)]
        p = np.clip(np.array(of), _LEAST, 1 - _LEAST)
        odds: Floats = np.log(p) - np.log1p(-p)
        return odds

    def _trained(self, clips: Sequence[ModelInput]) -> Floats:
        scaled = self._recognizer.run(clips).logits.astype(np.float64) / self._recognizer.temperature
        own = self._recognizer.labels.index(self._gloss)
        others = np.delete(scaled, own, axis=1)
        if not others.shape[1]:
            return np.full(len(clips), np.inf)
        most = others.max(axis=1)
        odds: Floats = scaled[:, own] - most - np.log(np.exp(others - most[:, None]).sum(axis=1))
        return odds


def probability(log_odds: Floats) -> Floats:
    """Log-odds as probabilities."""
    with np.errstate(over="ignore"):
        found: Floats = 1 / (1 + np.exp(-log_odds))
    return found
