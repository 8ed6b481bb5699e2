"""What the hands do, frame by frame: how far they are raised, how fast they move, whether they lie still."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ishara.pose.pose import Array, columns_of
from ishara.pose.skeleton import Skeleton

_SIDES = ("left", "right")
_SHOULDERS = ("left_shoulder", "right_shoulder")
# Places are means over about this time, and speeds are taken across it.
_SMOOTH = 0.12
# A hand that is out of sight for less than this is where it was: the estimator lost it.
_LOST = 0.2
# The body's place and size are medians over so many frames.
_BODY_FRAMES = 50
_SMALLEST = 1e-6
# Where a hand is taken to be that is nowhere: at the hips, in shoulder widths below the neck.
LOWEST = 2.0
# The palm (wrist to the middle finger's knuckle) in shoulder widths, where no shoulders tell the scale.
_PALM = 0.27


@dataclass(frozen=True, eq=False)
class Moment:
    """The hands in one frame.

    Parameters
    ----------
    time
        Seconds.
    raised
        How far the hands are above the hips, both together, in shoulder widths; 0 for hands out of sight.
    highest
        The higher hand's height from the neck, in shoulder widths, negative below it.
    speed
        Of the faster hand, in shoulder widths a second.
    places
        (2, 2) where the left and the right hand are, in shoulder widths from the neck.
    """

    time: float
    raised: float
    highest: float
    speed: float
    places: NDArray[np.float64]


class MotionTracker:
    """Makes a `Moment` of every frame, some frames later, from what is kept of the last few.

    Parameters
    ----------
    skeleton
        What the landmarks of each frame are.
    fps
        Frames per second, about.
    """

    def __init__(self, skeleton: Skeleton, fps: float) -> None:
        self._reach = max(1, round(_SMOOTH * fps / 2))
        self._fps = fps
        self._lost = _LOST
        self._shoulders = [skeleton.index(name) for name in _SHOULDERS if name in skeleton]
        self._hands = [_columns(skeleton, side) for side in _SIDES]
        self._palms = [
            columns_of(skeleton, f"{side}_hand")[[0, 9]] for side in _SIDES if f"{side}_hand" in skeleton.groups
        ]
        self._bodies: deque[NDArray[np.float64]] = deque(maxlen=_BODY_FRAMES)
        self._body = np.array([0.0, 0.0, 1.0])
        self._last_seen = [(-np.inf, np.zeros(2)), (-np.inf, np.zeros(2))]
        # (time, (2, 2) places of both hands, in shoulder widths; the hips where there is none)
        self._places: deque[tuple[float, NDArray[np.float64]]] = deque(maxlen=2 * self._reach + 1)

    @property
    def delay(self) -> int:
        """How many frames later a frame's moment comes."""
        return self._reach

    def push(self, coordinates: Array, confidence: Array, time: float) -> list[Moment]:
        """Take a frame, (K, D) and (K,); the moment of an earlier one, once there are enough."""
        self._measure_body(coordinates, confidence)
        self._places.append((time, self._place(coordinates, confidence, time)))
        if len(self._places) <= self._reach:
            return []
        return [self._moment(len(self._places) - 1 - self._reach)]

    def finish(self) -> list[Moment]:
        """The moments of the last frames."""
        first = max(0, len(self._places) - self._reach)
        return [self._moment(at) for at in range(first, len(self._places))]

    def _moment(self, at: int) -> Moment:
        """Of the frame at a place in what is kept."""
        low, high = max(0, at - self._reach), min(len(self._places), at + self._reach + 1)
        times = np.array([self._places[i][0] for i in range(low, high)])
        places = np.stack([self._places[i][1] for i in range(low, high)])
        time, mean = self._places[at][0], places.mean(axis=0)
        speed = 0.0
        if len(times) > 1:
            # The slope of a straight line through the places: steadier than the ends alone.
            centred = times - times.mean()
            speed = float(np.linalg.norm(np.tensordot(centred, places, 1) / (centred**2).sum(), axis=1).max())
        heights = -mean[:, 1]
        return Moment(time, float(np.clip(heights + LOWEST, 0, None).sum()), float(heights.max()), speed, mean)

    def _measure_body(self, coordinates: Array, confidence: Array) -> None:
        """Renew the neck's place and the shoulder width."""
        if len(self._shoulders) == len(_SHOULDERS):
            left, right = self._shoulders
            if confidence[left] > 0 and confidence[right] > 0:
                a, b = coordinates[left, :2].astype(np.float64), coordinates[right, :2].astype(np.float64)
                self._remember(np.array([*((a + b) / 2), float(np.linalg.norm(a - b))]))
            return
        seen = [palm for palm in self._palms if (confidence[palm] > 0).all()]
        if seen:
            points = np.stack([coordinates[palm, :2] for palm in seen]).astype(np.float64)
            width = float(np.linalg.norm(points[:, 0] - points[:, 1], axis=1).max()) / _PALM
            self._remember(np.array([*points[:, 0].mean(axis=0), width]))

    def _remember(self, body: NDArray[np.float64]) -> None:
        if body[2] > _SMALLEST:
            self._bodies.append(body)
            self._body = np.median(np.stack(self._bodies), axis=0)

    def _place(self, coordinates: Array, confidence: Array, time: float) -> NDArray[np.float64]:
        """(2, 2) where both hands are, from the neck in shoulder widths."""
        places = np.tile(np.array([0.0, LOWEST]), (2, 1))
        for side, candidates in enumerate(self._hands):
            column = next((k for k in candidates if confidence[k] > 0), None)
            if column is not None:
                places[side] = (coordinates[column, :2] - self._body[:2]) / self._body[2]
                self._last_seen[side] = (time, places[side])
            elif time - self._last_seen[side][0] <= self._lost:
                places[side] = self._last_seen[side][1]
        return places


def _columns(skeleton: Skeleton, side: str) -> list[int]:
    """What tells where a hand is, the surest first."""
    names = (f"{side}_hand.wrist", f"{side}_wrist", f"{side}_palm")
    return [skeleton.index(name) for name in names if name in skeleton]
