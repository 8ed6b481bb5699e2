"""A body: its proportions, its places of articulation, and its landmarks by two-bone inverse kinematics.

Body space is in metres from the middle of the shoulders: x to the signer's left (the viewer's right), y down, z away
from the camera, so the signer's front is at negative z.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ishara.pose.skeleton import MEDIAPIPE_BODY

Array = NDArray[np.float64]
MIRROR = np.array([-1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Body:
    """Proportions of a person; lengths in metres, the rest are factors about 1."""

    shoulders: float = 0.37
    upper_arm: float = 0.29
    forearm: float = 0.255
    palm: float = 0.1
    palm_width: float = 1.0
    fingers: float = 1.0
    head: float = 1.0
    torso: float = 1.0
    legs: float = 1.0


# Head and trunk in shoulder widths of an average person, the signer's left side; midline points have x = 0.
_HEAD = {
    "nose": (0, -0.57, -0.30), "eye_inner": (0.06, -0.68, -0.25), "eye": (0.11, -0.68, -0.24),
    "eye_outer": (0.16, -0.68, -0.22), "ear": (0.20, -0.63, -0.03), "mouth": (0.08, -0.46, -0.25),
}  # fmt: skip
_TRUNK = {
    "hip": (0.31, 1.43, 0.02), "knee": (0.33, 2.60, 0.0), "ankle": (0.33, 3.65, 0.10),
    "heel": (0.33, 3.75, 0.16), "foot_index": (0.38, 3.82, -0.22),
}  # fmt: skip
_AVERAGE = Body()

# Where the dominant (right) hand can be, in shoulder widths; head places scale with the head.
PLACES: dict[str, tuple[float, float, float]] = {
    "temple": (-0.28, -0.74, -0.16),
    "cheek": (-0.24, -0.50, -0.36),
    "chin": (-0.02, -0.36, -0.38),
    "chest": (-0.12, 0.34, -0.36),
    "far shoulder": (0.34, 0.10, -0.32),
    "belly": (-0.08, 0.80, -0.38),
    "neutral": (-0.30, 0.62, -0.80),
    "high": (-0.52, -0.30, -0.66),
    "side": (-0.68, 0.36, -0.60),
    "middle": (-0.10, 0.65, -0.74),
}
_ON_HEAD = ("temple", "cheek", "chin")


def place(name: str, body: Body) -> Array:
    """(3,) a place of articulation on this body, for a right hand, in metres."""
    where = np.array(PLACES[name])
    if name in _ON_HEAD:
        return where * body.head * _AVERAGE.shoulders
    scale = np.array([body.shoulders, body.torso * _AVERAGE.shoulders, body.upper_arm / _AVERAGE.upper_arm * 0.37])
    return where * scale


def hand_frame(fingers: Array, palm: Array, *, left: bool) -> Array:
    """(T, 3, 3) frames, columns thumb side, fingers, palm, of a hand that faces the given directions (T, 3)."""
    fingers = fingers / np.linalg.norm(fingers, axis=-1, keepdims=True)
    palm = palm - (palm * fingers).sum(-1, keepdims=True) * fingers
    palm = palm / np.linalg.norm(palm, axis=-1, keepdims=True)
    thumb = np.cross(palm, fingers) if left else np.cross(fingers, palm)
    return np.stack([thumb, fingers, palm], axis=-1)


def arm(shoulder: Array, wrist: Array, body: Body, swivel: float, *, left: bool) -> tuple[Array, Array]:
    """Elbow and wrist (T, 3) of an arm that reaches for a wrist position.

    The elbow hangs outwards, down and back; `swivel` (radians) lifts it. A wrist out of reach, or too near for the
    joint, is moved along its line from the shoulder.
    """
    upper, fore = body.upper_arm, body.forearm
    reach = wrist - shoulder
    distance = np.linalg.norm(reach, axis=-1, keepdims=True)
    along = reach / distance
    distance = np.clip(distance, 0.36 * (upper + fore), 0.985 * (upper + fore))
    pole = np.array([-0.75 - 0.6 * np.sin(swivel), 0.8 * np.cos(swivel), 0.25])
    pole = pole * MIRROR if left else pole
    side = pole - (along @ pole)[:, None] * along
    side = side / np.linalg.norm(side, axis=-1, keepdims=True)
    foot = (upper**2 - fore**2 + distance**2) / (2 * distance)
    height = np.sqrt(np.maximum(upper**2 - foot**2, 0))
    return shoulder + foot * along + height * side, shoulder + distance * along


def shoulder(body: Body, *, left: bool) -> Array:
    """(3,) the shoulder joint."""
    return np.array([body.shoulders / 2 if left else -body.shoulders / 2, 0.0, 0.0])


def body_points(body: Body, arms: dict[str, tuple[Array, Array]], hands: dict[str, Array], nod: Array) -> Array:
    """(T, 33, 3) MediaPipe body landmarks.

    Parameters
    ----------
    arms
        Elbow and wrist (T, 3) of the ``left`` and ``right`` arm.
    hands
        (T, 21, 3) hand landmarks in body space, by side.
    nod
        (T, 3) how far the head has moved, in metres.
    """
    frames = len(nod)
    unit = _AVERAGE.shoulders
    points: dict[str, Array] = {"nose": np.array(_HEAD["nose"]) * unit * body.head + nod}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        flip = np.array([sign, 1.0, 1.0])
        for name, where in _HEAD.items():
            key = f"mouth_{side}" if name == "mouth" else f"{side}_{name}"
            points[key] = np.array(where) * unit * body.head * flip + nod
        trunk = np.array([body.shoulders, body.torso * unit, unit])
        hip = np.array(_TRUNK["hip"]) * trunk * flip
        points[f"{side}_hip"] = hip
        for name in ("knee", "ankle", "heel", "foot_index"):
            below = (np.array(_TRUNK[name]) - np.array(_TRUNK["hip"])) * unit * np.array([1, body.legs, 1])
            points[f"{side}_{name}"] = hip + below * flip
        points[f"{side}_shoulder"] = shoulder(body, left=side == "left")
        points[f"{side}_elbow"], points[f"{side}_wrist"] = arms[side]
        for finger, joint in (("thumb", 3), ("index", 5), ("pinky", 17)):
            points[f"{side}_{finger}"] = hands[side][:, joint]
    return np.stack([np.broadcast_to(points[name], (frames, 3)) for name in MEDIAPIPE_BODY], axis=1)
