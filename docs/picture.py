"""The README's picture: ``python docs/picture.py MODEL CLIP OUT.png`` draws a clip, its attention and its glosses."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ishara.pose.files import read_pose
from ishara.pose.normalise import shoulder_normalise
from ishara.pose.pose import Pose
from ishara.pose.skeleton import get_skeleton
from ishara.recognizer import Recognizer

_FRAMES = 7
_TOP = 5
_INK, _LEFT, _RIGHT, _BAR, _PALE = "#24303c", "#d55e00", "#0072b2", "#0072b2", "#c9d6df"


def main(model: str, clip: str, out: str) -> None:
    """Predict one clip and draw what was seen, what counted and what came out."""
    prediction = Recognizer.load(model).predict(clip)
    pose = shoulder_normalise(read_pose(clip)).to(get_skeleton("upper-body-hands")).resampled(len(prediction.attention))
    figure = Figure(figsize=(13, 3.0), facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2, _FRAMES + 3, height_ratios=(3, 1), wspace=0.05, hspace=0.08)
    chosen = np.linspace(0, len(pose) - 1, _FRAMES).round().astype(int)
    for column, frame in enumerate(chosen):
        _draw_frame(figure.add_subplot(grid[0, column]), pose, frame)
    _draw_attention(figure.add_subplot(grid[1, :_FRAMES]), prediction.attention, chosen)
    _draw_ranking(figure.add_subplot(grid[:, _FRAMES + 1 :]), prediction.ranked[:_TOP])
    figure.savefig(out, dpi=120, bbox_inches="tight", pad_inches=0.15)


def _draw_frame(axes: Axes, pose: Pose, frame: int) -> None:
    seen, points = pose.seen[frame], pose.coordinates[frame]
    for a, b in pose.skeleton.edges:
        i, j = pose.skeleton.index(a), pose.skeleton.index(b)
        if seen[i] and seen[j]:
            colour = _LEFT if a.startswith("left_hand") else _RIGHT if a.startswith("right_hand") else _INK
            axes.plot(*points[[i, j], :2].T, color=colour, linewidth=1.6, solid_capstyle="round")
    nose = pose.skeleton.index("nose")
    if seen[nose]:
        axes.plot(*points[nose, :2], "o", color=_INK, markersize=5)
    axes.set(xlim=(-1.3, 1.3), ylim=(1.6, -0.9), aspect="equal")
    axes.axis("off")


def _draw_attention(axes: Axes, attention: np.ndarray, chosen: np.ndarray) -> None:
    colours = [_BAR if frame in chosen else _PALE for frame in range(len(attention))]
    axes.bar(np.arange(len(attention)), attention, color=colours, width=0.85)
    axes.set_xlabel("frame, and how much it counted", fontsize=11, color=_INK)
    axes.set(yticks=[], xlim=(-2, len(attention) + 1))
    axes.spines[["top", "left", "right"]].set_visible(False)


def _draw_ranking(axes: Axes, ranked: tuple) -> None:
    names, values = [c.gloss for c in ranked], [c.probability for c in ranked]
    axes.barh(names, values, color=[_BAR] + [_PALE] * (len(values) - 1), height=0.6)
    for i, value in enumerate(values):
        axes.text(value + 0.02, i, f"{value:.0%}", va="center", fontsize=12, color=_INK)
    axes.invert_yaxis()
    axes.set(xticks=[], xlim=(0, 1.15))
    axes.tick_params(axis="y", labelsize=14, length=0)
    axes.spines[["top", "bottom", "right"]].set_visible(False)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    Path(sys.argv[3]).parent.mkdir(parents=True, exist_ok=True)
    main(*sys.argv[1:])
