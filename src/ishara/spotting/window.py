"""The frames of the last seconds, and clips cut out of them."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ishara.pose.pose import Array, Pose
from ishara.pose.skeleton import Skeleton

# Clips of a rate as near as this to the one that is wanted stay as they are: the corpora differ by as much.
_NEAR = 1.25


class RecentFrames:
    """Landmarks of the last seconds with their times.

    Parameters
    ----------
    skeleton
        What they are.
    seconds
        How long a frame is kept.
    fps
        Frames per second, about.
    rate
        Frames per second of the clips that are cut out.
    """

    def __init__(self, skeleton: Skeleton, seconds: float, fps: float, rate: float) -> None:
        self._skeleton = skeleton
        self._seconds = seconds
        self._fps = fps
        self._rate = rate
        self._frames: deque[tuple[float, Array, Array]] = deque()

    def __len__(self) -> int:
        return len(self._frames)

    def push(self, coordinates: Array, confidence: Array, time: float) -> None:
        """Keep a frame, and forget those that are too old."""
        self._frames.append((time, np.array(coordinates, np.float32), np.array(confidence, np.float32)))
        while self._frames[0][0] < time - self._seconds:
            self._frames.popleft()

    def clip(self, start: float, end: float) -> Pose | None:
        """The frames whose times are from `start` to `end`; None where there are fewer than two."""
        chosen = [frame for frame in self._frames if start <= frame[0] <= end]
        if len(chosen) < 2:
            return None
        times = np.array([frame[0] for frame in chosen])
        pose = Pose(
            np.stack([frame[1] for frame in chosen]),
            np.stack([frame[2] for frame in chosen]),
            self._fps,
            self._skeleton,
        )
        return self._at_rate(pose, times)

    def _at_rate(self, pose: Pose, times: NDArray[np.float64]) -> Pose:
        """The clip at the rate that is wanted, evenly in time, unless it is near to that."""
        lasts = float(times[-1] - times[0])
        actual = (len(times) - 1) / lasts
        if 1 / _NEAR <= actual / self._rate <= _NEAR:
            return pose if abs(actual - pose.fps) < 1e-3 else replace(pose, fps=actual)
        wanted = np.linspace(times[0], times[-1], max(2, round(lasts * self._rate) + 1))
        return replace(pose.sampled(np.interp(wanted, times, np.arange(len(times)))), fps=self._rate)
