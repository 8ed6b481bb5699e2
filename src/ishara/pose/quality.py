"""How well a clip's landmarks were found: which parts were seen in how many frames, jumps, and what looks wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ishara.pose.pose import Pose
from ishara.pose.skeleton import HANDS

_SHOULDERS = ("left_shoulder", "right_shoulder")
_SMALLEST = 1e-6
# A hand or the neck jumps when it moves by more than a shoulder width from one frame to the next, faster than any arm:
# a fast hand reaches some 15 shoulder widths (6 m) in a second.
_JUMP_WIDTHS = 1.0
_JUMP_SPEED = 25.0


@dataclass(frozen=True)
class Quality:
    """What was found in one clip; a figure is ``None`` where the skeleton has no such part.

    Parameters
    ----------
    frames
        How many the clip has.
    fps
        Frames per second.
    left_hand, right_hand
        Frames in which any landmark of that hand was seen.
    no_hand
        Frames in which neither hand was seen.
    longest_gap
        The most frames in a row without a hand, between one with a hand and the next. Resting hands at the ends of a
        clip are not in it.
    no_body
        Frames in which the body was not seen: both shoulders where the skeleton has them, else any body landmark.
    jumps
        Steps in which a hand or the neck moves further than a person can: the tracking slipped, or took up another
        person. 0 where the shoulders were never seen, since nothing then tells how large the signer is.
    shoulder_width
        Median over the frames, in the file's unit (pixels in what ``ishara extract`` wrote).
    shoulder_share
        The same as a share, in [0, 1], of the larger side of the box around all that was seen.
    """

    frames: int
    fps: float
    left_hand: int | None
    right_hand: int | None
    no_hand: int | None
    longest_gap: int | None
    no_body: int | None
    jumps: int
    shoulder_width: float | None
    shoulder_share: float | None

    @property
    def seconds(self) -> float:
        """Duration of the clip."""
        return self.frames / self.fps


@dataclass(frozen=True)
class Limits:
    """From where on a clip is worth a look.

    Parameters
    ----------
    hands
        Least share of frames with a hand, in [0, 1].
    body
        Least share of frames with the body, in [0, 1].
    shoulders
        Least `Quality.shoulder_share`; whoever faces the camera is well above it.
    frames
        Fewest frames.
    """

    hands: float = 0.25
    body: float = 0.5
    shoulders: float = 0.06
    frames: int = 5


def measure(pose: Pose) -> Quality:
    """The quality of one clip's landmarks."""
    hands = {name: pose.seen[:, _columns(pose, name)].any(axis=1) for name in HANDS if name in pose.skeleton.groups}
    any_hand = np.any(list(hands.values()), axis=0) if hands else None
    body = _body_seen(pose)
    width = _shoulder_width(pose)
    points = pose.coordinates[pose.seen][:, :2]
    extent = float(np.ptp(points, axis=0).max()) if len(points) else 0.0
    return Quality(
        frames=len(pose),
        fps=float(pose.fps),
        left_hand=_count(hands.get("left_hand")),
        right_hand=_count(hands.get("right_hand")),
        no_hand=None if any_hand is None else _count(~any_hand),
        longest_gap=None if any_hand is None else _longest_gap(any_hand),
        no_body=None if body is None else _count(~body),
        jumps=0 if width is None else _jumps(pose, width),
        shoulder_width=width,
        shoulder_share=None if width is None else width / extent,
    )


def problems(quality: Quality, limits: Limits | None = None) -> list[str]:
    """What is worth a look in a clip, the gravest first, each in a few words; empty where nothing is."""
    limits = limits or Limits()
    frames, found = quality.frames, []
    hands = None if quality.no_hand is None else 1 - quality.no_hand / frames
    body = None if quality.no_body is None else 1 - quality.no_body / frames
    if hands == 0:
        found.append("no hand was ever found")
    elif hands is not None and hands < limits.hands:
        found.append(f"a hand in only {hands:.0%} of the frames")
    if body == 0:
        found.append("the body was never found")
    elif body is not None and body < limits.body:
        found.append(f"the body in only {body:.0%} of the frames")
    if quality.shoulder_share is not None and quality.shoulder_share < limits.shoulders:
        found.append(f"shoulders tiny ({quality.shoulder_share:.1%} of the signer's extent)")
    if quality.jumps:
        found.append("1 jump" if quality.jumps == 1 else f"{quality.jumps} jumps")
    if frames < limits.frames:
        found.append("only 1 frame" if frames == 1 else f"only {frames} frames")
    return found


def _count(where: NDArray[np.bool_] | None) -> int | None:
    return None if where is None else int(where.sum())


def _columns(pose: Pose, group: str) -> list[int]:
    return [pose.skeleton.index(name) for name in pose.skeleton.groups[group]]


def _has_shoulders(pose: Pose) -> bool:
    return all(name in pose.skeleton for name in _SHOULDERS)


def _body_seen(pose: Pose) -> NDArray[np.bool_] | None:
    """(T,): where the body was seen; ``None`` where the skeleton has none."""
    if _has_shoulders(pose):
        return pose.seen[:, [pose.skeleton.index(name) for name in _SHOULDERS]].all(axis=1)
    return pose.seen[:, _columns(pose, "body")].any(axis=1) if "body" in pose.skeleton.groups else None


def _shoulder_width(pose: Pose) -> float | None:
    """Median distance of the shoulders in the image plane; ``None`` where they were never seen apart."""
    if not _has_shoulders(pose):
        return None
    left, right = (pose.landmark(name)[:, :2].astype(np.float64) for name in _SHOULDERS)
    both = _body_seen(pose)
    if both is None or not both.any():
        return None
    width = float(np.median(np.linalg.norm(left - right, axis=1)[both]))
    return width if width > _SMALLEST else None


def _longest_gap(seen: NDArray[np.bool_]) -> int:
    where = np.flatnonzero(seen)
    return int(np.diff(where).max() - 1) if len(where) > 1 else 0


def _jumps(pose: Pose, width: float) -> int:
    """Steps in which the centre of a hand or of the shoulders jumps, counted once per step."""
    parts = [_columns(pose, hand) for hand in HANDS if hand in pose.skeleton.groups]
    parts.append([pose.skeleton.index(name) for name in _SHOULDERS])
    jumped = np.zeros(len(pose) - 1, bool)
    for columns in parts:
        # A point that comes or goes must not look like a step: only those seen in both frames count.
        both = pose.seen[1:, columns] & pose.seen[:-1, columns]
        moved = np.diff(pose.coordinates[:, columns, :2].astype(np.float64), axis=0)
        number = both.sum(axis=1)
        step = np.where(both[..., None], moved, 0).sum(axis=1) / np.maximum(number, 1)[:, None]
        widths = np.linalg.norm(step, axis=1) / width
        jumped |= (number > 0) & (widths > _JUMP_WIDTHS) & (widths * pose.fps > _JUMP_SPEED)
    return int(jumped.sum())
