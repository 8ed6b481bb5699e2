"""A hand: named shapes as joint angles, and the 21 landmarks that follow from them by forward kinematics.

Points lie in the hand's own frame: first axis to the thumb's side, second along the fingers, third out of the palm. The
same points serve both hands; what makes one left is the frame that they are put in (`body.hand_frame`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Per finger (index, middle, ring, pinky): flexion of the three joints, spread towards the thumb; then the thumb: angle
# from the fingers in the palm's plane, lift out of it, bend of its two joints. All in degrees.
_STRAIGHT, _CURLED, _LOOSE = (4.0, 5.0, 3.0), (84.0, 98.0, 60.0), (28.0, 36.0, 20.0)
_THUMB_OUT, _THUMB_SIDE, _THUMB_OVER = (58.0, 8.0, 2.0, 2.0), (20.0, 12.0, 8.0, 8.0), (34.0, 48.0, 45.0, 45.0)
_TOGETHER, _APART = (2.0, 0.0, -2.0, -4.0), (15.0, 3.0, -9.0, -21.0)


def _shape(fingers: tuple[tuple[float, ...], ...], spread: tuple[float, ...], thumb: tuple[float, ...]) -> Array:
    bends = np.column_stack([np.array(fingers), np.array(spread)])
    return np.concatenate([bends.ravel(), thumb])


def _only(straight: str, spread: tuple[float, ...] = _TOGETHER, thumb: tuple[float, ...] = _THUMB_OVER) -> Array:
    """A fist with the named fingers (i, m, r, p) held straight."""
    return _shape(tuple(_STRAIGHT if finger in straight else _CURLED for finger in "imrp"), spread, thumb)


HANDSHAPES: dict[str, Array] = {
    "relaxed": _shape((_LOOSE,) * 4, _TOGETHER, (26.0, 24.0, 14.0, 14.0)),
    "flat": _only("imrp", thumb=_THUMB_SIDE),
    "spread": _only("imrp", _APART, _THUMB_OUT),
    "fist": _only(""),
    "thumb": _only("", thumb=(62.0, 0.0, -4.0, -6.0)),
    "index": _only("i"),
    "two": _only("im", (0.0, 0.0, 0.0, 0.0)),
    "vee": _only("im", (13.0, -11.0, 0.0, 0.0)),
    "three": _only("im", (13.0, -11.0, 0.0, 0.0), _THUMB_OUT),
    "pinky": _only("p"),
    "horns": _only("p", (0.0, 0.0, 0.0, -16.0), _THUMB_OUT),
    "ell": _only("i", thumb=(72.0, 0.0, 0.0, 0.0)),
    "bent": _shape(((78.0, 8.0, 5.0),) * 4, _TOGETHER, _THUMB_SIDE),
    "claw": _shape(((22.0, 58.0, 40.0),) * 4, _APART, (52.0, 22.0, 18.0, 30.0)),
    "ring": _shape(((60.0, 52.0, 34.0),) * 4, _TOGETHER, (36.0, 50.0, 6.0, 14.0)),
    "hook": _shape(((20.0, 80.0, 50.0), _CURLED, _CURLED, _CURLED), _TOGETHER, _THUMB_OVER),
}

# In palm lengths (wrist to middle knuckle): where each finger starts, and its three bones; then the thumb's.
_KNUCKLES = np.array([[0.26, 0.95, 0.0], [0.03, 1.0, 0.02], [-0.18, 0.93, 0.01], [-0.37, 0.82, -0.02]])
_BONES = np.array([[0.46, 0.28, 0.22], [0.52, 0.32, 0.23], [0.48, 0.30, 0.23], [0.37, 0.21, 0.20]])
_THUMB_BASE, _THUMB_BONES = np.array([0.22, 0.20, 0.06]), (0.44, 0.34, 0.27)
# Towards what the thumb bends: across the palm.
_ACROSS = np.array([-0.85, 0.1, 0.5])


def hand_points(angles: Array, *, length: float = 1.0, fingers: float = 1.0, width: float = 1.0) -> Array:
    """Landmarks of one hand in its own frame.

    Parameters
    ----------
    angles
        (T, 20) joint angles in degrees, laid out as in `HANDSHAPES`. Fingers are kept from bending backwards.
    length
        Wrist to middle knuckle, in any unit.
    fingers, width
        Factors on finger length and palm width.

    Returns
    -------
    ndarray
        (T, 21, 3) in MediaPipe's order, the wrist at the origin.
    """
    frames = len(angles)
    points = np.zeros((frames, 21, 3))
    bends = angles[:, :16].reshape(frames, 4, 4)
    flexion = np.cumsum(np.radians(np.clip(bends[..., :3], -8, 112)), axis=-1)
    spread = np.radians(bends[..., 3])
    ahead = np.stack([np.sin(spread), np.cos(spread), np.zeros_like(spread)], axis=-1)
    directions = np.cos(flexion)[..., None] * ahead[:, :, None]
    directions[..., 2] += np.sin(flexion)
    start = _KNUCKLES * [width, 1, 1]
    chains = start[:, None] + np.cumsum(directions * (_BONES * fingers)[..., None], axis=2)
    four = np.concatenate([np.broadcast_to(start[:, None], (frames, 4, 1, 3)), chains], axis=2)
    points[:, 5:] = four.reshape(frames, 16, 3)
    points[:, 1:5] = _thumb(np.radians(angles[:, 16:]), fingers, width)
    return points * length


def _thumb(angles: Array, fingers: float, width: float) -> Array:
    """(T, 4, 3) thumb landmarks from (T, 4) angles in radians."""
    across, lift, first, second = angles.T
    ahead = np.stack([np.sin(across) * np.cos(lift), np.cos(across) * np.cos(lift), np.sin(lift)], axis=-1)
    bend_to = _ACROSS - (ahead @ _ACROSS)[:, None] * ahead
    bend_to /= np.linalg.norm(bend_to, axis=-1, keepdims=True)
    point = np.broadcast_to(_THUMB_BASE * [width, 1, 1], (len(angles), 3))
    chain = [point]
    for bone, bend in zip(_THUMB_BONES, (np.zeros_like(first), first, first + second), strict=True):
        point = point + bone * fingers * (np.cos(bend)[:, None] * ahead + np.sin(bend)[:, None] * bend_to)
        chain.append(point)
    return np.stack(chain, axis=1)
