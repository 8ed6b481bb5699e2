"""Changes of a clip's coordinates with given parameters: the whole body at once, an arm, or a hand.

Coordinates are (T, K, D) float32, D = 2 or 3, shoulder-centred in shoulder widths: x to the viewer's right, y down, z
away from the camera. Each function gives a new array and leaves its input alone. Landmarks that were not seen are
changed like the rest; their coordinates mean nothing, and `Pose` holds them at 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.pose.pose import Array
from ishara.pose.skeleton import Skeleton

# How far the camera stands from the signer, in shoulder widths: some two metres.
CAMERA_DISTANCE = 5.0
# A point never comes nearer to the camera than this share of the distance; it would grow without limit.
_NEAREST = 0.2

# The body's own landmarks of a hand, apart from the wrist, without the side: Kinect's, then MediaPipe Pose's.
_HAND_POINTS = ("palm", "pinky", "index", "thumb")


def rotate(coordinates: Array, degrees: float) -> Array:
    """Turn about the origin in the image plane; positive is clockwise on the screen. z stays."""
    return _linear(coordinates, _plane(degrees))


def shear(coordinates: Array, amount: float) -> Array:
    """Slant sideways: x grows by ``amount`` (the tangent of the angle) times y."""
    return _linear(coordinates, [[1, amount], [0, 1]])


def scale(coordinates: Array, factor: float) -> Array:
    """Multiply all coordinates by a factor."""
    return coordinates * np.float32(factor)


def shift(coordinates: Array, x: float, y: float) -> Array:
    """Move along x and y, in shoulder widths."""
    return coordinates + np.array([x, y, 0][: coordinates.shape[2]], np.float32)


def yaw(coordinates: Array, degrees: float) -> Array:
    """Turn 3-D bodies about the vertical through the origin; positive takes the viewer's right away from the camera.

    Raises
    ------
    IsharaError
        If the coordinates have two dimensions.
    """
    if coordinates.shape[2] != 3:
        raise IsharaError(
            f"augment.yaw turns 3-D bodies, but the clip has {coordinates.shape[2]} dimensions. Set pose.dimensions=3, "
            "or augment.yaw=0 (augment.perspective turns the camera about flat landmarks)."
        )
    sine, cosine = _sine_cosine(degrees)
    return _linear(coordinates, [[cosine, 0, -sine], [0, 1, 0], [sine, 0, cosine]])


def perspective(coordinates: Array, about_x: float, about_y: float, distance: float = CAMERA_DISTANCE) -> Array:
    """The landmarks as a camera turned about the signer sees them, in true perspective.

    The points stand in the plane of the image, or at their own z, before a camera at ``distance``. The camera is swung
    round the origin and the points are projected anew. This is a projective map (a homography of the plane, or of space
    where D = 3): lines stay lines, nearer things get larger, and 0 degrees change nothing. With R the turn and p a
    point, p' = R p / (1 + ((R p)_z - p_z) / distance).

    Parameters
    ----------
    coordinates
        (T, K, D).
    about_x, about_y
        Turns about the horizontal and the vertical axis, in degrees.
    distance
        From the camera to the origin, in shoulder widths, above 0.
    """
    sine_x, cosine_x = _sine_cosine(about_x)
    sine_y, cosine_y = _sine_cosine(about_y)
    turn_x = np.array([[1, 0, 0], [0, cosine_x, -sine_x], [0, sine_x, cosine_x]])
    turn_y = np.array([[cosine_y, 0, -sine_y], [0, 1, 0], [sine_y, 0, cosine_y]])
    dimensions = coordinates.shape[2]
    points = coordinates.reshape(-1, dimensions)
    turned = points @ (turn_y @ turn_x)[:, :dimensions].T.astype(np.float32)
    depth = turned[:, 2] - points[:, 2] if dimensions == 3 else turned[:, 2]
    nearness = np.maximum(1 + depth * np.float32(1 / distance), np.float32(_NEAREST))
    return (turned[:, :dimensions] / nearness[:, None]).reshape(coordinates.shape)


def arm_rotation(
    coordinates: Array,
    seen: NDArray[np.bool_],
    skeleton: Skeleton,
    side: str,
    shoulder: float,
    elbow: float,
    axis: float | None = None,
) -> Array:
    """Turn one arm at its joints; what hangs on a joint follows it, so bones keep their lengths.

    After Boháček & Hrúz (SPOTER, WACV-W 2022), who turn the arms of the body's skeleton in the same way.

    Parameters
    ----------
    coordinates, seen
        (T, K, D), and (T, K): where a landmark was seen. A joint is interpolated over the frames where it was not; one
        that never was, or that the skeleton lacks, is not turned.
    skeleton
        What the K landmarks are.
    side
        ``left`` or ``right``.
    shoulder, elbow
        Degrees by which upper arm, forearm and hand turn about the shoulder, and forearm and hand about the elbow.
    axis
        ``None`` turns in the image plane. Of 3-D clips it may be the direction, in degrees from x, of a line in that
        plane to turn about: out of the plane.
    """
    limb = _limb(skeleton, side)
    changed = coordinates.copy()
    # From the hand upwards, so that each joint is still where it was seen when it is turned about.
    for pivot, moving, degrees in ((limb.elbow, limb.forearm, elbow), (limb.shoulder, limb.arm, shoulder)):
        if degrees:
            _turn_about(changed, seen, pivot, moving, _turn(degrees, axis))
    return changed


def hand_rotation(
    coordinates: Array,
    seen: NDArray[np.bool_],
    skeleton: Skeleton,
    side: str,
    degrees: float,
    axis: float | None = None,
) -> Array:
    """Turn one hand about its wrist, by so many degrees; parameters as for `arm_rotation`.

    The wrist is the hand's own where the hand was seen with it, else the body's; neither moves.
    """
    limb = _limb(skeleton, side)
    changed = coordinates.copy()
    if degrees:
        _turn_about(changed, seen, limb.wrists, limb.hand, _turn(degrees, axis))
    return changed


def arm_length(
    coordinates: Array, seen: NDArray[np.bool_], skeleton: Skeleton, side: str, upper: float, fore: float
) -> Array:
    """Make one arm's bones longer or shorter without turning them; the hand keeps its size and follows the wrist.

    Parameters
    ----------
    coordinates, seen, skeleton, side
        As for `arm_rotation`.
    upper, fore
        Factors of the upper arm's and the forearm's length.
    """
    limb = _limb(skeleton, side)
    changed = coordinates.copy()
    for joint, end, moving, factor in (
        (limb.shoulder, limb.elbow, limb.arm, upper),
        (limb.elbow, limb.wrists[::-1], limb.forearm, fore),
    ):
        near, far = _first_seen(seen, joint), _first_seen(seen, end)
        if factor != 1 and near is not None and far is not None:
            bone = _track(coordinates[:, far], seen[:, far]) - _track(coordinates[:, near], seen[:, near])
            changed[:, moving] += np.float32(factor - 1) * bone[:, None]
    return changed


@dataclass(frozen=True)
class _Limb:
    """Columns of one arm: its joints (in order of preference, perhaps none) and what moves with each."""

    shoulder: tuple[int, ...]
    elbow: tuple[int, ...]
    wrists: tuple[int, ...]
    arm: NDArray[np.intp]
    forearm: NDArray[np.intp]
    hand: NDArray[np.intp]


@lru_cache(maxsize=64)
def _limb(skeleton: Skeleton, side: str) -> _Limb:
    def columns(*names: str) -> tuple[int, ...]:
        return tuple(skeleton.index(name) for name in names if name in skeleton)

    own = skeleton.groups.get(f"{side}_hand", ())
    elbow, wrists = columns(f"{side}_elbow"), columns(f"{side}_hand.wrist", f"{side}_wrist")
    hand = columns(*(f"{side}_{point}" for point in _HAND_POINTS), *own)
    forearm = (*columns(f"{side}_wrist"), *hand)
    return _Limb(
        shoulder=columns(f"{side}_shoulder"),
        elbow=elbow,
        wrists=wrists,
        arm=np.array((*elbow, *forearm), np.intp),
        forearm=np.array(forearm, np.intp),
        hand=np.array([k for k in hand if k not in wrists], np.intp),
    )


def _turn_about(
    coordinates: Array,
    seen: NDArray[np.bool_],
    pivots: Sequence[int],
    moving: NDArray[np.intp],
    turn: Sequence[Sequence[float]],
) -> None:
    """Turn some columns, in place, about the first pivot that was seen at all, in the dimensions of `turn`."""
    pivot = _first_seen(seen, pivots)
    if pivot is None or not len(moving):
        return
    d = len(turn)
    if d > coordinates.shape[2]:
        raise IsharaError(
            f"augment.arm_tilt and hand_tilt turn 3-D joints, but the clip has {coordinates.shape[2]} dimensions. Set "
            "pose.dimensions=3, or turn them in the image plane (augment.arm_rotation, augment.hand_rotation)."
        )
    centre = _track(coordinates[:, pivot, :d], seen[:, pivot])[:, None]
    coordinates[:, moving, :d] = _linear(coordinates[:, moving, :d] - centre, turn) + centre


def _first_seen(seen: NDArray[np.bool_], columns: Sequence[int]) -> int | None:
    return next((k for k in columns if seen[:, k].any()), None)


def _track(path: Array, seen: NDArray[np.bool_]) -> Array:
    """(T, D): a joint's path, interpolated where it was not seen and held at the ends."""
    if seen.all():
        return path
    time = np.arange(len(path))
    columns = [np.interp(time, time[seen], path[seen, axis]) for axis in range(path.shape[1])]
    return np.stack(columns, axis=1).astype(np.float32)


def _turn(degrees: float, axis: float | None) -> list[list[float]]:
    """In the image plane, or out of it about a line in it that lies in a direction."""
    if axis is None:
        return _plane(degrees)
    (sine, cosine), (y, x) = _sine_cosine(degrees), _sine_cosine(axis)
    rest = 1 - cosine
    return [
        [cosine + x * x * rest, x * y * rest, y * sine],
        [x * y * rest, cosine + y * y * rest, -x * sine],
        [-y * sine, x * sine, cosine],
    ]


def _plane(degrees: float) -> list[list[float]]:
    sine, cosine = _sine_cosine(degrees)
    return [[cosine, -sine], [sine, cosine]]


def _sine_cosine(degrees: float) -> tuple[float, float]:
    angle = math.radians(degrees)
    return math.sin(angle), math.cos(angle)


def _linear(coordinates: Array, matrix: Sequence[Sequence[float]]) -> Array:
    """Apply a square matrix to the leading dimensions of each point; further dimensions stay."""
    dimensions = coordinates.shape[2]
    full = np.eye(dimensions, dtype=np.float32)
    full[: len(matrix), : len(matrix)] = matrix
    return (coordinates.reshape(-1, dimensions) @ full.T).reshape(coordinates.shape)
