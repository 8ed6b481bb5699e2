"""Words drawn at the foot of pictures, in a font that has their letters."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from matplotlib.font_manager import fontManager, get_font
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_INK, _GROUND = (255, 255, 255, 255), (0, 0, 0, 170)
_SMALLEST = 10
_OF_HEIGHT = 0.07
_PADDING = 0.35
_FIRST_CHOICE = "DejaVu Sans"
# Fonts whose every letter is a box or a blank.
_USELESS = ("Last Resort", "Adobe Blank", "Unicode BMP Fallback")


class Lettering:
    """Draws one line at the foot of pictures of one size; what was drawn once is kept.

    Parameters
    ----------
    width, height
        Of the pictures, in pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._last: tuple[str, NDArray[np.float32]] = ("", np.zeros((height, width, 4), np.float32))

    def draw(self, picture: NDArray[np.uint8], text: str) -> NDArray[np.uint8]:
        """The picture (H, W, 3) with a text on it; it is itself left as it is."""
        if text != self._last[0]:
            self._last = (text, self._layer(text))
        layer = self._last[1]
        drawn: NDArray[np.uint8] = np.round(picture * (1 - layer[..., 3:]) + layer[..., :3] * layer[..., 3:]).astype(
            np.uint8
        )
        return drawn

    def _layer(self, text: str) -> NDArray[np.float32]:
        """(H, W, 4): colours from 0 to 255, and from 0 to 1 how much they cover."""
        image = Image.new("RGBA", (self._width, self._height), (0, 0, 0, 0))
        draw = ImageDraw.Draw(image)
        size = max(_SMALLEST, round(_OF_HEIGHT * self._height))
        font = ImageFont.truetype(_font_file(frozenset(text)), size)
        left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
        while right - left > 0.94 * self._width and size > _SMALLEST // 2:
            size -= 1
            font = ImageFont.truetype(_font_file(frozenset(text)), size)
            left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
        padding = round(_PADDING * size)
        x = (self._width - (right - left)) / 2 - left
        y = self._height - 2 * padding - bottom
        box = (x + left - padding, y + top - padding, x + right + padding, y + bottom + padding)
        draw.rounded_rectangle(box, radius=padding, fill=_GROUND)
        draw.text((x, y), text, font=font, fill=_INK)
        layer = np.asarray(image).astype(np.float32)
        layer[..., 3] /= 255
        return layer


@lru_cache(maxsize=256)
def _font_file(letters: frozenset[str]) -> str:
    """The file of the font here that has most of the letters, sans-serif ones first."""
    plain = [f for f in fontManager.ttflist if f.style == "normal" and f.weight == 400 and f.stretch == "normal"]
    usable = [font for font in plain if not font.name.startswith(_USELESS)]
    usable.sort(key=lambda font: (font.name != _FIRST_CHOICE, "Sans" not in font.name, font.name))
    wanted = {ord(letter) for letter in letters if not letter.isspace()}
    # Of equals the first is taken.
    return max(usable, key=lambda font: len(wanted & _letters_of(font.fname))).fname


@lru_cache(maxsize=512)
def _letters_of(file: str) -> frozenset[int]:
    return frozenset(get_font(file).get_charmap())
