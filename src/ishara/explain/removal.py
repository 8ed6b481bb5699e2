"""Taking landmarks and frames away from a prepared clip, in the ways that a model can be asked about."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ishara.pose.pose import Array, Pose

Way = Literal["absent", "still", "bridge", "down"]
WAYS: tuple[Way, ...] = get_args(Way)
# Down an arm; y points downward.
_ARM = ("shoulder", "elbow", "wrist", "palm")
Mask = NDArray[np.bool_]


def remove(pose: Pose, mask: Mask, way: Way) -> Pose:
    """A clip without some of its landmarks in some of its frames.

    Parameters
    ----------
    pose
        Prepared; it is not modified.
    mask
        (T, K): what is taken away.
    way
        absent: as if it had not been found (confidence 0), which MediaPipe's hands often are not; still: it stays where
        it was on average over the whole clip, so that its movement is gone and the body stays whole; bridge: it goes
        straight from where it was seen before to where it is seen afterwards, and rests where there is only one of
        these; down: an arm hangs at the side of the body, as before and after a sign, and all else is held still. What
        is never seen outside of the mask is absent.

    Returns
    -------
    Pose
        Of as many frames.
    """
    mask = mask & pose.seen
    if not mask.any():
        return pose
    confidence = np.where(mask, np.float32(0), pose.confidence)
    if way == "absent":
        return pose.replace(pose.coordinates, confidence)
    coordinates = pose.coordinates.copy()
    kept = pose.seen & ~mask if way == "bridge" else pose.seen
    hanging = _hanging(pose) if way == "down" else {}
    for k in np.flatnonzero(mask.any(axis=0)):
        if not kept[:, k].any():
            continue
        at = mask[:, k]
        if k in hanging:
            coordinates[at, k] = hanging[k][at]
        else:
            coordinates[at, k] = _bridged(pose, k, kept[:, k], at) if way == "bridge" else _mean(pose, k)
        confidence[at, k] = pose.confidence[at, k]
    return pose.replace(coordinates, confidence)


def cut(pose: Pose, frames: Mask) -> Pose:
    """A clip without some of its frames, as if they had been dropped when it was recorded; one is always left.

    Parameters
    ----------
    frames
        (T,): those that go.
    """
    kept = ~frames
    if not kept.any():
        kept = np.zeros(len(pose), bool)
        kept[len(pose) // 2] = True
    return pose.frames(kept)


def _hanging(pose: Pose) -> dict[int, Array]:
    """By landmark of the arms, (T, D) where it is when the arm hangs down; those whose bones were never seen lack."""
    found: dict[int, Array] = {}
    for side in ("left", "right"):
        chain = [f"{side}_{joint}" for joint in _ARM if f"{side}_{joint}" in pose.skeleton]
        places = [pose.skeleton.index(name) for name in chain]
        if not chain or chain[0] != f"{side}_shoulder" or not pose.seen[:, places[0]].any():
            continue
        # A shoulder that is not seen for a moment is where it is on the mean.
        seen = pose.seen[:, places[0], None]
        at = np.where(seen, pose.coordinates[:, places[0]], _mean(pose, places[0]))
        for above, below in zip(places, places[1:], strict=False):
            both = pose.seen[:, above] & pose.seen[:, below]
            if not both.any():
                break
            bone = pose.coordinates[both, below] - pose.coordinates[both, above]
            at = at.copy()
            at[:, 1] += np.median(np.linalg.norm(bone, axis=1))
            found[below] = at
    return found


def _mean(pose: Pose, k: int) -> Array:
    mean: Array = pose.coordinates[pose.seen[:, k], k].mean(axis=0)
    return mean


def _bridged(pose: Pose, k: int, kept: Mask, at: Mask) -> Array:
    time = np.arange(len(pose))
    axes = [
        np.interp(time[at], time[kept], pose.coordinates[kept, k, axis]) for axis in range(pose.coordinates.shape[2])
    ]
    return np.stack(axes, axis=1).astype(np.float32)
