"""A long recording, frame by frame: landmarks as they are stored, or as they are estimated while a video is decoded."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from ishara.errors import IsharaError
from ishara.pose.estimate.stream import StreamEstimator, make_stream_estimator
from ishara.pose.files import is_landmark_file, read_pose
from ishara.pose.pose import Array, Pose
from ishara.pose.skeleton import Skeleton
from ishara.recipe import EstimatorOptions, Recipe
from ishara.recognizer.inputs import estimator_options
from ishara.video import Box, VideoStream, stream_video

Frame = tuple[float, Array, Array]
MakeEstimator = Callable[[EstimatorOptions], StreamEstimator]


@dataclass(frozen=True)
class Recording:
    """Landmarks over time, to be gone through once.

    Parameters
    ----------
    source
        What it was read from.
    skeleton
        What the landmarks are.
    fps
        Frames per second.
    length
        How many frames there are.
    frames
        (seconds from the beginning of the file, coordinates (K, D), confidence (K,)) of each.
    """

    source: str
    skeleton: Skeleton
    fps: float
    length: int
    frames: Iterator[Frame]

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.length / self.fps


@contextmanager
def open_recording(
    source: str,
    recipe: Recipe,
    *,
    start: float | None = None,
    end: float | None = None,
    box: Box | None = None,
    make: MakeEstimator = make_stream_estimator,
) -> Generator[Recording, None, None]:
    """A recording for a recogniser's recipe, which says how landmarks are estimated.

    A video is decoded as its frames are asked for, and none is kept: memory does not grow with it.

    Parameters
    ----------
    source
        A file of landmarks, or a video.
    recipe
        Of the recogniser.
    start, end
        Seconds; ``None`` for the beginning and the end.
    box
        Where in a video's picture the signer is.
    make
        What makes the estimator of a video.

    Raises
    ------
    IsharaError
        If it cannot be read, or the estimator is not installed; while the frames are gone through, if a video is
        damaged or nobody is seen in any of its frames.
    """
    if is_landmark_file(source):
        if box is not None:
            raise IsharaError(f"{source}: holds landmarks; a box is cut out of videos alone.")
        pose = read_pose(source, start, end)
        yield Recording(source, pose.skeleton, float(pose.fps), len(pose), _stored(pose, start or 0.0))
        return
    estimator = make(estimator_options(recipe))
    try:
        with stream_video(source, start=start, end=end, box=box) as video:
            yield Recording(source, estimator.skeleton, video.fps, len(video), _estimated(source, video, estimator))
    finally:
        estimator.close()


def is_video(source: str) -> bool:
    """Whether a recording has pictures."""
    return not is_landmark_file(source)


def kept(frames: Iterator[Frame], into: list[Frame]) -> Iterator[Frame]:
    """The frames, each of which is kept in a list as well."""
    for frame in frames:
        into.append(frame)
        yield frame


def as_pose(frames: list[Frame], recording: Recording) -> Pose:
    """Frames of a recording that were kept, as a clip at its frame rate, evenly in time where they were not."""
    coordinates, confidence = (np.stack([frame[i] for frame in frames]) for i in (1, 2))
    pose = Pose(coordinates, confidence, recording.fps, recording.skeleton)
    times = np.array([frame[0] for frame in frames])
    even = np.arange(times[0], times[-1] + 0.5 / pose.fps, 1 / pose.fps)
    if len(even) == len(times) and np.abs(times - even).max() <= 0.5 / pose.fps:
        return pose
    return pose.sampled(np.interp(even, times, np.arange(len(times))))


def _stored(pose: Pose, start: float) -> Iterator[Frame]:
    for number in range(len(pose)):
        yield start + number / pose.fps, pose.coordinates[number], pose.confidence[number]


def _estimated(source: str, video: VideoStream, estimator: StreamEstimator) -> Iterator[Frame]:
    nobody = True
    for time, picture in video:
        coordinates, confidence = estimator.look(picture)
        nobody = nobody and not (confidence > 0).any()
        yield time, coordinates, confidence
    if nobody:
        raise IsharaError(
            f"{source}: nobody was seen: no body and no hand was found in any of {len(video)} frames. Give a recording "
            "(or a box) in which one person's head, shoulders and hands are in view."
        )
