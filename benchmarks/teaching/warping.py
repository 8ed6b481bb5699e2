"""Dynamic time warping of many pairs of clips at once: the baseline that knows nothing but the features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
_TOGETHER = 512


def distances(one: Sequence[Array], other: Sequence[Array]) -> Array:
    """(N, M): how far each of N clips (T_i, F) is from each of M others along the best warping path.

    Steps are those of Sakoe and Chiba's symmetric form (a diagonal step counts twice), so the cost is divided by the
    lengths of both clips together.
    """
    if not len(one) or not len(other):
        return np.zeros((len(one), len(other)), np.float32)
    pairs = np.stack(np.meshgrid(np.arange(len(one)), np.arange(len(other)), indexing="ij"), axis=-1).reshape(-1, 2)
    found = [
        _paths([one[i] for i, _ in some], [other[j] for _, j in some])
        for some in np.split(pairs, range(_TOGETHER, len(pairs), _TOGETHER))
    ]
    return np.concatenate(found).reshape(len(one), len(other))


def _paths(first: Sequence[Array], second: Sequence[Array]) -> Array:
    """(P,) the distance of each pair."""
    rows, columns = (np.array([len(clip) for clip in clips]) for clips in (first, second))
    cost = np.full((len(first), rows.max(), columns.max()), np.inf, np.float32)
    for pair, (a, b) in enumerate(zip(first, second, strict=True)):
        square = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
        cost[pair, : len(a), : len(b)] = np.sqrt(np.maximum(square, 0))
    total = np.full((len(first), rows.max() + 1, columns.max() + 1), np.inf, np.float32)
    total[:, 0, 0] = 0
    for i in range(rows.max()):
        for j in range(columns.max()):
            here = cost[:, i, j]
            straight = np.minimum(total[:, i, j + 1], total[:, i + 1, j]) + here
            total[:, i + 1, j + 1] = np.minimum(straight, total[:, i, j] + 2 * here)
    length = rows + columns
    return total[np.arange(len(first)), rows, columns] / length.astype(np.float32)
