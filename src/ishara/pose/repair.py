"""What is mended in a clip before it is normalised or compared: short gaps, and which hand leads."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ishara.pose.pose import Pose
from ishara.pose.skeleton import HANDS

Side = Literal["left", "right"]

# What a filled landmark's interpolated confidence is multiplied by: it was inferred, not seen.
FILLED_CONFIDENCE = 0.5
# Added to a hand's movement, so that of two still hands the one seen more often leads.
_STILL = 1e-6


def hands_seen(pose: Pose) -> NDArray[np.bool_]:
    """(T,): the frames in which some landmark of a hand was seen."""
    hands = [pose.skeleton.index(name) for hand in HANDS for name in pose.skeleton.groups.get(hand, ())]
    seen: NDArray[np.bool_] = pose.seen[:, hands].any(axis=1)
    return seen


def fill_gaps(pose: Pose, max_gap: int) -> Pose:
    """Fill short stretches in which a landmark was not seen, linearly between the frames on either side.

    Parameters
    ----------
    pose
        Any clip.
    max_gap
        The longest stretch that is filled, in frames; 0 or less fills nothing.

    Returns
    -------
    Pose
        With filled landmarks at half the confidence that interpolation gives, above 0. Stretches at the start or end
        of the clip, and longer ones, stay missing.
    """
    seen = pose.seen
    if max_gap <= 0 or seen.all():
        return pose
    frames = len(pose)
    time = np.arange(frames)[:, None]
    before = np.maximum.accumulate(np.where(seen, time, -1), axis=0)
    after = np.minimum.accumulate(np.where(seen, time, frames)[::-1], axis=0)[::-1]
    inside = ~seen & (before >= 0) & (after < frames) & (after - before - 1 <= max_gap)
    if not inside.any():
        return pose
    t, k = np.nonzero(inside)
    low, high = before[t, k], after[t, k]
    weight = ((t - low) / (high - low)).astype(np.float32)
    coordinates, confidence = pose.coordinates.copy(), pose.confidence.copy()
    coordinates[t, k] = coordinates[low, k] * (1 - weight[:, None]) + coordinates[high, k] * weight[:, None]
    between = confidence[low, k] * (1 - weight) + confidence[high, k] * weight
    confidence[t, k] = np.maximum(FILLED_CONFIDENCE * between, np.finfo(np.float32).tiny)
    return pose.replace(coordinates, confidence)


def dominant_hand(pose: Pose) -> Side:
    """Which hand leads: the one that moves more, weighed by the share of frames in which it was seen.

    A hand's place is its body wrist, else its hand landmarks' wrist, else the palm. Where any hand landmarks were seen
    in the clip, a hand is present in the frames where its own were; else where its place was. The right wins a tie.
    """
    hands = [_columns(pose, f"{side}_hand.") for side in ("left", "right")]
    detected = any(pose.seen[:, columns].any() for columns in hands)
    scores = []
    for side, columns in zip(("left", "right"), hands, strict=True):
        place = _place(pose, side)
        if place is None:
            scores.append(0.0)
            continue
        seen = pose.seen[:, place]
        present = pose.seen[:, columns].any(axis=1) if detected else seen
        scores.append(float(present.mean()) * (_spread(pose, place) + _STILL))
    return "left" if scores[0] > scores[1] else "right"


def right_handed(pose: Pose) -> Pose:
    """The clip as a right-handed signer would sign it: mirrored where the left hand leads.

    The pose must be normalised, so that the body's midline is at x = 0.
    """
    return pose.mirrored() if dominant_hand(pose) == "left" else pose


def _columns(pose: Pose, prefix: str) -> list[int]:
    return [k for k, name in enumerate(pose.skeleton.landmarks) if name.startswith(prefix)]


def _place(pose: Pose, side: str) -> int | None:
    """The column that tells where a hand is: the first of its candidates that was seen at all."""
    names = (f"{side}_wrist", f"{side}_hand.wrist", f"{side}_palm")
    columns = (pose.skeleton.index(name) for name in names if name in pose.skeleton)
    return next((k for k in columns if pose.seen[:, k].any()), None)


def _spread(pose: Pose, column: int) -> float:
    """How far a landmark strays from its mean place in the image plane, as a standard deviation.

    Steadier than the length of its path, to which tremor adds in every frame.
    """
    path = pose.coordinates[pose.seen[:, column], column, :2].astype(np.float64)
    return float(np.sqrt(path.var(axis=0).sum()))
