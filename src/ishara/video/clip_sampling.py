"""Which frames of a clip a pixel model sees: spread evenly, one of each segment, or a dense stretch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ishara.recipe import Pixels
from ishara.video.sampling import uniform


def sample(total: int, options: Pixels, rng: np.random.Generator | None = None) -> NDArray[np.int64]:
    """The frames of a clip that are looked at.

    A clip that has fewer frames than are asked for gives each of them once: frames that come twice would say that the
    signer stood still.

    Parameters
    ----------
    total
        How many frames the clip has, at least 1.
    options
        How many, and by which rule (`frames`, `sampling`, `stride`).
    rng
        Draws the frames in training; ``None`` for use and evaluation, where nothing is random.

    Returns
    -------
    (T,) int64
        Their numbers in the clip, rising, none twice; T is at most ``options.frames``.
    """
    count = min(options.frames, total)
    if options.sampling == "segments":
        return _segments(count, total, rng)
    if options.sampling == "dense":
        return _dense(options, total, rng)
    return uniform(count, total)


def _segments(count: int, total: int, rng: np.random.Generator | None) -> NDArray[np.int64]:
    """One frame of each of `count` segments of equal length, as in Temporal Segment Networks (arXiv 1608.00859)."""
    edges = np.arange(count + 1, dtype=np.int64) * total // count
    if rng is None:
        return (edges[:-1] + edges[1:] - 1) // 2
    return rng.integers(edges[:-1], edges[1:])


def _dense(options: Pixels, total: int, rng: np.random.Generator | None) -> NDArray[np.int64]:
    """Every `stride`-th frame; a clip that is too short for all of them gives those that it has."""
    count = min(options.frames, -(-total // options.stride))
    spare = total - ((count - 1) * options.stride + 1)
    start = spare // 2 if rng is None else int(rng.integers(spare + 1))
    return start + options.stride * np.arange(count, dtype=np.int64)
