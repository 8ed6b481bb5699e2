"""A picture of attention over time: the frames that a model saw with the weight of each, and the top glosses."""

from __future__ import annotations

import io
import warnings

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.evaluation.drawing import LIGHT, labels, style, use_fonts
from ishara.evaluation.tiles import Cell, PictureTiles, SkeletonTiles, Tiles
from ishara.extras import extra
from ishara.pose.pose import Pose
from ishara.recognizer import Prediction
from ishara.recognizer.inputs import ModelInput

with extra("report", "Pictures of attention"):
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

# Inches, from the upper left corner of the page.
_WIDTH = 12.0
_MARGIN = 0.4
_HEADER = 0.82
_BARS = 8.4, 11.0
_ROW = 0.25
_GAP = 0.08
_CAPTION = 0.3
_STRIP = 1.25
_DPI = 130
_WIDEST_BAR = 0.03
_MOST_PICTURES, _MOST_SKELETONS = 64, 32
_MOST_GLOSSES = 8
_LONGEST_NAME = 90


def attention_picture(
    name: str, prediction: Prediction, seen: ModelInput | Pose, *, top: int = 5, truth: str = ""
) -> bytes:
    """Draw the frames that a recogniser saw with the weight of each, its weights over time, and its top glosses.

    ::

        clip = recognizer.prepare("clip.mp4")  # of a model of landmarks: recognizer.landmarks("clip.mp4")
        picture = attention_picture("clip.mp4", recognizer.predict(clip), clip)

    Up to 64 pictures are shown, or up to 32 skeletons; of more frames one in n, so chosen that the heaviest is there.

    Parameters
    ----------
    name
        What the clip is called.
    prediction
        What the recogniser said of it.
    seen
        The clip: of a model of pixels the pictures as they were cut and resized for it, else the landmarks.
    top
        How many glosses are listed, at most 8.
    truth
        The clip's gloss, where it is known.

    Returns
    -------
    A PNG.

    Raises
    ------
    IsharaError
        If the frames are not those of the prediction, or are features, of which there is no picture; on import, if the
        extra ``report`` is not installed.
    """
    shown, tiles = _shown(name, prediction, seen)
    columns, rows, cell = _grid(len(shown), tiles.aspect)
    ranked = prediction.ranked[: min(top, _MOST_GLOSSES)]
    facts = _facts(prediction, shown, truth, tiles.note)
    below_header = _HEADER + max(len(facts), len(ranked)) * _ROW + 0.05
    below_tiles = below_header + rows * (cell.height + _CAPTION)
    figure, page = _page(below_tiles + 0.25 + _STRIP + 0.65)
    _write_header(page, name, facts)
    _write_glosses(page, [c.gloss for c in ranked], [c.probability for c in ranked])
    weights, heaviest = prediction.attention, int(np.argmax(prediction.attention))
    for place, frame in enumerate(shown):
        row, column = divmod(place, columns)
        left = _MARGIN + column * (cell.width + _GAP)
        own = cell._replace(left=left, top=below_header + row * (cell.height + _CAPTION))
        tiles.draw(page, place, own)
        _write_weight(page, own, float(prediction.times[frame]), weights[frame], weights[heaviest], frame == heaviest)
    _draw_strip(page, below_tiles + 0.25, prediction, shown)
    return _png(figure)


def _shown(name: str, prediction: Prediction, seen: ModelInput | Pose) -> tuple[NDArray[np.int64], Tiles]:
    """Which frames are shown, and what is drawn of each."""
    weights = prediction.attention
    if isinstance(seen, Pose):
        shown = _one_in_n(weights, _MOST_SKELETONS)
        # The model may see frames between those of the pose, or not all: each is drawn as the nearest in time.
        nearest = np.rint(prediction.times[shown] * seen.fps - 0.5).astype(np.int64)
        return shown, SkeletonTiles(seen.frames(np.clip(nearest, 0, len(seen) - 1)))
    if seen.x.ndim != 4:
        raise IsharaError(
            f"{name}: features of landmarks have no picture; expected the landmarks (Recognizer.landmarks)."
        )
    if len(seen) != len(weights):
        raise IsharaError(
            f"{name}: {len(seen)} frames do not belong to {len(weights)} weights; expected the clip of the prediction."
        )
    shown = _one_in_n(weights, _MOST_PICTURES)
    return shown, PictureTiles(seen.x[shown])


def _one_in_n(weights: NDArray[np.floating], most: int) -> NDArray[np.int64]:
    """At most so many frames at even distances, the heaviest among them."""
    n = -(-len(weights) // most)
    return np.arange(int(np.argmax(weights)) % n, len(weights), n)


def _grid(tiles: int, aspect: float) -> tuple[int, int, Cell]:
    """Columns, rows and the first cell: wider tiles where there are few, and rows of about equal length."""
    rows = -(-tiles // 8) if tiles <= 32 else max(4, -(-tiles // 11))
    columns = -(-tiles // rows)
    # A few tiles are not blown up to fill a row.
    width = (_WIDTH - 2 * _MARGIN - (max(columns, 6) - 1) * _GAP) / max(columns, 6)
    return columns, rows, Cell(_MARGIN, 0, width, width * aspect)


def _page(height: float) -> tuple[Figure, Axes]:
    """Axes over a whole white page, in inches from its upper left corner."""
    figure = Figure(figsize=(_WIDTH, height), dpi=_DPI, facecolor=LIGHT.paper)
    page = figure.add_axes((0, 0, 1, 1), xlim=(0, _WIDTH), ylim=(height, 0))
    page.set_axis_off()
    page.set_autoscale_on(False)
    return figure, page


def _write(
    page: Axes, x: float, y: float, text: str, size: float, colour: str = LIGHT.ink, align: str = "left"
) -> None:
    page.text(x, y, text, fontsize=size, color=colour, ha=align, va="center")


def _facts(prediction: Prediction, shown: NDArray[np.int64], truth: str, note: str) -> list[str]:
    total, times = len(prediction.times), prediction.times
    saw = f"1 frame, at {times[0]:.2f} s" if total == 1 else f"{total} frames, from {times[0]:.2f} to {times[-1]:.2f} s"
    part = "" if shown[-1] - shown[0] + 1 == len(shown) else f"; one in {shown[1] - shown[0]} is shown (darker below)"
    facts = [f"The model saw {saw}{part}."]
    facts += [note] if note else []
    facts.append("Under each frame: its time, and its share of the attention.")
    return ([f"Labelled as {labels([truth], [1])[0]}."] if truth else []) + facts


def _write_header(page: Axes, name: str, facts: list[str]) -> None:
    name = " ".join(name.split())
    # The end of a path says more than its beginning.
    name = name if len(name) <= _LONGEST_NAME else "…" + name[1 - _LONGEST_NAME :]
    _write(page, _MARGIN, _MARGIN, name, 14)
    for line, fact in enumerate(facts):
        _write(page, _MARGIN, _HEADER + line * _ROW, fact, 9.5, LIGHT.muted)


def _write_glosses(page: Axes, glosses: list[str], probabilities: list[float]) -> None:
    left, right = _BARS
    names = labels(glosses, range(1, len(glosses) + 1))
    for row, (gloss, probability) in enumerate(zip(names, probabilities, strict=True)):
        y, colour = _HEADER + row * _ROW, LIGHT.ink if row == 0 else LIGHT.muted
        _write(page, left - 0.12, y, gloss, 10, colour, "right")
        _write(page, _WIDTH - _MARGIN, y, f"{probability:.1%}", 10, colour, "right")
        _bar(page, Cell(left, y - 0.06, right - left, 0.12), probability, LIGHT.first if row == 0 else LIGHT.soft)


def _write_weight(page: Axes, cell: Cell, time: float, weight: float, most: float, framed: bool) -> None:
    """Time, weight and a bar under a tile; the heaviest one has a frame and a mark, for who cannot tell its colour."""
    colour = LIGHT.second if framed else LIGHT.first
    bottom = cell.top + cell.height
    _bar(page, Cell(cell.left, bottom + 0.03, cell.width, 0.055), weight / max(most, 1e-12), colour)
    line, size = bottom + 0.165, 8 if cell.width > 1.2 else 7
    _write(page, cell.left, line, f"{time:.2f} s", size)
    _write(page, cell.left + cell.width, line, f"{'▼ ' if framed else ''}{weight:.1%}", size, align="right")
    if framed:
        page.add_patch(Rectangle(cell[:2], *cell[2:], fill=False, edgecolor=colour, linewidth=2.5, zorder=3))


def _bar(page: Axes, cell: Cell, share: float, colour: str) -> None:
    """A bar that is filled from its left."""
    for width, fill in ((cell.width, LIGHT.grid), (cell.width * share, colour)):
        page.add_patch(Rectangle(cell[:2], width, cell.height, facecolor=fill, linewidth=0))


def _draw_strip(page: Axes, top: float, prediction: Prediction, shown: NDArray[np.int64]) -> None:
    """All weights over time; those of the frames above are darker, and the heaviest has a mark."""
    times, weights = prediction.times.astype(np.float64), prediction.attention
    heaviest, even = int(np.argmax(weights)), 1 / len(times)
    left, height = _MARGIN + 0.5, page.get_ylim()[0]
    box = left / _WIDTH, 1 - (top + _STRIP) / height, 1 - (left + _MARGIN) / _WIDTH, _STRIP / height
    strip = page.figure.add_axes(box)
    style(strip, LIGHT)
    colours = np.full(len(times), LIGHT.soft, object)
    colours[shown] = LIGHT.first
    colours[heaviest] = LIGHT.second
    widths = _bar_widths(times)
    strip.bar(times, weights, widths, color=list(colours))
    strip.axhline(even, color=LIGHT.ink, linewidth=0.8, linestyle=(0, (4, 3)))
    highest = max(float(weights[heaviest]), 1.5 * even) * 1.22
    strip.plot(times[heaviest], weights[heaviest] + 0.07 * highest, "v", color=LIGHT.second, markersize=5)
    margin = 0.5 if len(times) == 1 else widths[0]
    first, last = times[0] - margin, times[-1] + margin
    strip.set(xlim=(first, last), ylim=(0, highest), ylabel="attention")
    strip.set_xticks([tick for tick in strip.get_xticks() if max(first, 0) <= tick <= last])
    strip.set_yticks([tick for tick in strip.get_yticks() if tick <= min(highest, 1)])
    strip.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.4g}%")
    strip.set_xlabel("seconds from the start of the clip (dashed: as if all frames counted the same)")


def _bar_widths(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """As wide as the way to the nearer neighbour at most, so that no bar covers another, and never broad."""
    if len(times) == 1:
        return np.array([_WIDEST_BAR])
    gaps = np.diff(times)
    nearer = np.minimum(np.r_[gaps[0], gaps], np.r_[gaps, gaps[-1]])
    widths: NDArray[np.float64] = np.minimum(0.86 * nearer, _WIDEST_BAR * (times[-1] - times[0]))
    return widths


def _png(figure: Figure) -> bytes:
    use_fonts(figure)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # Where no font here has a letter of the clip's name, a box stands for it.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
    return buffer.getvalue()
