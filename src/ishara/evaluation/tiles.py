"""Frames of a clip as tiles of a page: the pictures that a model saw, or the skeleton of its landmarks."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ishara.evaluation.drawing import LIGHT
from ishara.extras import extra
from ishara.pose.pose import Pose

with extra("report", "Pictures of frames"):
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Rectangle

_CANVAS = "#f3f5f7"
_COLOURS = {"body": LIGHT.muted, "left_hand": LIGHT.second, "right_hand": LIGHT.first, "face": LIGHT.muted}
_NOTE = "Blue: the signer's right hand; orange: the left."
_BODY_LINE, _HAND_LINE = 0.9, 1.2
_BODY_DOT, _DOT = 2.2, 1.0
# MediaPipe guesses the legs below the picture's edge, with a low confidence; a tile need not hold them.
_SURE = 0.5
_MARGIN = 0.06
_ASPECTS = 0.6, 1.3


class Cell(NamedTuple):
    """A rectangle of a page, measured from its upper left corner."""

    left: float
    top: float
    width: float
    height: float


class Tiles(Protocol):
    """Frames that can be drawn; `aspect` is the height of a tile over its width, `note` says what colours mean."""

    aspect: float
    note: str

    def draw(self, axes: Axes, frame: int, cell: Cell) -> None:
        """Draw a frame into a cell of axes whose y runs downwards."""
        ...


class PictureTiles:
    """Pictures as they are.

    Parameters
    ----------
    frames
        (T, 3, H, W) uint8 RGB.
    """

    def __init__(self, frames: NDArray[np.uint8]) -> None:
        self._frames = frames
        self.note = ""
        self.aspect = frames.shape[2] / frames.shape[3]

    def draw(self, axes: Axes, frame: int, cell: Cell) -> None:
        """See `Tiles`."""
        left, top, width, height = cell
        extent = left, left + width, top + height, top
        axes.imshow(self._frames[frame].transpose(1, 2, 0), extent=extent, aspect="auto", zorder=1)


class SkeletonTiles:
    """Landmarks joined by lines, body in grey and hands in colours, all frames in one scale.

    Parameters
    ----------
    pose
        A frame of it for each tile.
    """

    def __init__(self, pose: Pose) -> None:
        sure = pose.confidence >= _SURE
        points = pose.coordinates[sure if sure.any() else pose.seen][:, :2]
        low, high = (points.min(axis=0), points.max(axis=0)) if len(points) else (np.zeros(2), np.ones(2))
        self._middle, self._size = (low + high) / 2, np.maximum(high - low, 1e-6)
        self._pose = pose
        self.aspect = float(np.clip(self._size[1] / self._size[0], *_ASPECTS))
        self.note = _NOTE if {"left_hand", "right_hand"} & set(pose.skeleton.groups) else ""
        self._bones = _bones(pose)

    def draw(self, axes: Axes, frame: int, cell: Cell) -> None:
        """See `Tiles`."""
        left, top, width, height = cell
        ground = axes.add_patch(Rectangle((left, top), width, height, facecolor=_CANVAS, linewidth=0, zorder=1))
        centre = np.array([left + width / 2, top + height / 2])
        scale = min(np.array([width, height]) * (1 - 2 * _MARGIN) / self._size)
        points = (self._pose.coordinates[frame, :, :2] - self._middle) * scale + centre
        seen = self._pose.seen[frame]
        for group, bones in self._bones.items():
            there = bones[seen[bones].all(axis=1)] if len(bones) else bones
            line = _BODY_LINE if group == "body" else _HAND_LINE
            lines = LineCollection(
                list(points[there]), colors=_COLOURS[group], linewidths=line, capstyle="round", zorder=2
            )
            axes.add_collection(lines).set_clip_path(ground)
        for group, names in self._pose.skeleton.groups.items():
            own = np.array([self._pose.skeleton.index(name) for name in names])
            own = own[seen[own]]
            size = _BODY_DOT if group == "body" else _DOT
            (dots,) = axes.plot(
                *points[own].T, "o", color=_COLOURS[group], markersize=size, markeredgewidth=0, zorder=2
            )
            # Now, and not before: what is added to axes is clipped to them.
            dots.set_clip_path(ground)


def _bones(pose: Pose) -> dict[str, NDArray[np.int64]]:
    """(N, 2) places of the landmarks that each group's edges join; those between two groups are the body's."""
    skeleton = pose.skeleton
    owner = {name: group for group, names in skeleton.groups.items() for name in names}
    bones: dict[str, list[tuple[int, int]]] = {"body": [], **{group: [] for group in skeleton.groups}}
    for a, b in skeleton.edges:
        group = owner[a] if owner[a] == owner[b] else "body"
        bones[group].append((skeleton.index(a), skeleton.index(b)))
    return {group: np.array(pairs, np.int64).reshape(-1, 2) for group, pairs in bones.items()}
