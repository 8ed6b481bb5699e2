"""Bones, how they are bent, and how far fingers are apart: what does not depend on where the signer stands."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ishara.pose.pose import Array, Pose, columns_of
from ishara.pose.skeleton import HANDS, Skeleton

_SMALLEST = 1e-3
# Whose distances tell one handshape from another: each two of the first, and the thumb's tip from each of the others.
# And where a hand is: its wrist's from these, and from the other arm's wrist and elbow.
_ENDS = ("wrist", "thumb_tip", "index_tip", "middle_tip", "ring_tip", "pinky_tip")
_REACHED = ("head", "nose", "neck", "left_shoulder", "right_shoulder", "spine_mid", "left_hip", "right_hip")
_TOUCHED = tuple(f"{finger}_{joint}" for finger in ("index", "middle", "ring", "pinky") for joint in ("mcp", "pip"))


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


@lru_cache(maxsize=64)
def spans_of(skeleton: Skeleton) -> tuple[Bone, ...]:
    """The pairs of points of each hand whose distance tells how the fingers stand to each other."""
    pairs = [*combinations(_ENDS, 2), *(("thumb_tip", joint) for joint in _TOUCHED)]
    named = [Bone(f"{hand}.{start}", f"{hand}.{end}") for hand in HANDS for start, end in pairs]
    return tuple(span for span in named if span.start in skeleton and span.end in skeleton)


@lru_cache(maxsize=64)
def reaches_of(skeleton: Skeleton) -> tuple[Bone, ...]:
    """The pairs of points whose distance tells where on the body, and how near to each other, the hands are."""
    named = [Bone("left_wrist", "right_wrist"), Bone("left_wrist", "right_elbow"), Bone("right_wrist", "left_elbow")]
    named += [Bone(wrist, point) for wrist in ("left_wrist", "right_wrist") for point in _REACHED]
    return tuple(reach for reach in named if reach.start in skeleton and reach.end in skeleton)


def bone_vectors(pose: Pose, palms: Mapping[str, float]) -> Array:
    """(T, bones, D): each bone's vector; 0 where an end was not seen.

    Parameters
    ----------
    pose
        In shoulder widths.
    palms
        Length of the palm of each hand, which its bones are measured in.
    """
    starts, ends = _columns(pose.skeleton, bones_of(pose.skeleton))
    vectors, seen = _vectors(pose, starts, ends)
    unit = np.ones(len(pose.skeleton), np.float32)
    for hand in HANDS:
        if hand in pose.skeleton.groups:
            unit[columns_of(pose.skeleton, hand)] = palms[hand]
    return np.where(seen[..., None], vectors / unit[ends, None], 0).astype(np.float32, copy=False)


def distances(pose: Pose, palms: Mapping[str, float]) -> Array:
    """(T, spans): how far the points of `spans_of` are apart, in palms of their hand; 0 where one was not seen."""
    spans = spans_of(pose.skeleton)
    palm = np.array([palms[span.start.partition(".")[0]] for span in spans], np.float32)
    return _apart(pose, spans) / palm


def reaches(pose: Pose) -> Array:
    """(T, reaches): how far the points of `reaches_of` are apart, in the pose's unit; 0 where one was not seen."""
    return _apart(pose, reaches_of(pose.skeleton))


def bends(pose: Pose) -> Array:
    """(T, joints): the cosine between the two bones of each joint, 1 where it is straight; 0 where it was not seen."""
    starts, middles, ends = _columns(pose.skeleton, joints_of(pose.skeleton), 3)
    first, first_seen = _vectors(pose, starts, middles)
    second, second_seen = _vectors(pose, middles, ends)
    lengths = np.sqrt(_dot(first, first)) * np.sqrt(_dot(second, second))
    known = first_seen & second_seen & (lengths > _SMALLEST**2)
    return np.where(known, _dot(first, second) / np.where(known, lengths, 1), 0).astype(np.float32, copy=False)


def from_wrist(pose: Pose, hand: str) -> tuple[Array, NDArray[np.bool_]]:
    """A hand's landmarks from its wrist, (T, 21, D) in the pose's unit, and which of them were seen, (T, 21)."""
    members = columns_of(pose.skeleton, hand)
    return _vectors(pose, members[[_place_of(pose.skeleton, hand, "wrist") or 0]], members)


def palm_length(pose: Pose, hand: str) -> float:
    """From wrist to middle knuckle, the median of where both were seen, in the pose's unit.

    Where they never were, half the hand's reach: an open hand is about two palms long. 1 where nothing was seen.
    """
    members = columns_of(pose.skeleton, hand)
    if not len(members):
        return 1.0
    wrist = members[[_place_of(pose.skeleton, hand, "wrist") or 0]]
    knuckle = _place_of(pose.skeleton, hand, "middle_mcp")
    palms = np.zeros(0) if knuckle is None else _lengths(pose, wrist, members[[knuckle]])
    if not palms.any():
        palms = _lengths(pose, wrist, members) / 2
    return max(float(np.median(palms[palms > 0])), _SMALLEST) if palms.any() else 1.0


def _apart(pose: Pose, pairs: tuple[Bone, ...]) -> Array:
    """(T, pairs): the distance between the two of each pair; 0 where one was not seen."""
    starts, ends = _columns(pose.skeleton, pairs)
    vectors, seen = _vectors(pose, starts, ends)
    return np.where(seen, np.sqrt(_dot(vectors, vectors)), 0).astype(np.float32, copy=False)


def _lengths(pose: Pose, start: NDArray[np.intp], ends: NDArray[np.intp]) -> Array:
    """(T,): how far the farthest of some landmarks was from another; 0 where none was seen with it."""
    vectors, seen = _vectors(pose, start, ends)
    lengths: Array = np.where(seen, np.sqrt(_dot(vectors, vectors)), 0).max(axis=1)
    return lengths


@lru_cache(maxsize=256)
def _columns(skeleton: Skeleton, named: tuple[Bone | Joint, ...], points: int = 2) -> NDArray[np.intp]:
    """(points, N): where the landmarks of each bone, span or joint are."""
    return np.array([[skeleton.index(name) for name in one] for one in named], np.intp).reshape(-1, points).T


@lru_cache(maxsize=64)
def _place_of(skeleton: Skeleton, hand: str, point: str) -> int | None:
    """Which of a hand's landmarks a point is."""
    names = skeleton.groups[hand]
    return names.index(f"{hand}.{point}") if f"{hand}.{point}" in names else None


def _vectors(pose: Pose, start: NDArray[np.intp], end: NDArray[np.intp]) -> tuple[Array, NDArray[np.bool_]]:
    """(T, N, D), and where both ends were seen, (T, N)."""
    seen = pose.seen
    vectors = pose.coordinates.take(end, axis=1) - pose.coordinates.take(start, axis=1)
    return vectors, seen.take(end, axis=1) & seen.take(start, axis=1)


def _dot(a: Array, b: Array) -> Array:
    """(…, D) and (…, D) → (…), added axis by axis: a sum over an axis of two or three is slow in NumPy."""
    result = a[..., 0] * b[..., 0]
    for axis in range(1, a.shape[-1]):
        result += a[..., axis] * b[..., axis]
    return result
