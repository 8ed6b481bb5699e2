"""A contact sheet: some clips, a few frames of each with the landmarks drawn on them, as one PNG picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ishara.errors import IsharaError
from ishara.evaluation.overlay import Image, VideoStretch, draw_on_canvas, draw_on_frames, is_there, shrink
from ishara.pose.pose import Pose

_TILE = 200
_GAP = 4
_LABEL = 24
_LONGEST = 150
_DPI = 100
_POINTS = 72 / _DPI


@dataclass(frozen=True, eq=False)
class Strip:
    """A few frames of one clip, each (H, W, 3) with sides of at most 200, and what stands above them."""

    label: str
    frames: Sequence[Image]


def strip(label: str, pose: Pose, stretch: VideoStretch | None, frames: int) -> Strip:
    """Frames of a clip at even distances from its first to its last, drawn on its video or on a canvas.

    Parameters
    ----------
    label
        Stands above them.
    pose
        The clip.
    stretch
        Its video; ``None`` where it is not known.
    frames
        How many at most; a shorter clip has fewer.

    Raises
    ------
    IsharaError
        If the video is there but cannot be read, or has no frame.
    """
    chosen = np.unique(np.linspace(0, len(pose) - 1, min(frames, len(pose))).round().astype(int))
    some = pose.frames(chosen)
    if stretch is None or not is_there(stretch.video):
        return Strip(label, [shrink(picture, _TILE) for picture in draw_on_canvas(some)])
    wanted = set(chosen.tolist())
    pictures = (picture for i, picture in enumerate(stretch.frames()) if i in wanted)
    drawn = [shrink(picture, _TILE) for picture in draw_on_frames(some, pictures)]
    if not drawn:
        raise IsharaError(f"{stretch.video}: has no frame in the clip's stretch.")
    return Strip(label, drawn)


def contact_sheet(strips: Sequence[Strip]) -> bytes:
    """The strips below one another, as a PNG; `IsharaError` if the extra ``report`` is not installed."""
    from ishara.evaluation.drawing import LIGHT, use_fonts
    from ishara.extras import extra

    with extra("report", "Reports"):
        from matplotlib.figure import Figure

    columns = max(len(one.frames) for one in strips)
    rows = [max(len(picture) for picture in one.frames) for one in strips]
    width = columns * (_TILE + _GAP) + _GAP
    height = sum(row + _LABEL + _GAP for row in rows)
    sheet = np.full((height, width, 3), 255, np.uint8)
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor=LIGHT.paper)
    top = 0
    for one, row in zip(strips, rows, strict=True):
        text = one.label if len(one.label) <= _LONGEST else one.label[: _LONGEST - 1] + "…"
        place = (_GAP / width, 1 - (top + _LABEL / 2) / height)
        figure.text(*place, text, fontsize=14 * _POINTS, color=LIGHT.ink, va="center")
        for column, picture in enumerate(one.frames):
            left = _GAP + column * (_TILE + _GAP) + (_TILE - picture.shape[1]) // 2
            sheet[top + _LABEL : top + _LABEL + len(picture), left : left + picture.shape[1]] = picture
        top += row + _LABEL + _GAP
    figure.figimage(sheet, zorder=-1)
    use_fonts(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
    return buffer.getvalue()
