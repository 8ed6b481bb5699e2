"""What is drawn of a hand: the bones between its landmarks, how thick they are, and which side of it is seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ishara.pose.skeleton import get_skeleton, hand_landmarks

Array = NDArray[np.float64]

_SKELETON = get_skeleton("holistic")
LEFT, RIGHT = (
    np.array([_SKELETON.index(name) for name in hand_landmarks(f"{side}_hand")]) for side in ("left", "right")
)

_KNUCKLES = (5, 9, 13, 17)
# Radii in palm lengths of the three bones from each knuckle, and of the thumb's.
_THUMB = ((0.14, 0.125), (0.125, 0.11), (0.11, 0.09))
_FINGER = ((0.108, 0.1), (0.1, 0.092), (0.092, 0.08))
_PALM, _BALL, _RIDGE = (0.17, 0.13), (0.17, 0.15), (0.125, 0.12)


def hand_bones(points: Array, palm: float) -> tuple[list[tuple[Array, Array]], list[tuple[float, float]]]:
    """The bones of a hand.

    Parameters
    ----------
    points
        (T, 21, 3) landmarks in metres.
    palm
        Wrist to middle knuckle, in metres.

    Returns
    -------
    ends, radii
        Of each bone its two points (T, 3), and its two radii in metres.
    """
    wrist, middle = points[:, 0], points[:, list(_KNUCKLES)].mean(axis=1)
    ends: list[tuple[Array, Array]] = []
    radii: list[tuple[float, float]] = []
    for knuckle in _KNUCKLES:
        ends.append((wrist + 0.3 * (points[:, knuckle] - middle), points[:, knuckle]))
        radii.append(_PALM)
    ends += [(wrist, points[:, 1]), (points[:, 1], points[:, 5]), (points[:, 5], points[:, 17])]
    radii += [_BALL, _PALM, _RIDGE]
    for first, bones in ((1, _THUMB), *((knuckle, _FINGER) for knuckle in _KNUCKLES)):
        ends += [(points[:, first + i], points[:, first + i + 1]) for i in range(3)]
        radii += bones
    return ends, [(a * palm, b * palm) for a, b in radii]


def palm_facing(points: Array, *, left: bool) -> Array:
    """(T,) how far a hand (T, 21, 3) shows the viewer its palm: 0 for the back, 1 for the palm, 0.5 edge-on."""
    index, pinky = points[:, 5] - points[:, 0], points[:, 17] - points[:, 0]
    normal = np.cross(index, pinky) * (-1 if left else 1)
    towards = -normal[:, 2] / np.linalg.norm(normal, axis=-1)
    return np.asarray(np.clip(0.5 + 1.2 * towards, 0, 1))
