"""What the figures share: two colour themes, fonts that have the glosses' letters, and SVG as a data URI."""

from __future__ import annotations

import base64
import io
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ishara.extras import extra

with extra("report", "Figures"):
    from matplotlib.axes import Axes
    from matplotlib.colors import to_rgb
    from matplotlib.figure import Figure
    from matplotlib.font_manager import fontManager, get_font
    from matplotlib.text import Text

_BASE_FONT = "DejaVu Sans"
# Fonts whose every letter is a box or a blank.
_USELESS_FONTS = ("Last Resort", "Adobe Blank", "Unicode BMP Fallback")
_LONGEST_LABEL = 18


@dataclass(frozen=True)
class Theme:
    """Colours of a figure. `first` and `second` are from the Okabe-Ito palette, told apart by any colour vision.

    `soft` is a paler or darker `first`, for bars that lines run over.
    """

    paper: str
    ink: str
    muted: str
    grid: str
    first: str
    soft: str
    second: str


LIGHT = Theme(
    paper="#ffffff", ink="#1b1f24", muted="#57606a", grid="#d8dee4", first="#0072b2", soft="#93c4e2", second="#d55e00"
)
DARK = Theme(
    paper="#15191e", ink="#e6edf3", muted="#a2acb6", grid="#39424c", first="#56b4e9", soft="#23587a", second="#e69f00"
)


def new_figure(width: float, height: float, panels: int = 1) -> tuple[Figure, list[Axes]]:
    """An empty figure of this many panels side by side; width and height in inches. No global state is touched."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, [figure.add_subplot(1, panels, i + 1) for i in range(panels)]


def style(axes: Axes, theme: Theme, *, grid: str | None = "y") -> None:
    """Give a panel the theme's colours and a quiet frame; `grid` is the axis whose grid lines are drawn."""
    axes.set_facecolor("none")
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(theme.muted)
    axes.tick_params(colors=theme.muted, labelcolor=theme.ink, labelsize=9)
    for text in (axes.xaxis.label, axes.yaxis.label, axes.title):
        text.set_color(theme.ink)
        text.set_fontsize(10)
    if grid:
        axes.grid(axis=grid, color=theme.grid, linewidth=0.8)  # type: ignore[arg-type]
        axes.set_axisbelow(True)


def readable_on(background: Any, theme: Theme) -> str:
    """The theme's ink or paper, whichever contrasts more with a background (WCAG 2 contrast ratio)."""
    ground = _luminance(background)

    def contrast(colour: str) -> float:
        low, high = sorted((ground, _luminance(colour)))
        return (high + 0.05) / (low + 0.05)

    return max(theme.ink, theme.paper, key=contrast)


def _luminance(colour: Any) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def legend(axes: Axes, theme: Theme, **place: Any) -> None:
    """A legend without a box, in the theme's ink; `place` goes to matplotlib's ``Axes.legend``."""
    axes.legend(frameon=False, labelcolor=theme.ink, fontsize=9, **place)


def data_uri(figure: Figure) -> str:
    """The figure as ``data:image/svg+xml;base64,…``, letters drawn as outlines so that the reader needs no font."""
    use_fonts(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def use_fonts(figure: Figure) -> None:
    """Give every text of a figure fonts that have its letters, and take ``$`` and ``_`` in it as they are."""
    texts = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    families = list(_fonts(_letters(text.get_text() for text in texts))[0])
    for text in texts:
        text.set_fontfamily(families)
        text.set_parse_math(False)


def labels(glosses: Iterable[str], numbers: Iterable[int]) -> list[str]:
    """Glosses as tick labels: shortened, and by number (``#7``) where no font here has their letters."""
    result = []
    for gloss, number in zip(glosses, numbers, strict=True):
        text = " ".join(gloss.split())
        if len(text) > _LONGEST_LABEL:
            # Names that are long often begin alike: U12-morning-1, U12-morning-2.
            half = _LONGEST_LABEL // 2
            text = f"{text[:half].rstrip()}…{text[half + 1 - _LONGEST_LABEL :].lstrip()}"
        result.append(f"#{number}" if _fonts(_letters([text]))[1] else text)
    return result


def _letters(texts: Iterable[str]) -> frozenset[str]:
    every = {letter for text in texts for letter in text}
    return frozenset(letter for letter in every if unicodedata.category(letter) not in ("Cc", "Cf", "Zs"))


@lru_cache(maxsize=4096)
def _fonts(letters: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Font families that have the letters between them, and the letters that no font here has."""
    chosen, missing = [_BASE_FONT], letters - _covered(_BASE_FONT)
    while missing:
        best = max(_files(), key=lambda family: len(missing & _covered(family)))
        gained = missing & _covered(best)
        if not gained:
            break
        chosen.append(best)
        missing -= gained
    return tuple(chosen), missing


@lru_cache(maxsize=1)
def _files() -> dict[str, str]:
    """The file of every upright family of normal weight, sans-serif ones first: the first of equals is taken."""
    plain = [f for f in fontManager.ttflist if f.style == "normal" and f.weight == 400 and f.stretch == "normal"]
    usable = {font.name: font.fname for font in plain if not font.name.startswith(_USELESS_FONTS)}
    return dict(sorted(usable.items(), key=lambda item: ("Sans" not in item[0], item[0])))


@lru_cache(maxsize=4096)
def _covered(family: str) -> frozenset[str]:
    """The letters that a family has."""
    return frozenset(map(chr, get_font(_files()[family]).get_charmap()))
