"""Random changes of training clips: draws the parameters of each change that a recipe asks for and composes them.

A pure function of the clip, the options and the generator: nothing passes from one clip to the next. Changes of the
coordinates with given parameters are in `ishara.pose.geometry`.
"""

from __future__ import annotations

import numpy as np

from ishara.errors import IsharaError
from ishara.pose import geometry
from ishara.pose.pose import Array, Pose
from ishara.pose.skeleton import HANDS, Skeleton
from ishara.recipe import Augment


def augment(pose: Pose, options: Augment, rng: np.random.Generator) -> Pose:
    """A randomly changed clip.

    Parameters
    ----------
    pose
        Normalised: shoulder-centred in shoulder widths. It is not modified.
    options
        What changes, and how much.
    rng
        The only source of randomness; the same state gives the same clip.

    Returns
    -------
    Pose
        At the same frame rate; with fewer or more frames after a time warp or frame dropout. The clip itself where
        nothing changes.

    Raises
    ------
    IsharaError
        If `options.yaw` is set and the clip has two dimensions.
    """
    if options.mirror and rng.random() < options.mirror:
        pose = pose.mirrored()
    if options.time_warp != (1, 1):
        pose = time_warp(pose, rng.uniform(*options.time_warp))
    if options.frame_dropout:
        pose = frame_dropout(pose, options.frame_dropout, rng)
    coordinates = _change_limbs(pose, options, rng)
    coordinates = _move_camera(coordinates, options, rng)
    if options.noise:
        coordinates = noise(coordinates, options.noise, rng)
    if options.hand_noise:
        coordinates = hand_noise(coordinates, pose.skeleton, options.hand_noise, rng)
    confidence = pose.confidence
    if options.landmark_dropout:
        confidence = landmark_dropout(confidence, options.landmark_dropout, rng)
    if options.hand_dropout:
        confidence = hand_dropout(confidence, pose.skeleton, options.hand_dropout, rng)
    if coordinates is pose.coordinates and confidence is pose.confidence:
        return pose
    return pose.replace(coordinates, confidence)


def _change_limbs(pose: Pose, options: Augment, rng: np.random.Generator) -> Array:
    coordinates = pose.coordinates
    upper, fore = rng.uniform(*options.arm_length, 2) if options.arm_length != (1, 1) else (1.0, 1.0)
    for side in ("left", "right"):
        if options.arm_length != (1, 1):
            coordinates = geometry.arm_length(coordinates, pose.seen, pose.skeleton, side, upper, fore)
        if options.arm_rotation:
            shoulder, elbow = _between(options.arm_rotation, rng), _between(options.arm_rotation, rng)
            coordinates = geometry.arm_rotation(coordinates, pose.seen, pose.skeleton, side, shoulder, elbow)
        if options.hand_rotation:
            degrees = _between(options.hand_rotation, rng)
            coordinates = geometry.hand_rotation(coordinates, pose.seen, pose.skeleton, side, degrees)
        coordinates = _tilt(coordinates, pose, side, options, rng)
    return coordinates


def _tilt(coordinates: Array, pose: Pose, side: str, options: Augment, rng: np.random.Generator) -> Array:
    """Turn the joints of one arm out of the image plane."""
    if options.arm_tilt:
        shoulder, elbow = _between(options.arm_tilt, rng), _between(options.arm_tilt, rng)
        axis = rng.uniform(0, 180)
        coordinates = geometry.arm_rotation(coordinates, pose.seen, pose.skeleton, side, shoulder, elbow, axis)
    if options.hand_tilt:
        degrees, axis = _between(options.hand_tilt, rng), rng.uniform(0, 180)
        coordinates = geometry.hand_rotation(coordinates, pose.seen, pose.skeleton, side, degrees, axis)
    return coordinates


def _move_camera(coordinates: Array, options: Augment, rng: np.random.Generator) -> Array:
    if options.yaw:
        coordinates = geometry.yaw(coordinates, _between(options.yaw, rng))
    if options.perspective:
        about_x, about_y = _between(options.perspective, rng), _between(options.perspective, rng)
        coordinates = geometry.perspective(coordinates, about_x, about_y)
    if options.rotation:
        coordinates = geometry.rotate(coordinates, _between(options.rotation, rng))
    if options.shear:
        coordinates = geometry.shear(coordinates, _between(options.shear, rng))
    if options.scale != (1, 1):
        coordinates = geometry.scale(coordinates, rng.uniform(*options.scale))
    if options.shift:
        coordinates = geometry.shift(coordinates, _between(options.shift, rng), _between(options.shift, rng))
    return coordinates


def _between(limit: float, rng: np.random.Generator) -> float:
    return rng.uniform(-limit, limit)


def time_warp(pose: Pose, speed: float) -> Pose:
    """The clip signed `speed` times as fast, at the same frame rate; at least two frames unless the clip has one.

    Raises
    ------
    IsharaError
        If the speed is not above 0.
    """
    if not speed > 0:
        raise IsharaError(f"A clip cannot be played at {speed} times its speed; expected a factor above 0.")
    frames = max(round(len(pose) / speed), min(2, len(pose)))
    return pose if frames == len(pose) else pose.sampled(np.linspace(0, len(pose) - 1, frames))


def frame_dropout(pose: Pose, chance: float, rng: np.random.Generator) -> Pose:
    """Each frame is lost with this chance; one is always left."""
    kept = rng.random(len(pose)) >= chance
    if not kept.any():
        kept[rng.integers(len(pose))] = True
    return pose if kept.all() else pose.frames(kept)


def landmark_dropout(confidence: Array, chance: float, rng: np.random.Generator) -> Array:
    """Each landmark is lost for the whole clip with this chance; of those that were seen, one is always left.

    Takes and gives confidence (T, K).
    """
    lost = rng.random(confidence.shape[1]) < chance
    seen = np.flatnonzero(confidence.any(axis=0))
    if len(seen) and lost[seen].all():
        lost[rng.choice(seen)] = False
    return np.where(lost, np.float32(0), confidence)


def hand_dropout(confidence: Array, skeleton: Skeleton, chance: float, rng: np.random.Generator) -> Array:
    """Each hand's landmarks are lost, with this chance, for one stretch of at most half the clip.

    Takes and gives confidence (T, K). A hand without landmarks of its own is skipped.
    """
    changed = confidence.copy()
    longest = len(confidence) // 2
    for hand in HANDS:
        if hand in skeleton.groups and longest and rng.random() < chance:
            length = rng.integers(1, longest + 1)
            start = rng.integers(0, len(confidence) - length + 1)
            changed[start : start + length, _columns(skeleton, hand)] = 0
    return changed


def noise(coordinates: Array, deviation: float, rng: np.random.Generator) -> Array:
    """Gaussian jitter, independent in each frame, landmark and dimension, on coordinates (T, K, D)."""
    return coordinates + rng.standard_normal(coordinates.shape, np.float32) * np.float32(deviation)


def hand_noise(coordinates: Array, skeleton: Skeleton, deviation: float, rng: np.random.Generator) -> Array:
    """`noise` on the landmarks of the groups ``left_hand`` and ``right_hand`` alone, those that the skeleton has."""
    columns = [k for hand in HANDS for k in _columns(skeleton, hand)]
    changed = coordinates.copy()
    if columns:
        changed[:, columns] = noise(changed[:, columns], deviation, rng)
    return changed


def _columns(skeleton: Skeleton, group: str) -> list[int]:
    return [skeleton.index(name) for name in skeleton.groups.get(group, ())]
