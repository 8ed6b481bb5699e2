"""A camera and an imperfect landmark estimator: from points in space to the `Pose` that extraction would have given."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ishara.clips.corpora.synthetic.signer import Camera, Signer
from ishara.pose.pose import Pose
from ishara.pose.skeleton import HANDS, MEDIAPIPE_BODY, get_skeleton

Array = NDArray[np.float64]

IMAGE = (512, 512)
_BODY = len(MEDIAPIPE_BODY)
_HAND = 21
_HIPS = [MEDIAPIPE_BODY.index("left_hip"), MEDIAPIPE_BODY.index("right_hip")]
# A missed hand is mostly missed in the next frame too.
_STAYS_MISSED = 0.55


def project(points: Array, camera: Camera, shoulders: float) -> Array:
    """Perspective projection of points (T, K, 3) in body space.

    Returns
    -------
    ndarray
        (T, K, 3): x and y in pixels, and depth on the same scale from the middle of the shoulders, larger is farther.
    """
    turned = points @ rotation(*camera.turn).T
    scale = camera.shoulder_pixels / shoulders
    shrink = camera.distance / (camera.distance + turned[..., 2:])
    flat = turned[..., :2] * shrink * scale * [camera.stretch, 1] + camera.centre
    return np.concatenate([flat, turned[..., 2:] * scale], axis=-1)


def rotation(pitch: float, yaw: float, roll: float) -> Array:
    """(3, 3): about x, then about y, then about z."""
    (cx, cy, cz), (sx, sy, sz) = np.cos([pitch, yaw, roll]), np.sin([pitch, yaw, roll])
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)


def observe(points: Array, signer: Signer, r: np.random.Generator, fps: float) -> Pose:
    """What MediaPipe Holistic might have made of a performance.

    Depth is given as MediaPipe gives it: of the body from the middle of the hips, of each hand from its wrist. A hand
    that is missed has confidence 0, one that is found 1; the body's confidence falls for what lies outside the image.

    Parameters
    ----------
    points
        (T, 75, 3) from `perform`.
    signer
        Whose camera, jitter and blindness.
    r
        Noise.
    fps
        Frames per second.
    """
    image = project(points, signer.camera, signer.body.shoulders)
    found = [_found(image, _hand_slice(i), signer, r) for i in range(len(HANDS))]
    image[:, :_BODY, 2] -= image[:, _HIPS, 2].mean(axis=1, keepdims=True)
    for i in range(len(HANDS)):
        where = _hand_slice(i)
        image[:, where, 2] -= image[:, where.start, None, 2]
    noise = r.normal(0, signer.jitter, image.shape) * [1, 1, 2.5]
    image = image + _smooth(noise) + _hand_drift(r, len(image), signer.jitter)
    confidence = np.empty(image.shape[:2])
    inside = ((image[..., :2] >= 0) & (image[..., :2] < IMAGE)).all(-1)[:, :_BODY]
    wobble = r.uniform(0, 0.03, inside.shape)
    confidence[:, :_BODY] = np.where(inside, 0.999 - wobble, 0.02 + 4 * wobble)
    for i, frames in enumerate(found):
        confidence[:, _hand_slice(i)] = frames[:, None]
    return Pose(image.astype(np.float32), confidence.astype(np.float32), fps, get_skeleton("holistic"))


def _hand_slice(i: int) -> slice:
    return slice(_BODY + i * _HAND, _BODY + (i + 1) * _HAND)


def _smooth(noise: Array) -> Array:
    """Noise whose neighbouring frames agree in part, with the same variance."""
    later = np.concatenate([noise[:1], noise[:-1]])
    return (noise + 0.6 * later) / np.sqrt(1.36)


def _hand_drift(r: np.random.Generator, frames: int, jitter: float) -> Array:
    """(T, 75, 3) error of each hand as a whole: its region of interest wanders."""
    drift = np.zeros((frames, _BODY + len(HANDS) * _HAND, 3))
    for i in range(len(HANDS)):
        drift[:, _hand_slice(i)] = _smooth(r.normal(0, jitter, (frames, 1, 3)) * [1, 1, 0])
    return drift


def _found(image: Array, where: slice, signer: Signer, r: np.random.Generator) -> NDArray[np.bool_]:
    """(T,) frames in which a hand is detected: less often where it is fast, low or at the image's edge."""
    centre = image[:, where, :2].mean(axis=1)
    width = signer.camera.shoulder_pixels
    speed = np.linalg.norm(np.gradient(centre, axis=0), axis=-1) / width
    low = (centre[:, 1] - signer.camera.centre[1]) / width
    chance = 0.01 + 0.9 * np.clip(speed - 0.12, 0, 0.5) + 0.5 * np.clip(low - 0.95, 0, 0.8)
    chance = np.clip(chance * signer.blindness, 0, 0.9)
    outside = ~((centre >= 4) & (centre < np.array(IMAGE) - 4)).all(-1)
    luck = r.random(len(centre))
    found = np.empty(len(centre), bool)
    missed = False
    for t in range(len(centre)):
        missed = bool(outside[t] or luck[t] < max(chance[t], _STAYS_MISSED * missed))
        found[t] = not missed
    return found
