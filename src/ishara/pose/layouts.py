"""What the columns of a landmark array are: layouts by name, by width, or from a file's own landmark names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError, choices
from ishara.pose.face import POINTS
from ishara.pose.skeleton import (
    HANDS,
    KINECT_BODY,
    MEDIAPIPE_BODY,
    get_skeleton,
    hand_landmarks,
    is_landmark,
    list_skeletons,
)

_ASSUMED_FPS = 30.0
_SAMPLED = 32  # frames that are looked at to tell layouts of the same width apart
_LEFT, _RIGHT = (hand_landmarks(hand) for hand in HANDS)
_FACE = tuple(f"face.{i}" for i in range(POINTS))
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

    def fits(self, frames: NDArray[Any]) -> bool:
        """Whether frames (N, F) or (N, K, D) have these columns."""
        width = int(np.prod(frames.shape[1:]))
        return self.width == width and (frames.ndim == 2 or frames.shape[1] == len(self.landmarks))

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
_CHANNELS = ("xy", "xyz", "xyzv")


def named_layout(name: str) -> Layout:
    """A layout by name.

    A preset skeleton with the channels of each landmark in turn (``spoter54-xy``: 108 columns, x and y of the nose, x
    and y of the neck, …; ``xy``, ``xyz`` or ``xyzv``), or one of `LAYOUTS` (``wlasl50``, ``body-first``, …).

    Raises
    ------
    IsharaError
        If there is none of that name; the message lists them.
    """
    known = {layout.name: layout for layout in LAYOUTS}
    if name in known:
        return known[name]
    presets = {f"{preset}-{channels}": (preset, channels) for preset in list_skeletons() for channels in _CHANNELS}
    if name not in presets:
        raise IsharaError(f"cannot be read with the layout {name!r}. {choices(name, (*known, *presets))}")
    preset, channels = presets[name]
    return Layout(name, ((get_skeleton(preset).landmarks, channels),))


def layout_of(names: NDArray[Any] | None, frames: NDArray[Any], named: str | None) -> Layout:
    """The layout of an array's frames.

    Parameters
    ----------
    names
        The landmarks as the file names them, if it does.
    frames
        (N, F) or (N, K, D).
    named
        The name of the layout, if it was given.

    Raises
    ------
    IsharaError
        If the frames do not fit, or nothing says what they are. The message does not name the file: the caller does.
    """
    if named is None:
        return _by_width(frames) if names is None else _self_named(names, frames)
    if names is not None:
        raise IsharaError("names its own `landmarks`; leave out the layout.")
    layout = named_layout(named)
    if not layout.fits(frames):
        raise IsharaError(
            f"has frames of shape {frames.shape[1:]}; the layout {named} has {layout.width} columns, "
            f"{len(layout.landmarks)} landmarks."
        )
    return layout


def _self_named(names: NDArray[Any], frames: NDArray[Any]) -> Layout:
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
    fitting = [layout for layout in LAYOUTS if layout.fits(frames)]
    if fitting:
        sample = frames.reshape(len(frames), -1)[:: max(1, len(frames) // _SAMPLED)]
        return max(fitting, key=lambda layout: _body_over_face(layout, sample)) if len(fitting) > 1 else fitting[0]
    known = ", ".join(f"{layout.width} ({layout.name})" for layout in LAYOUTS)
    raise IsharaError(
        f"has frames of shape {frames.shape[1:]} and no `landmarks` names; widths that are known without: {known}. "
        "Name another layout with the option layout, such as layout=spoter54-xy."
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
