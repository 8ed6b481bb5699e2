"""What a model sees of a prepared clip: features addressed by landmark name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ishara.pose.bones import (
    Bone,
    bends,
    bone_vectors,
    bones_of,
    distances,
    from_wrist,
    joints_of,
    palm_length,
    reaches,
    reaches_of,
    spans_of,
)
from ishara.pose.pose import Array, Pose, columns_of
from ishara.pose.skeleton import HANDS, Skeleton
from ishara.recipe import Features

_AXES = "xyz"
# SPOTER's box is six shoulder widths wide and high, and begins half a width above the eyes.
_BOX = 6.0
_ABOVE_EYES = 0.5
# Where the eyes were not seen: they lie about this far above the nose, in shoulder widths, or this far above the neck.
_EYES_ABOVE_NOSE = 0.12
_EYES_ABOVE_NECK = 0.75
# The BdSL-SPOTER notebook: Bengali signs use 85 % of the signing space's width.
_BENGALI_WIDTH = 0.85


@dataclass(frozen=True)
class FeatureLayout:
    """What each of a model's F inputs is.

    Parameters
    ----------
    names
        F names such as ``left_wrist.x``, ``right_hand.index_tip.local.y`` or ``left_hand.presence``.
    landmarks
        K names: the skeleton's landmarks, in order.
    landmark_of
        F positions in `landmarks`: which landmark each feature is of; -1 for one that is of a whole group.
    """

    names: tuple[str, ...]
    landmarks: tuple[str, ...]
    landmark_of: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.names)


def feature_layout(skeleton: Skeleton, options: Features, dimensions: int) -> FeatureLayout:
    """The names of the features that `extract_features` gives, in its order."""
    names: list[str] = []
    owners: list[int] = []

    def add(landmarks: tuple[str, ...], kind: str) -> None:
        for landmark in landmarks:
            for axis in _AXES[:dimensions]:
                names.append(f"{landmark}{kind}.{axis}")
                owners.append(skeleton.index(landmark))

    if options.positions:
        add(skeleton.landmarks, "")
    if options.hand_local:
        for hand in HANDS:
            add(skeleton.groups.get(hand, ()), ".local")
    if options.bones:
        add(tuple(bone.end for bone in bones_of(skeleton)), ".bone")
    if options.angles:
        joints = [joint.end for joint in joints_of(skeleton)]
        names += [f"{landmark}.bend" for landmark in joints]
        owners += [skeleton.index(landmark) for landmark in joints]
    for pair in _pairs(skeleton, options):
        # Without the hand's name, so that both hands have the same.
        names.append(f"{pair.start}.from.{pair.end.partition('.')[2] or pair.end}")
        owners.append(skeleton.index(pair.start))
    if options.velocities:
        add(skeleton.landmarks, ".velocity")
    if options.presence:
        names += [f"{group}.presence" for group in skeleton.groups]
        owners += [-1] * len(skeleton.groups)
    return FeatureLayout(tuple(names), skeleton.landmarks, tuple(owners))


def _pairs(skeleton: Skeleton, options: Features) -> list[Bone]:
    """The pairs of landmarks whose distance is a feature."""
    return [
        *(spans_of(skeleton) if options.distances else ()),
        *(reaches_of(skeleton) if options.reaches else ()),
    ]


def extract_features(pose: Pose, options: Features) -> Array:
    """The features of one prepared clip.

    Parameters
    ----------
    pose
        From `ishara.pose.prepare`: shoulder widths from the neck.
    options
        The recipe's `features` section.

    Returns
    -------
    (T, F) float32
        In the order of `feature_layout`. What was not seen is 0; `presence` tells it from a landmark at the origin.
    """
    frames = len(pose)
    parts = []
    if options.positions:
        parts.append(_place(pose, options.space).reshape(frames, -1))
    if options.hand_local:
        parts += [_hand_local(pose, hand) for hand in HANDS if hand in pose.skeleton.groups]
    if options.bones:
        parts.append(bone_vectors(pose, _palms(pose)).reshape(frames, -1))
    if options.angles:
        parts.append(bends(pose))
    if options.distances:
        parts.append(distances(pose, _palms(pose)))
    if options.reaches:
        parts.append(reaches(pose))
    if options.velocities:
        parts.append(_velocities(pose).reshape(frames, -1))
    if options.presence:
        index = [columns_of(pose.skeleton, group) for group in pose.skeleton.groups]
        parts.append(np.stack([pose.seen[:, members].mean(axis=1) for members in index], axis=1))
    return np.concatenate(parts, axis=1, dtype=np.float32, casting="same_kind")


def _place(pose: Pose, space: str) -> Array:
    """Coordinates in the space that a recipe names; 0 for what was not seen."""
    if space == "shoulders":
        return pose.coordinates
    placed = pose.coordinates / _BOX
    placed[..., 0] = placed[..., 0] * (_BENGALI_WIDTH if space == "bengali" else 1) + 0.5
    placed[..., 1] -= (_eye_line(pose) - _ABOVE_EYES) / _BOX
    return np.where(pose.seen[..., None], placed, 0)


def _eye_line(pose: Pose) -> float:
    """The median height of the eyes (y, shoulder widths, downward); from the nose or a usual body where unseen."""
    for landmarks, above in ((("left_eye", "right_eye"), 0.0), (("nose", "head"), _EYES_ABOVE_NOSE)):
        known = [name for name in landmarks if name in pose.skeleton]
        index = [pose.skeleton.index(name) for name in known]
        heights = pose.coordinates[:, index, 1][pose.seen[:, index]] if index else np.empty(0)
        if len(heights):
            return float(np.median(heights)) - above
    return -_EYES_ABOVE_NECK


def _palms(pose: Pose) -> dict[str, float]:
    return {hand: palm_length(pose, hand) for hand in HANDS}


def _hand_local(pose: Pose, hand: str) -> Array:
    """(T, 21 D): a hand from its wrist, in palm lengths."""
    local, seen = from_wrist(pose, hand)
    return np.where(seen[..., None], local / palm_length(pose, hand), 0).reshape(len(pose), -1)


def _velocities(pose: Pose) -> Array:
    """(T, K, D): movement since the previous frame, in shoulder widths per 1/25 s; 0 in the first frame."""
    step = np.diff(pose.coordinates, axis=0, prepend=pose.coordinates[:1]) * (pose.fps / 25)
    seen = pose.seen
    both = seen & np.concatenate([seen[:1], seen[:-1]])
    return np.where(both[..., None], step, 0).astype(np.float32)
