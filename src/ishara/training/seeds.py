"""Every random draw follows from the run's seed and where in the run it is, so that a resumed run draws the same."""

from __future__ import annotations

import zlib

import numpy as np


def derive(seed: int, *where: int | str) -> np.random.SeedSequence:
    """A seed sequence for one place of a run, such as ``derive(seed, "augment", epoch, clip_id)``."""
    words = [part if isinstance(part, int) else zlib.crc32(part.encode()) for part in where]
    return np.random.SeedSequence([seed, *words])


def derive_int(seed: int, *where: int | str) -> int:
    """The same as one non-negative integer, for libraries that take a number."""
    return int(derive(seed, *where).generate_state(1, np.uint32)[0])
