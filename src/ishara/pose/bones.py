"""Bones and how they are bent: what of a pose does not depend on where the signer stands."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ishara.pose.pose import Array, Pose
from ishara.pose.skeleton import HANDS, Skeleton

_SMALLEST = 1e-3


class Bone(NamedTuple):
    """From one landmark to the next, as names."""

    start: str
    end: str


class Joint(NamedTuple):
    """Three landmarks in a row, as names; the bend is at the middle one."""

    start: str
    middle: str
    end: str


@lru_cache(maxsize=64)
def bones_of(skeleton: Skeleton) -> tuple[Bone, ...]:
    """A bone for each landmark that hangs on another, in the skeleton's order."""
    return tuple(Bone(skeleton.parents[end], end) for end in skeleton.landmarks if end in skeleton.parents)


@lru_cache(maxsize=64)
def joints_of(skeleton: Skeleton) -> tuple[Joint, ...]:
    """A joint for each two bones in a row of one body part, in the skeleton's order.

    A finger's first bone is not compared with the bone before the wrist, which has no length.
    """
    part = {name: group for group, names in skeleton.groups.items() for name in names}
    joints = []
    for start, end in bones_of(skeleton):
        before = skeleton.parents.get(start)
        if before is not None and part[before] == part[end]:
            joints.append(Joint(before, start, end))
    return tuple(joints)


def bone_vectors(pose: Pose, palms: Mapping[str, float]) -> Array:
    """(T, bones, D): each bone's vector; 0 where an end was not seen.

    Parameters
    ----------
    pose
        In shoulder widths.
    palms
        Length of the palm of each hand, which its bones are measured in.
    """
    bones = bones_of(pose.skeleton)
    vectors, seen = _vectors(pose, bones)
    part = {name: group for group, names in pose.skeleton.groups.items() for name in names}
    unit = np.array([palms[part[end]] if part[end] in HANDS else 1.0 for _, end in bones], np.float32)
    return np.where(seen[..., None], vectors / unit[:, None], 0).astype(np.float32)


def bends(pose: Pose) -> Array:
    """(T, joints): the cosine between the two bones of each joint, 1 where it is straight; 0 where it was not seen."""
    joints = joints_of(pose.skeleton)
    first, first_seen = _vectors(pose, [Bone(start, middle) for start, middle, _ in joints])
    second, second_seen = _vectors(pose, [Bone(middle, end) for _, middle, end in joints])
    lengths = np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1)
    known = first_seen & second_seen & (lengths > _SMALLEST**2)
    return np.where(known, (first * second).sum(axis=-1) / np.where(known, lengths, 1), 0).astype(np.float32)


def from_wrist(pose: Pose, hand: str) -> tuple[Array, NDArray[np.bool_]]:
    """A hand's landmarks from its wrist, (T, 21, D) in the pose's unit, and which of them were seen, (T, 21)."""
    names = pose.skeleton.groups[hand]
    members = [pose.skeleton.index(name) for name in names]
    coordinates, seen = pose.coordinates[:, members], pose.seen[:, members]
    origin = names.index(f"{hand}.wrist") if f"{hand}.wrist" in names else 0
    return coordinates - coordinates[:, [origin]], seen & seen[:, [origin]]


def palm_length(pose: Pose, hand: str) -> float:
    """From wrist to middle knuckle, the median of where both were seen, in the pose's unit.

    Where they never were, half the hand's reach: an open hand is about two palms long. 1 where nothing was seen.
    """
    names = pose.skeleton.groups.get(hand, ())
    if not names:
        return 1.0
    local, seen = from_wrist(pose, hand)
    lengths = np.where(seen, np.linalg.norm(local, axis=-1), 0)
    knuckle = f"{hand}.middle_mcp"
    palms = lengths[:, names.index(knuckle)] if knuckle in names else np.zeros(len(pose))
    if not palms.any():
        palms = lengths.max(axis=1) / 2
    return max(float(np.median(palms[palms > 0])), _SMALLEST) if palms.any() else 1.0


def _vectors(pose: Pose, bones: tuple[Bone, ...] | list[Bone]) -> tuple[Array, NDArray[np.bool_]]:
    """(T, bones, D), and where both ends were seen, (T, bones)."""
    start = [pose.skeleton.index(bone.start) for bone in bones]
    end = [pose.skeleton.index(bone.end) for bone in bones]
    return pose.coordinates[:, end] - pose.coordinates[:, start], pose.seen[:, end] & pose.seen[:, start]
