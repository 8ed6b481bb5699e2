"""From the picture as it is stored to the one that is asked for: shape of pixels, rotation, crop and size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.video.box import Box


@dataclass(frozen=True)
class Picture:
    """How the frames of a video are stored, and how a player shows them.

    Parameters
    ----------
    width, height
        As stored, in pixels.
    aspect
        Width of a stored pixel over its height.
    quarters
        Quarter turns clockwise that show the picture upright: 0 to 3.
    mirrored
        Whether a player mirrors it, left to right, before it is turned.
    """

    width: int
    height: int
    aspect: float = 1.0
    quarters: int = 0
    mirrored: bool = False

    @property
    def stretched(self) -> tuple[int, int]:
        """Width and height with square pixels, before the turn."""
        return max(1, round(self.width * self.aspect)), self.height

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height as displayed."""
        width, height = self.stretched
        return (height, width) if self.quarters % 2 else (width, height)

    def upright(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A picture (H, W, 3) in the stored orientation, mirrored and turned as displayed."""
        if self.mirrored:
            rgb = rgb[:, ::-1]
        return np.rot90(rgb, -self.quarters) if self.quarters else rgb

    def stored(self, box: Box) -> Box:
        """Where a rectangle of the displayed picture lies in the stored one."""
        left, top, right, bottom = box
        width, height = self.shown
        for _ in range(self.quarters):
            # What a quarter turn clockwise shows at (x, y) was at (y, width − x).
            left, top, right, bottom = top, width - right, bottom, width - left
            width, height = height, width
        if self.mirrored:
            left, right = width - right, width - left
        return scaled(Box(left, top, right, bottom), (width, height), (self.width, self.height))


def scaled(box: Box, size: tuple[int, int], to: tuple[int, int]) -> Box:
    """A box of a picture of one size (width, height) in the same picture at another size; at least a pixel large."""
    if size == to:
        return box
    across, down = to[0] / size[0], to[1] / size[1]
    left, top = min(round(box.left * across), to[0] - 1), min(round(box.top * down), to[1] - 1)
    return Box(left, top, max(round(box.right * across), left + 1), max(round(box.bottom * down), top + 1))


def turns(matrix: Sequence[int]) -> tuple[int, bool]:
    """Quarter turns clockwise, and whether the picture is mirrored before them, of a display matrix.

    Parameters
    ----------
    matrix
        The nine numbers of an MP4 track's matrix, by rows (ISO/IEC 14496-12, 6.2.2).
    """
    a, b, _, c, d = matrix[:5]
    mirrored = a * d - b * c < 0
    if mirrored:
        a, b = -a, -b
    return round(math.atan2(b, a) / (math.pi / 2)) % 4, mirrored


@dataclass(frozen=True)
class View:
    """What is wanted of each picture.

    Parameters
    ----------
    region
        The part of the displayed picture that is kept.
    width, height
        The size that it is brought to, in pixels.
    """

    region: Box
    width: int
    height: int

    @classmethod
    def of(cls, shown: tuple[int, int], box: Box | None, short_side: int | None, square: int | None) -> View:
        """The view of a displayed picture (width, height).

        Parameters
        ----------
        shown
            Width and height of the displayed picture.
        box
            Crop to this first; what lies beyond the picture is left out.
        short_side
            Bring the shorter side to this; the shape is kept.
        square
            Bring the shorter side to this and keep the square in the middle; the shape of what is seen is kept.

        Raises
        ------
        IsharaError
            If box and picture have nothing in common, or a size makes no sense.
        """
        if short_side is not None and square is not None:
            raise IsharaError("a short side and a square were asked for; expected one of them.")
        region = _clipped(box, shown)
        width, height = region.right - region.left, region.bottom - region.top
        side = square if square is not None else short_side
        if side is None:
            return cls(region, width, height)
        if side < 1:
            raise IsharaError(f"a size of {side} pixels was asked for; expected 1 or more.")
        short = min(width, height)
        if square is not None:
            left, top = region.left + (width - short) // 2, region.top + (height - short) // 2
            return cls(Box(left, top, left + short, top + short), side, side)
        return cls(region, max(1, round(width * side / short)), max(1, round(height * side / short)))


def _clipped(box: Box | None, shown: tuple[int, int]) -> Box:
    width, height = shown
    if box is None:
        return Box(0, 0, width, height)
    clipped = Box(max(box.left, 0), max(box.top, 0), min(box.right, width), min(box.bottom, height))
    if clipped.left >= clipped.right or clipped.top >= clipped.bottom:
        raise IsharaError(
            f"the box {box} lies outside of the picture, which is {width}×{height} pixels (left top right bottom)."
        )
    return clipped
