"""A clip as a track that can be laid over another: few landmarks, a fixed number of frames, in shoulder widths."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.pose.pose import Pose
from ishara.pose.skeleton import HANDS, Skeleton, hand_landmarks

Floats = NDArray[np.float32]

BODY = ("nose", "head", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_palm", "right_palm")
POINTS = Skeleton("near-duplicates", (*BODY, *hand_landmarks("left_hand"), *hand_landmarks("right_hand")))
KEY_POINTS = [
    POINTS.index(name)
    for name in (*BODY, *(f"{hand}.{point}" for hand in HANDS for point in ("wrist", "thumb_tip", "index_tip")))
]
_KEY_WRISTS = [
    POINTS.index(f"{name.split('_')[0]}_wrist") if name.startswith(HANDS) else POINTS.index(name)
    for name in (POINTS.landmarks[k] for k in KEY_POINTS)
]
_SHOULDERS = ("left_shoulder", "right_shoulder")

# How far above the neck a head landmark usually is, in shoulder widths.
_HEADS = (("nose", 0.75), ("head", 0.9))

FRAMES = 64  # that every clip is resampled to


def track(pose: Pose) -> Floats:
    """(FRAMES, POINTS, 2) of one clip, shoulder-centred and in shoulder widths; NaN where a landmark was not seen.

    Raises
    ------
    IsharaError
        If neither arms nor hands were seen, or the shoulders are in one place.
    """
    if not pose.seen.any():
        raise IsharaError("Nobody was seen in the clip.")
    body = pose.to(Skeleton("shoulders", _SHOULDERS))
    both = body.seen.all(axis=1)
    if both.any():
        ends = body.coordinates[both, :, :2]
        centre = np.median(ends.mean(axis=1), axis=0)
        width = float(np.median(np.linalg.norm(ends[:, 0] - ends[:, 1], axis=-1)))
        scale = np.array([width, _height(pose, centre) or width])
    else:
        # Hands alone: the spread of a hand's landmarks is about half a shoulder width.
        seen = pose.coordinates[pose.seen][:, :2]
        centre = np.median(seen, axis=0)
        scale = np.full(2, 2 * np.sqrt(seen.var(axis=0).sum()))
    points = pose.to(POINTS).resampled(FRAMES)
    if not points.seen.any() or not (scale > 0).all():
        raise IsharaError("Neither arms nor hands were seen in the clip, or the shoulders are in one place.")
    values = (points.coordinates[..., :2] - centre) / scale
    values[~points.seen] = np.nan
    return values.astype(np.float32)


def _height(pose: Pose, neck: Floats) -> float:
    """A shoulder width measured upwards, from neck to head, since a copy may be squeezed; 0 where no head is seen."""
    for head, usual in _HEADS:
        if head in pose.skeleton and (seen := pose.seen[:, pose.skeleton.index(head)]).any():
            return abs(float(np.median(pose.landmark(head)[seen, 1]) - neck[1])) / usual
    return 0.0


def filled(values: Floats) -> Floats:
    """(N, FRAMES, key points, 2) without gaps: a hand that was not seen is where its wrist is, anything else at 0."""
    keys = values[:, :, KEY_POINTS]
    wrists = values[:, :, _KEY_WRISTS]
    return np.nan_to_num(np.where(np.isnan(keys), wrists, keys))
