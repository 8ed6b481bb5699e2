"""What is mended in a clip before it is normalised or compared: short gaps, and which hand leads."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ishara.pose.pose import Pose, columns_of
from ishara.pose.skeleton import HANDS

Side = Literal["left", "right"]

# What a filled landmark's interpolated confidence is multiplied by: it was inferred, not seen.
FILLED_CONFIDENCE = 0.5
# Added to a hand's movement, so that of two still hands the one seen more often leads.
_STILL = 1e-6


def hands_seen(pose: Pose) -> NDArray[np.bool_]:
    """(T,): the frames in which some landmark of a hand was seen."""
    hands = np.concatenate([columns_of(pose.skeleton, hand) for hand in HANDS])
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
    t, k, low, high = _inside_gaps(seen, max_gap)
    if not len(t):
        return pose
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
    hands = [columns_of(pose.skeleton, f"{side}_hand") for side in ("left", "right")]
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


def _inside_gaps(seen: NDArray[np.bool_], max_gap: int) -> tuple[NDArray[np.intp], ...]:
    """Frame and landmark of what is inside a short gap, and the frames on either side of it; (N,) each."""
    # Landmark by landmark, the frames after which one comes into sight or goes out of it: there are few.
    k, changes = np.nonzero(seen[1:].T != seen[:-1].T)
    gap = np.flatnonzero(seen[changes[:-1], k[:-1]] & (k[:-1] == k[1:]))
    before, after = changes[gap], changes[gap + 1] + 1
    length = after - before - 1
    short = length <= max_gap
    before, after, length, k = before[short], after[short], length[short], k[gap][short]
    low = np.repeat(before, length)
    into = np.arange(len(low)) - np.repeat(np.cumsum(length) - length, length)
    return low + 1 + into, np.repeat(k, length), low, np.repeat(after, length)


def _place(pose: Pose, side: str) -> int | None:
    """The column that tells where a hand is: the first of its candidates that was seen at all."""
    names = (f"{side}_wrist", f"{side}_hand.wrist", f"{side}_palm")
    columns = (pose.skeleton.index(name) for name in names if name in pose.skeleton)
    return next((k for k in columns if pose.seen[:, k].any()), None)


def _spread(pose: Pose, column: int) -> float:
    """How far a landmark strays from its mean place in the image plane, as a standard deviation.

    Steadier than the length of its path, to which tremor adds in every frame.
    """
    path = pose.coordinates[pose.confidence[:, column] > 0, column, :2].astype(np.float64)
    return float(np.sqrt(path.var(axis=0).sum()))
