"""Looking at some frames only, and what lies between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from ishara.pose.pose import Pose

T = TypeVar("T")


def looked_at(frames: Iterable[T], stride: int) -> Iterator[tuple[int, T]]:
    """Every so many frames with their number, and always the last, so that all others lie between two of them."""
    last: tuple[int, T] | None = None
    for number, frame in enumerate(frames):
        last = (number, frame)
        if number % stride == 0:
            yield last
    if last is not None and last[0] % stride:
        yield last


def filled(pose: Pose, numbers: Sequence[int]) -> Pose:
    """The clip at every frame, by linear interpolation between those that were looked at.

    Between a frame where a landmark was seen and one where it was not, the nearer frame decides.

    Parameters
    ----------
    pose
        The frames that were looked at, at the frame rate of the whole clip.
    numbers
        The number of each in the whole clip, rising from 0 to that of the last frame.
    """
    if numbers[-1] == len(pose) - 1:
        return pose
    return pose.sampled(np.interp(np.arange(numbers[-1] + 1), numbers, np.arange(len(pose))))
