"""`Steady`: frames of landmarks brought to an even rate, whatever the camera and the machine do."""

from __future__ import annotations

import math

import numpy as np

from ishara.pose.pose import Array, Pose
from ishara.pose.skeleton import Skeleton

# A frame that is this near to where one is wanted, in frames, stands for it as it is.
_NEAR = 0.05


class Steady:
    """Interpolates between the frames that come, as `Pose.sampled` does within a clip.

    A model knows signs at the speed of its training clips, and a busy machine sees fewer frames of the same movement.

    Parameters
    ----------
    skeleton
        What the landmarks are.
    fps
        Frames per second that are wanted.
    """

    def __init__(self, skeleton: Skeleton, fps: float) -> None:
        self.fps = fps
        self._skeleton = skeleton
        self._last: tuple[Array, Array, float] | None = None
        # Where the evenly spaced frames began, and how many there were.
        self._origin = 0.0
        self._count = 0

    def push(self, coordinates: Array, confidence: Array, time: float) -> list[tuple[Array, Array, float]]:
        """Take a frame (K, D), (K,) and its time, above that of the last; the evenly spaced ones up to it."""
        if self._last is None:
            self._last, self._origin, self._count = (coordinates, confidence, time), time, 1
            return [(coordinates, confidence, time)]
        before, self._last = self._last, (coordinates, confidence, time)
        until = math.floor((time - self._origin) * self.fps + _NEAR)
        wanted = self._origin + np.arange(self._count, until + 1) / self.fps
        if not len(wanted):
            return []
        self._count = until + 1
        if len(wanted) == 1 and abs(wanted[0] - time) * self.fps <= _NEAR:
            return [(coordinates, confidence, float(wanted[0]))]
        position = np.clip((wanted - before[2]) / (time - before[2]), 0, 1)
        position[np.abs(wanted - time) * self.fps <= _NEAR] = 1
        pair = Pose(
            np.stack([before[0], coordinates]), np.stack([before[1], confidence]), self.fps, self._skeleton
        ).sampled(position)
        return list(zip(pair.coordinates, pair.confidence, wanted.tolist(), strict=True))

    def forget(self) -> None:
        """Begin anew with the next frame."""
        self._last = None
