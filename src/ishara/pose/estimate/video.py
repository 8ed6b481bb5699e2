"""From a video to the landmarks of the person in it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.pose.estimate.body import jumps
from ishara.pose.estimate.estimator import PoseEstimator
from ishara.pose.pose import Pose
from ishara.video import Box, stream_video

_log = logging.getLogger(__name__)


def estimate_video(
    source: str | Path | BinaryIO,
    estimator: PoseEstimator,
    *,
    start: float | None = None,
    end: float | None = None,
    box: Box | None = None,
) -> Pose:
    """The landmarks of the person in a video, estimated frame by frame as it is decoded.

    Where the landmarks suddenly are elsewhere, because another person is followed or the picture was cut, a warning is
    logged.

    Parameters
    ----------
    source
        A local path, an fsspec URL, or a binary file that is open.
    estimator
        What looks at the frames; its `options.stride` says at how many of them.
    start, end
        Seconds in the video; ``None`` for its beginning and end.
    box
        Only this part of the picture, to choose one of several people. The landmarks are in its pixels.

    Returns
    -------
    Pose
        At the video's frame rate, in pixels. A video whose rate varies is brought to its mean rate by interpolation.

    Raises
    ------
    IsharaError
        If the video cannot be read, has nothing between start and end, or nobody is seen in it; it names the source.
    """
    name = str(getattr(source, "name", "the video") if not isinstance(source, (str, Path)) else source)
    times: list[float] = []
    with stream_video(source, start=start, end=end, box=box) as stream:

        def pictures() -> Iterator[NDArray[np.uint8]]:
            for time, picture in stream:
                times.append(time)
                yield picture

        pose = estimator.estimate(pictures(), stream.fps)
    if not pose.seen.any():
        raise IsharaError(
            f"{name}: nobody was seen: no body and no hand was found in any of {len(pose)} frames. Give a clip (or a "
            "box) in which one person's head, shoulders and hands are in view."
        )
    _warn_of_jumps(name, jumps(pose, estimator.options.stride), times)
    return _steady(pose, np.array(times))


def _warn_of_jumps(name: str, frames: list[int], times: list[float]) -> None:
    if frames:
        at = ", ".join(f"{times[frame]:.2f}" for frame in frames[:5]) + (" and later" if len(frames) > 5 else "")
        _log.warning(
            "%s: the person's shoulders are suddenly elsewhere at %s s: perhaps another person is followed, or the "
            "picture was cut. Give a box around one person, or start and end.",
            name,
            at,
        )


def _steady(pose: Pose, times: NDArray[np.float64]) -> Pose:
    """The clip with its frames evenly in time, at its frame rate; as it is where they are so to half a frame."""
    frames = max(round((times[-1] - times[0]) * pose.fps), 0) + 1
    even = times[0] + np.arange(frames) / pose.fps
    if frames == len(pose) and np.abs(times - even).max() <= 0.5 / pose.fps:
        return pose
    return pose.sampled(np.interp(even, times, np.arange(len(pose))))
