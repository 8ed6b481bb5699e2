"""Landmark arrays: clips in a ``.npz`` file (or one in a ``.npy`` file), read by landmark name or by a named layout.

A file of many clips has ``frames`` (N, F) or (N, K, D), all clips one after another, and ``offsets`` (clips + 1), where
each starts. ``landmarks`` (K names) says what the columns are; without it the width must be that of a named layout.
Optional: ``confidence`` (N, K) in [0, 1] and ``fps``. A MediaPipe session of BdSLW60 is a file with ``landmarks``
(T, 1629) alone: face, body, left hand, right hand (or the body first: what is larger is the body).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.pose.pose import Pose
from ishara.pose.skeleton import (
    HANDS,
    KINECT_BODY,
    MEDIAPIPE_BODY,
    MEDIAPIPE_FACE_POINTS,
    Skeleton,
    hand_landmarks,
    is_landmark,
    skeleton_of,
)

ARRAY_SUFFIXES = (".npz", ".npy")

_ASSUMED_FPS = 30.0
_SAMPLED = 32  # frames that are looked at to tell layouts of the same width apart
_LEFT, _RIGHT = (hand_landmarks(hand) for hand in HANDS)
_FACE = tuple(f"face.{i}" for i in range(MEDIAPIPE_FACE_POINTS))
_WLASL50_BODY = tuple(MEDIAPIPE_BODY[i] for i in (0, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26))
# Kinect's hand joint is the middle of the palm: what its files call left_hand is left_palm in the skeleton.
_KINECT_NAMES = {name.replace("palm", "hand"): name for name in KINECT_BODY}


@dataclass(frozen=True)
class Layout:
    """What the columns of a landmark array are.

    Parameters
    ----------
    name
        What the layout is called in messages.
    parts
        Runs of landmarks with the channels that each has: ``xy``, ``xyz`` or ``xyzv`` (v: visibility).
    fps
        Frame rate where the file gives none.
    signs
        Factors that turn the file's axes into x to the viewer's right, y down, z away from the camera.
    """

    name: str
    parts: tuple[tuple[tuple[str, ...], str], ...]
    fps: float = _ASSUMED_FPS
    signs: tuple[int, int, int] = (1, 1, 1)

    @cached_property
    def landmarks(self) -> tuple[str, ...]:
        """All landmark names in the order of the columns."""
        return tuple(name for names, _ in self.parts for name in names)

    @property
    def width(self) -> int:
        """Columns of a frame."""
        return sum(len(names) * len(channels) for names, channels in self.parts)

    def decode(self, frames: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Coordinates (T, K, D) and confidence (T, K) of frames (T, width).

        NaN in all of a landmark's coordinates, or zeros all over a hand, mean that it was not seen. Visibility becomes
        confidence.
        """
        dims = len(self.parts[0][1].removesuffix("v"))
        points, visibility, column = [], [], 0
        for names, channels in self.parts:
            block = frames[:, column : column + len(names) * len(channels)].astype(np.float32)
            column += block.shape[1]
            block = block.reshape(len(frames), len(names), len(channels))
            points.append(block[..., :dims])
            visibility.append(block[..., -1] if channels.endswith("v") else np.ones(block.shape[:2], np.float32))
        coordinates = np.concatenate(points, axis=1)
        confidence = np.clip(np.concatenate(visibility, axis=1), 0, 1)
        confidence[np.isnan(coordinates).all(axis=-1)] = 0
        for hand in self._hands:
            confidence[np.ix_((coordinates[:, hand] == 0).all(axis=(1, 2)), hand)] = 0
        return coordinates * np.array(self.signs[:dims], np.float32), confidence

    @cached_property
    def _hands(self) -> list[list[int]]:
        hands = ([i for i, name in enumerate(self.landmarks) if name.startswith(hand + ".")] for hand in HANDS)
        return [hand for hand in hands if hand]


# Recognised by width. Frame rates are not in these files: 25 (WLASL's most frequent) and 30 (BdSLW60) are assumed.
LAYOUTS = (
    Layout("wlasl50", ((_WLASL50_BODY, "xyzv"), (_LEFT, "xyz"), (_RIGHT, "xyz")), fps=25.0),
    Layout("face-first", ((_FACE, "xyz"), (MEDIAPIPE_BODY, "xyz"), (_LEFT, "xyz"), (_RIGHT, "xyz"))),
    Layout("body-first", ((MEDIAPIPE_BODY, "xyz"), (_FACE, "xyz"), (_LEFT, "xyz"), (_RIGHT, "xyz"))),
    Layout("holistic", ((MEDIAPIPE_BODY, "xyz"), (_LEFT, "xyz"), (_RIGHT, "xyz"))),
    Layout("mediapipe-body", ((MEDIAPIPE_BODY, "xyz"),)),
    Layout("mediapipe-body-visibility", ((MEDIAPIPE_BODY, "xyzv"),)),
)


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


def load_array(path: Path) -> LandmarkArray:
    """Read a landmark array; files read lately are kept in memory until they change.

    Raises
    ------
    IsharaError
        If the file is damaged, not a landmark array, or of a layout that is not known. The message does not name the
        file: the caller does.
    """
    stat = path.stat()
    return _load(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4)
def _load(path: Path, _mtime: int, _size: int) -> LandmarkArray:
    return _interpret(_members(path))


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


def _interpret(members: dict[str, NDArray[Any]]) -> LandmarkArray:
    found = ", ".join(f"{key} {value.shape}" for key, value in members.items()) or "nothing"
    names = members.get("landmarks")
    session = "frames" not in members and names is not None and names.dtype.kind == "f"
    frames = members.get("landmarks" if session else "frames")
    if frames is None or frames.dtype.kind != "f" or frames.ndim not in (2, 3) or not len(frames):
        raise IsharaError(
            f"is not a landmark array: found {found}; expected `frames` (N, F) or (N, K, D) and `offsets`."
        )
    layout = _named(names, frames) if names is not None and not session else _by_width(frames)
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


def _named(names: NDArray[Any], frames: NDArray[Any]) -> Layout:
    """The layout that a file's own landmark names describe."""
    listed = tuple(str(name) for name in names.reshape(-1))
    width = int(np.prod(frames.shape[1:]))
    dims = width // max(len(listed), 1)
    if names.dtype.kind != "U" or dims not in (2, 3) or dims * len(listed) != width:
        raise IsharaError(
            f"has {len(listed)} landmark names for frames of shape {frames.shape[1:]}; expected (landmarks, 2 or 3)."
        )
    if set(listed) == set(_KINECT_NAMES):
        kinect = tuple(_KINECT_NAMES[name] for name in listed)
        return Layout("kinect20", ((kinect, "xyz"[:dims]),), signs=(-1, -1, 1))
    unknown = [name for name in listed if not is_landmark(name)]
    if unknown:
        raise IsharaError(
            f"has the unknown landmarks {', '.join(unknown[:5])}; expected Kinect's 20 joints, or names such as "
            "left_wrist and left_hand.thumb_tip."
        )
    return Layout("named", ((listed, "xyz"[:dims]),))


def _by_width(frames: NDArray[Any]) -> Layout:
    width = int(np.prod(frames.shape[1:]))
    flat = frames.ndim == 2
    fitting = [each for each in LAYOUTS if each.width == width and (flat or frames.shape[1] == len(each.landmarks))]
    if fitting:
        sample = frames.reshape(len(frames), -1)[:: max(1, len(frames) // _SAMPLED)]
        return max(fitting, key=lambda layout: _body_over_face(layout, sample)) if len(fitting) > 1 else fitting[0]
    known = ", ".join(f"{layout.width} ({layout.name})" for layout in LAYOUTS)
    raise IsharaError(
        f"has frames of shape {frames.shape[1:]} and no `landmarks` names; widths that are known without: {known}."
    )


def _body_over_face(layout: Layout, frames: NDArray[Any]) -> float:
    """How many times larger the body is than the face, in the middle frame: below 1 where the two are mistaken."""
    coordinates, _ = layout.decode(frames)
    places = {name: k for k, name in enumerate(layout.landmarks)}
    body, face = (
        np.ptp(coordinates[:, [places[name] for name in part], 1], axis=1) for part in (MEDIAPIPE_BODY, _FACE)
    )
    known = np.isfinite(body) & np.isfinite(face) & (face > 0)
    return float(np.median(body[known] / face[known])) if known.any() else 0.0
