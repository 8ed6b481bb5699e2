"""A map of clips: those that the recogniser finds alike lie near each other (t-SNE of its embeddings)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ishara.evaluation.predictions import Predictions
from ishara.extras import extra

Array = NDArray[np.floating]
# Of more clips some are drawn: the map takes longer than all else, and dots beyond this hide each other.
MOST_DOTS = 1200
# With more glosses than this their names on the map hide the dots.
MOST_NAMES = 40
WIDTH, HEIGHT = 1000, 700
_MARGIN = 30
_FEWEST = 5
_PERPLEXITY = 30.0
# Of neighbouring glosses in the list colours lie far apart (the golden angle, in degrees).
_TURN = 137.508


@dataclass(frozen=True)
class Dot:
    """A clip: where it lies in a picture of `WIDTH` by `HEIGHT`, whether it was taken for another, and its tooltip."""

    x: float
    y: float
    wrong: bool
    title: str


@dataclass(frozen=True)
class Name:
    """A gloss: its colour in degrees, the middle of its dots, and the dots."""

    gloss: str
    hue: int
    x: float
    y: float
    dots: list[Dot]


@dataclass(frozen=True)
class EmbeddingMap:
    """The dots by gloss; `clips` is how many clips there are, of which not all may be drawn."""

    names: list[Name]
    clips: int
    shown: int
    named: bool


def embedding_map(predictions: Predictions, embedding: Array, *, most: int = MOST_DOTS) -> EmbeddingMap | None:
    """The map of a table's clips; ``None`` where there are too few to map.

    Parameters
    ----------
    predictions
        N rows, a clip each.
    embedding
        (N, E) as the recogniser gave them.
    most
        How many dots are drawn; of more clips, an even share of each gloss, from a fixed seed.

    Raises
    ------
    IsharaError
        If the extra ``report`` is not installed.
    """
    rows = spread(predictions.table["gloss"].to_list(), most)
    chosen = np.asarray(embedding, np.float64)[rows]
    if len(rows) < _FEWEST or not np.ptp(chosen, axis=0).any():
        return None
    places = _scaled(_tsne(chosen))
    table = predictions.table[rows].to_dicts()
    glosses = sorted({row["gloss"] for row in table})
    names = []
    for number, gloss in enumerate(glosses):
        own = [i for i, row in enumerate(table) if row["gloss"] == gloss]
        x, y = np.median(places[own], axis=0)
        dots = [_dot(table[i], *places[i]) for i in own]
        names.append(Name(gloss, round(number * _TURN % 360), round(float(x)), round(float(y)), dots))
    return EmbeddingMap(names, len(predictions), len(rows), len(glosses) <= MOST_NAMES)


def spread(glosses: Sequence[str], most: int, seed: int = 0) -> list[int]:
    """At most so many places of a list of glosses, in order: one clip of every gloss, then a second, and so on."""
    if len(glosses) <= most:
        return list(range(len(glosses)))
    turn: dict[str, int] = {}
    drawn: list[tuple[int, int, int]] = []
    for place in np.random.default_rng(seed).permutation(len(glosses)).tolist():
        rank = turn.get(glosses[place], 0)
        turn[glosses[place]] = rank + 1
        drawn.append((rank, len(drawn), place))
    return sorted(place for *_, place in sorted(drawn)[:most])


def _tsne(embedding: Array) -> Array:
    """(N, E) → (N, 2), by cosine, with a fixed seed (van der Maaten and Hinton, 2008)."""
    with extra("report", "Maps of clips"):
        from sklearn.manifold import TSNE
    length = np.linalg.norm(embedding, axis=1, keepdims=True)
    unit = embedding / np.maximum(length, np.finfo(np.float64).tiny)
    perplexity = min(_PERPLEXITY, max(1.0, math.floor((len(unit) - 1) / 3)))
    start = "pca" if min(unit.shape) >= 2 else "random"
    # Of vectors of length 1 the Euclidean distance ranks as the cosine does, and its tree is faster.
    found: Array = TSNE(2, perplexity=perplexity, init=start, random_state=0, n_jobs=1).fit_transform(unit)
    return found


def _scaled(places: Array) -> Array:
    low, high = places.min(axis=0), places.max(axis=0)
    inside = (places - low) / np.maximum(high - low, np.finfo(np.float32).tiny)
    scaled: Array = _MARGIN + inside * (np.array([WIDTH, HEIGHT]) - 2 * _MARGIN)
    return scaled


def _dot(row: dict[str, str | None], x: float, y: float) -> Dot:
    wrong = row["gloss"] != row["predicted"]
    title = f"{row['gloss']}, taken for {row['predicted']}" if wrong else f"{row['gloss']}"
    who = f" ({row['signer']})" if row["signer"] else ""
    return Dot(round(float(x), 1), round(float(y), 1), wrong, f"{title}: {row['clip']}{who}")
