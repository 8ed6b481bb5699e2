"""Explaining a model of pictures: cells of the picture are blurred for a stretch of the clip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ishara.explain.curves import Curve, Gone, curves
from ishara.explain.explanation import SpaceTime
from ishara.explain.moments import segments
from ishara.explain.removal import Mask
from ishara.explain.scoring import Scorer
from ishara.recognizer import ModelInput

GRID = 4
STRETCHES = 4
# A model of pictures takes far longer than one of landmarks, so fewer rankings by chance are asked about.
CHANCES, STEPS = 3, 8


class PictureClip:
    """A clip whose pictures can be blurred in part.

    A cell becomes the mean colours of its neighbourhood, so that no edge, hand or face is left in it and yet nothing is
    there that no camera sees, such as a grey square.

    Parameters
    ----------
    clip
        (T, 3, S, S) uint8.
    """

    def __init__(self, clip: ModelInput) -> None:
        self.clip = clip
        self.segment = segments(len(clip), STRETCHES)
        self._blurred = blurred(clip.x)
        side = clip.x.shape[-1]
        self._cell = np.arange(side) * GRID // side

    @property
    def cells(self) -> tuple[int, int, int]:
        """Stretches, rows and columns."""
        return int(self.segment[-1]) + 1, GRID, GRID

    def without_frames(self, frames: Mask) -> ModelInput:
        """It, with some frames (T,) left out; one is always left."""
        kept = ~frames
        if not kept.any():
            kept[len(kept) // 2] = True
        return ModelInput(self.clip.x[kept], self.clip.times[kept])

    def without_cells(self, gone: Gone) -> ModelInput:
        """It, with cells (stretches × rows × columns, flat) blurred."""
        cells = gone.reshape(self.cells)[self.segment]
        mask = cells[:, self._cell][:, :, self._cell][:, None]
        return ModelInput(np.where(mask, self._blurred, self.clip.x), self.clip.times)


def blurred(x: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pictures (T, 3, S, S) of which only broad patches of colour are left."""
    side = x.shape[-1]
    coarse = np.arange(side) * GRID // side
    count = np.bincount(coarse).astype(np.float32)
    sums = np.zeros((*x.shape[:2], GRID, GRID), np.float32)
    for row in range(GRID):
        for column in range(GRID):
            sums[:, :, row, column] = x[:, :, coarse == row][..., coarse == column].sum(axis=(2, 3), dtype=np.float32)
    means = sums / np.outer(count, count)
    centre = (np.arange(side) + 0.5) * GRID / side - 0.5
    low = np.clip(np.floor(centre).astype(int), 0, GRID - 1)
    high = np.minimum(low + 1, GRID - 1)
    weight = np.clip(centre - low, 0, 1).astype(np.float32)
    rows = means[:, :, low] * (1 - weight)[:, None] + means[:, :, high] * weight[:, None]
    smooth = rows[..., low] * (1 - weight) + rows[..., high] * weight
    return np.rint(smooth).astype(np.uint8)


def space_time(clip: PictureClip, scorer: Scorer, whole: float) -> tuple[SpaceTime, dict[str, Curve]]:
    """Where and when the answer comes from, and the curves that test it."""
    units = int(np.prod(clip.cells))
    effects = scorer.log_odds([clip.without_cells(one) for one in np.eye(units, dtype=bool)]) - whole
    found = curves({"occlusion": -effects}, clip.without_cells, scorer, steps=STEPS, chances=CHANCES)
    return SpaceTime(effects.reshape(clip.cells), clip.segment), found
