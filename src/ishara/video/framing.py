"""Which part of the picture a pixel model sees: the signer's surroundings, made square; in training a random part."""

from __future__ import annotations

import math

import numpy as np

from ishara.recipe import PixelAugment, Pixels
from ishara.video.box import Box
from ishara.video.picture import View


def frame_view(shown: tuple[int, int], box: Box | None, options: Pixels) -> View:
    """What is seen of each picture in use and evaluation.

    Parameters
    ----------
    shown
        Width and height of the displayed picture.
    box
        Where the signer is, if that is known.
    options
        Whether the box counts, how much is added to it, the size, and how pictures become square.

    Returns
    -------
    View
        Of `options.size` both ways with `fit: crop`; its longer side is that with `fit: pad`, and the rest is for
        black borders.

    Raises
    ------
    IsharaError
        If the box lies outside of the picture.
    """
    if box is None or options.box == "ignore":
        region = Box(0, 0, *shown)
    else:
        region = _around(View.of(shown, box, None, None).region, shown, options.margin)
    size = options.size
    if options.fit == "crop":
        return View.of(shown, region, None, size)
    width, height = region.right - region.left, region.bottom - region.top
    longest = max(width, height)
    return View(region, max(1, round(width * size / longest)), max(1, round(height * size / longest)))


def random_part(view: View, options: PixelAugment, rng: np.random.Generator) -> View:
    """A part of a view at the view's size: a random resized crop that never leaves what is seen in use.

    Beside the signer there may be little but the wall, and above nothing but the ceiling: a part of the whole picture
    would often miss a hand.
    """
    area = rng.uniform(*options.crop_scale)
    # Evenly in the logarithm, so that a half is as likely as a double.
    narrowest, widest = options.crop_ratio
    ratio = math.exp(rng.uniform(math.log(narrowest), math.log(widest)))
    left, right = _part(view.region.left, view.region.right, math.sqrt(area * ratio), rng)
    top, bottom = _part(view.region.top, view.region.bottom, math.sqrt(area / ratio), rng)
    return View(Box(left, top, right, bottom), view.width, view.height)


def _around(box: Box, shown: tuple[int, int], margin: float) -> Box:
    """The square about a box and its margin, moved into the picture; oblong where the picture has no room for it.

    A box is drawn about a body that stands still: in its short side's square, head or hands would be cut off.
    """
    side = round(max(box.right - box.left, box.bottom - box.top) * (1 + 2 * margin))
    left, right = _span(box.left + box.right, side, shown[0])
    top, bottom = _span(box.top + box.bottom, side, shown[1])
    return Box(left, top, right, bottom)


def _span(twice_centre: int, length: int, limit: int) -> tuple[int, int]:
    """From where to where a length about a centre goes, inside of 0 to a limit."""
    length = min(length, limit)
    start = min(max((twice_centre - length) // 2, 0), limit - length)
    return start, start + length


def _part(start: int, end: int, share: float, rng: np.random.Generator) -> tuple[int, int]:
    """A random stretch of a share (at most all) of another."""
    length = max(1, round(min(share, 1) * (end - start)))
    first = start + int(rng.integers(end - start - length + 1))
    return first, first + length
