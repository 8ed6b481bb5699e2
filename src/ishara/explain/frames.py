"""The frames of an explanation for a web page: landmarks as whole numbers that a script draws, or pictures."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ishara.explain.explanation import SMALL, Explanation, SpaceTime
from ishara.extras import extra
from ishara.pose.pose import Pose

# Landmarks stand on a canvas whose larger side is this.
_CANVAS = 1000
_MARGIN = 0.06
# MediaPipe guesses the legs below the picture's edge, with a low confidence; the canvas need not hold them.
_SURE = 0.5
_SMALLEST = 1e-6
_QUALITY = 82


def player(explanation: Explanation) -> dict[str, Any]:
    """What the page's script draws: ``kind``, ``width``, ``height`` and the frames; see `_skeleton`, `_pictures`."""
    shown = explanation.shown
    if isinstance(shown, Pose):
        return _skeleton(shown)
    return {"kind": "none"} if shown is None else _pictures(shown, explanation.space)


def _skeleton(pose: Pose) -> dict[str, Any]:
    """``frames``: x and y of each landmark in a row, null where it was not seen; ``bones`` and ``dots`` by group."""
    sure = pose.confidence >= _SURE
    points = pose.coordinates[sure if sure.any() else pose.seen][:, :2]
    low, high = (points.min(axis=0), points.max(axis=0)) if len(points) else (np.zeros(2), np.ones(2))
    size = np.maximum(high - low, _SMALLEST)
    scale = _CANVAS * (1 - 2 * _MARGIN) / size.max()
    placed = np.rint((pose.coordinates[..., :2] - low) * scale + _MARGIN * _CANVAS)
    placed = np.clip(placed, -_CANVAS, 2 * _CANVAS).astype(int)
    width, height = np.rint(size * scale + 2 * _MARGIN * _CANVAS).astype(int).tolist()
    skeleton = pose.skeleton
    group = {name: part for part, names in skeleton.groups.items() for name in names}
    bones = [
        [skeleton.index(a), skeleton.index(b), group[a] if group[a] == group[b] else "body"] for a, b in skeleton.edges
    ]
    seen = pose.seen
    frames = [
        [None if not seen[t, k] else placed[t, k].tolist() for k in range(len(skeleton))] for t in range(len(pose))
    ]
    dots = [group[name] for name in skeleton.landmarks]
    return {"kind": "skeleton", "width": width, "height": height, "frames": frames, "bones": bones, "dots": dots}


def _pictures(frames: NDArray[np.uint8], space: SpaceTime | None) -> dict[str, Any]:
    """``frames``: JPEG as data URIs; ``heat``: by stretch, rows of cells from 0 to 1; ``segment``: of each frame."""
    side = frames.shape[-1]
    found: dict[str, Any] = {
        "kind": "pictures",
        "width": side,
        "height": side,
        "frames": [jpeg(frame.transpose(1, 2, 0)) for frame in frames],
    }
    if space is not None:
        needed = np.maximum(-space.effect, 0)
        found["heat"] = np.round(needed / max(float(needed.max()), SMALL), 3).tolist()
        found["segment"] = space.segment.tolist()
    return found


def jpeg(picture: NDArray[np.uint8]) -> str:
    """A picture (H, W, 3) as a data URI."""
    with extra("report", "Pages with pictures"):
        from PIL import Image
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(buffer, "JPEG", quality=_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
