"""Landmark arrays: clips in a ``.npz`` file (or one in a ``.npy`` file), read by landmark name or by a named layout.

A file of many clips has ``frames`` (N, F) or (N, K, D), all clips one after another, and ``offsets`` (clips + 1), where
each starts. ``landmarks`` (K names) says what the columns are; without it the width must be that of a known layout, or
the address names one: ``file.npz?layout=spoter54-xy#7`` (see `ishara.pose.layouts.named_layout`). Optional:
``confidence`` (N, K) in [0, 1] and ``fps``. A MediaPipe session of BdSLW60 is a file with ``landmarks`` (T, 1629)
alone: face, body, left hand, right hand (or the body first: what is larger is the body).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.pose.layouts import Layout, layout_of
from ishara.pose.pose import Pose
from ishara.pose.skeleton import Skeleton, skeleton_of


@dataclass(frozen=True, eq=False)
class LandmarkArray:
    """The clips of one file.

    Parameters
    ----------
    layout
        What the columns of `frames` are.
    frames
        (N, width): the frames of all clips, one after another.
    offsets
        (clips + 1,): clip ``i`` is ``frames[offsets[i]:offsets[i + 1]]``.
    confidence
        (N, K) in [0, 1], or ``None`` where the file has none of its own.
    columns
        The file's further arrays with one value per clip, such as ``gloss`` and ``signer``.
    """

    layout: Layout
    frames: NDArray[Any]
    offsets: NDArray[np.int64]
    confidence: NDArray[np.float32] | None
    columns: dict[str, NDArray[Any]]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def skeleton(self) -> Skeleton:
        """What the landmarks are."""
        return skeleton_of(self.layout.landmarks, otherwise=self.layout.name)

    def pose(self, i: int) -> Pose:
        """Clip ``i``, counted from 0; `IsharaError` if there is no such clip or its values are not usable."""
        if not 0 <= i < len(self):
            raise IsharaError(f"there is no clip #{i}; the file has {len(self)}, #0 to #{len(self) - 1}.")
        stretch = slice(int(self.offsets[i]), int(self.offsets[i + 1]))
        coordinates, confidence = self.layout.decode(self.frames[stretch])
        if self.confidence is not None:
            confidence = confidence * np.clip(self.confidence[stretch], 0, 1)
        return Pose(coordinates, confidence, self.layout.fps, self.skeleton)


def load_array(path: Path, layout: str | None = None) -> LandmarkArray:
    """Read a landmark array; files read lately are kept in memory until they change.

    Parameters
    ----------
    path
        The file.
    layout
        Name of the layout, where the file does not name its landmarks and the width does not tell.

    Raises
    ------
    IsharaError
        If the file is damaged, not a landmark array, or of another layout than the one named or those known. The
        message does not name the file: the caller does.
    """
    stat = path.stat()
    return _load(path, stat.st_mtime_ns, stat.st_size, layout)


@lru_cache(maxsize=4)
def _load(path: Path, _mtime: int, _size: int, layout: str | None) -> LandmarkArray:
    return _interpret(_members(path), layout)


def _members(path: Path) -> dict[str, NDArray[Any]]:
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"landmarks": loaded}
        with loaded:
            return {key: np.asarray(loaded[key]) for key in loaded.files}
    except Exception as error:  # noqa: BLE001 - whatever a decoder of foreign bytes stumbles over, the file is what is wrong
        reason = " ".join(str(error).split()) or type(error).__name__
        raise IsharaError(f"is damaged or not a NumPy array file ({reason}); expected .npz or .npy.") from None


def _interpret(members: Mapping[str, NDArray[Any]], named: str | None) -> LandmarkArray:
    found = ", ".join(f"{key} {value.shape}" for key, value in members.items()) or "nothing"
    names = members.get("landmarks")
    session = "frames" not in members and names is not None and names.dtype.kind == "f"
    frames = members.get("landmarks" if session else "frames")
    if frames is None or frames.dtype.kind != "f" or frames.ndim not in (2, 3) or not len(frames):
        raise IsharaError(
            f"is not a landmark array: found {found}; expected `frames` (N, F) or (N, K, D) and `offsets`."
        )
    layout = layout_of(None if session else names, frames, named)
    if "fps" in members:
        layout = replace(layout, fps=_number(members["fps"]))
    offsets = np.array([0, len(frames)]) if session else _offsets(members.get("offsets"), len(frames))
    confidence = members.get("confidence")
    if confidence is not None and (
        confidence.shape != (len(frames), len(layout.landmarks)) or confidence.dtype.kind != "f"
    ):
        raise IsharaError(
            f"has confidence of shape {confidence.shape}; expected {(len(frames), len(layout.landmarks))}."
        )
    clips = len(offsets) - 1
    own = ("frames", "offsets", "landmarks", "confidence", "fps")
    columns = {key: value for key, value in members.items() if key not in own and value.shape == (clips,)}
    return LandmarkArray(layout, frames.reshape(len(frames), -1), offsets, confidence, columns)


def _number(value: NDArray[Any]) -> float:
    if value.size != 1 or value.dtype.kind not in "fiu":
        raise IsharaError(f"has `fps` of shape {value.shape} and type {value.dtype}; expected one number.")
    return float(value.reshape(-1)[0])


def _offsets(offsets: NDArray[Any] | None, frames: int) -> NDArray[np.int64]:
    if offsets is None:
        raise IsharaError("has no `offsets`; expected where each clip starts in `frames`, and the end of the last.")
    right = offsets.ndim == 1 and len(offsets) > 1 and offsets.dtype.kind in "iu"
    if not right or offsets[0] != 0 or offsets[-1] != frames or (np.diff(offsets.astype(np.int64)) < 0).any():
        raise IsharaError(
            f"has `offsets` that do not part its {frames} frames: expected rising integers from 0 to {frames}."
        )
    return offsets.astype(np.int64)
