"""An explanation as a picture, a moving picture or a film for slides: 1280 by 720, light."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.evaluation.drawing import LIGHT, labels, style, use_fonts
from ishara.evaluation.tiles import Cell, PictureTiles, SkeletonTiles, Tiles
from ishara.explain import words
from ishara.explain.explanation import SMALL, Explanation, SpaceTime
from ishara.extras import extra
from ishara.pose.pose import Pose
from ishara.video.write import write_video
from ishara.whole import write_whole

with extra("report", "Slides"):
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

Picture = NDArray[np.uint8]
_WIDTH, _HEIGHT, _DPI = 12.8, 7.2, 100
# Where the clip is drawn, and the strip of moments, in inches from the upper left corner.
_SCREEN = Cell(0.5, 1.75, 4.6, 4.9)
_STRIP = Cell(5.8, 5.35, 6.5, 1.1)
_BARS = Cell(7.6, 1.75, 4.7, 2.75)
_MOST_BARS, _MOST_GLOSSES = 9, 5
# Places in the picture that matter are tinted with it, at most so much.
_AMBER, _TINT = (255, 176, 0), 0.62
_LONGEST, _LINE = 60, 120
_FEWEST_FPS, _MOST_FPS = 4.0, 30.0


def write_png(path: Path, explanation: Explanation) -> None:
    """The moment that matters most, with what was found; `IsharaError` if it cannot be written."""
    slide = _Slide(explanation)
    moments = explanation.moments
    frame = len(slide) // 2 if moments is None else int(moments.argmin())
    buffer = io.BytesIO()
    Image.fromarray(slide.picture(frame)).save(buffer, "PNG")
    write_whole(path, buffer.getvalue())


def write_gif(path: Path, explanation: Explanation) -> None:
    """The clip, playing in a loop beside what was found; `IsharaError` if it cannot be written."""
    slide = _Slide(explanation)
    pictures = [Image.fromarray(picture).quantize(128) for picture in slide.pictures()]
    buffer = io.BytesIO()
    duration = round(1000 / slide.fps)
    pictures[0].save(buffer, "GIF", save_all=True, append_images=pictures[1:], duration=duration, loop=0)
    write_whole(path, buffer.getvalue())


def write_mp4(path: Path, explanation: Explanation) -> None:
    """The same as a film; `IsharaError` if it cannot be written."""
    slide = _Slide(explanation)
    write_video(path, slide.pictures(), slide.fps)


class _Slide:
    """A slide whose clip and cursor move and whose other parts are drawn once.

    Parameters
    ----------
    explanation
        Of a clip that has an answer.
    """

    def __init__(self, explanation: Explanation) -> None:
        shown, said = explanation.shown, explanation.prediction
        if said is None or shown is None:
            raise IsharaError(f"{explanation.name}: there is no slide of it. {' '.join(explanation.unexplained)}")
        self._explanation = explanation
        self._tiles: Tiles = (
            SkeletonTiles(shown) if isinstance(shown, Pose) else PictureTiles(_tinted(shown, explanation.space))
        )
        self._count = len(said.times)
        steps = np.diff(said.times)
        self.fps = float(np.clip(1 / np.median(steps), _FEWEST_FPS, _MOST_FPS)) if len(steps) else _FEWEST_FPS
        self._ground = _rendered(_ground(explanation))

    def __len__(self) -> int:
        return self._count

    def pictures(self) -> Iterator[Picture]:
        """Every frame that the model saw."""
        return (self.picture(frame) for frame in range(self._count))

    def picture(self, frame: int) -> Picture:
        """(720, 1280, 3): the slide at one frame."""
        picture = self._ground.copy()
        drawn = self._clip(frame)
        top, left = round(_SCREEN.top * _DPI), round(_SCREEN.left * _DPI)
        picture[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
        if self._explanation.moments is not None:
            at = round((_STRIP.left + _STRIP.width * (frame + 0.5) / self._count) * _DPI)
            low, high = round(_STRIP.top * _DPI), round((_STRIP.top + _STRIP.height) * _DPI)
            picture[low:high, at - 1 : at + 2] = (27, 31, 36)
        return picture

    def _clip(self, frame: int) -> Picture:
        figure = Figure(figsize=(_SCREEN.width, _SCREEN.height), dpi=_DPI, facecolor=LIGHT.paper)
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, _SCREEN.width), ylim=(_SCREEN.height, 0))
        axes.set_axis_off()
        aspect = self._tiles.aspect
        height = min(_SCREEN.height, _SCREEN.width * aspect)
        self._tiles.draw(axes, frame, Cell(0, 0, height / aspect, height))
        axes.set(xlim=(0, _SCREEN.width), ylim=(_SCREEN.height, 0))
        return _rendered(figure)


def _tinted(shown: Picture, space: SpaceTime | None) -> Picture:
    """Pictures (T, 3, S, S) with the places that matter in amber."""
    if space is None:
        return shown
    share = np.maximum(-space.effect, 0) / max(float(-space.effect.min()), SMALL)
    cell = np.arange(shown.shape[-1]) * space.effect.shape[-1] // shown.shape[-1]
    tint = _TINT * share[space.segment][:, cell][:, :, cell][:, None]
    amber = np.array(_AMBER, np.float64)[:, None, None]
    return np.rint(shown * (1 - tint) + amber * tint).astype(np.uint8)


def _ground(explanation: Explanation) -> Figure:
    """All of a slide that does not move."""
    said = explanation.prediction
    assert said is not None
    figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DPI, facecolor=LIGHT.paper)
    page = figure.add_axes((0, 0, 1, 1), xlim=(0, _WIDTH), ylim=(_HEIGHT, 0))
    page.set_axis_off()
    [gloss] = labels([said.gloss], [1])
    page.text(0.5, 0.62, f"{gloss}  {said.probability:.1%}", fontsize=30, color=LIGHT.ink, va="center")
    said_of = textwrap.fill(words.summary(explanation), _LINE)
    page.text(0.5, 1.02, said_of, fontsize=11.5, color=LIGHT.muted, va="top", linespacing=1.5)
    name = explanation.name if len(explanation.name) <= _LONGEST else "…" + explanation.name[1 - _LONGEST :]
    page.text(0.5, 6.95, f"{name} · {explanation.recogniser}", fontsize=9, color=LIGHT.muted, va="center")
    _draw_bars(page, explanation)
    if explanation.moments is not None:
        page.text(_STRIP.left, _STRIP.top - 0.2, "Which moments matter", fontsize=12, color=LIGHT.ink, va="center")
        _draw_moments(_axes(figure, _STRIP), explanation)
    use_fonts(figure)
    return figure


def _draw_bars(page: Axes, explanation: Explanation) -> None:
    """The parts and the fingers that matter most; without any, the ranking."""
    said = explanation.prediction
    assert said is not None
    effects = [effect for effect in explanation.effects if effect.change is not None]
    effects = sorted(effects, key=lambda effect: effect.change or 0)[:_MOST_BARS]
    rows = [(e.title, max(-(e.change or 0), 0), words.left(explanation, e.change)) for e in effects]
    title = f"What matters, and what would be left of {said.probability:.1%} without it"
    if not rows:
        title, ranked = "What it could have been", said.ranked[:_MOST_GLOSSES]
        names = labels([c.gloss for c in ranked], range(1, len(ranked) + 1))
        rows = [(name, c.probability, f"{c.probability:.1%}") for name, c in zip(names, ranked, strict=True)]
    most = max([value for _, value, _ in rows] + [1.0])
    page.text(_STRIP.left, _BARS.top, title, fontsize=12, color=LIGHT.ink, va="center")
    step = _BARS.height / _MOST_BARS
    for row, (name, value, left) in enumerate(rows, start=1):
        y = _BARS.top + row * step + 0.1
        page.text(_BARS.left - 0.15, y, name, fontsize=10.5, color=LIGHT.ink, ha="right", va="center")
        width = (_BARS.width - 0.8) * value / most
        page.barh(y, width, 0.6 * step, left=_BARS.left, color=LIGHT.first)
        page.text(_BARS.left + _BARS.width, y, left, fontsize=10.5, color=LIGHT.muted, ha="right", va="center")


def _axes(figure: Figure, cell: Cell) -> Axes:
    left, top, width, height = cell
    axes = figure.add_axes((left / _WIDTH, 1 - (top + height) / _HEIGHT, width / _WIDTH, height / _HEIGHT))
    style(axes, LIGHT, grid=None)
    return axes


def _draw_moments(axes: Axes, explanation: Explanation) -> None:
    moments, said = explanation.moments, explanation.prediction
    assert moments is not None
    assert said is not None
    count = len(moments)
    axes.bar(np.arange(count), -moments, 0.86, color=[LIGHT.first if m < 0 else LIGHT.second for m in moments])
    axes.set_xlim(-0.5, count - 0.5)
    axes.set_ylim(min(0.0, float(-moments.max())), max(SMALL, float(-moments.min())))
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    places = sorted({0, count // 2, count - 1})
    axes.set_xticks(places, [f"{said.times[place]:.2f} s" for place in places])


def _rendered(figure: Figure) -> Picture:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.asarray(canvas.buffer_rgba(), np.uint8)[..., :3].copy()  # type: ignore[no-untyped-call]
