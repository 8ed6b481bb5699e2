"""Landmarks drawn on their video, or on a blank canvas, frame by frame; pose-format draws, PyAV writes the film."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ishara.extras import extra
from ishara.pose.pose import Pose
from ishara.video.write import write_video

Image = NDArray[np.uint8]

# From the Okabe-Ito palette, told apart by any colour vision and bright enough for video; red, green, blue.
COLOURS = {
    "body": (0, 158, 115),
    "left_hand": (230, 159, 0),
    "right_hand": (86, 180, 233),
    "face": (204, 121, 167),
}
_CANVAS = (244, 246, 248)
_CANVAS_SIDE = 480
_MARGIN = 0.05
# MediaPipe guesses the legs below the picture's edge, with a low confidence; a canvas need not hold them.
_SURE = 0.5
_SMALLEST = 1e-6
# A film in a web page: no larger than this, and of even sides, which H.264 wants.
_FILM_SIDE = 640
_FARTHEST = 30_000


@dataclass(frozen=True)
class VideoStretch:
    """Where the pictures of a clip are: a video, seconds from its start, and the box that was cut out of it."""

    video: str
    start: float | None = None
    end: float | None = None
    box: str | None = None

    def frames(self) -> Iterator[Image]:
        """The pictures (H, W, 3), as the estimator saw them; `IsharaError` if the video cannot be read.

        Those of a video whose rate varies come evenly in time, as its landmarks do: some twice, some never.
        """
        from ishara.video import Box, stream_video

        box = None if self.box is None else Box.parse(self.box)
        with stream_video(self.video, start=self.start, end=self.end, box=box) as stream:
            yield from _evenly(stream, stream.fps) if stream.info.variable_rate else (picture for _, picture in stream)


def _evenly(timed: Iterable[tuple[float, Image]], fps: float) -> Iterator[Image]:
    """Of (seconds, picture) pairs the picture nearest to each 1 / fps seconds, from the first to the last."""
    given = 0
    first: float | None = None
    before: tuple[float, Image] | None = None
    for time, picture in timed:
        first = time if first is None else first
        while before is not None and first + given / fps < (before[0] + time) / 2:
            yield before[1]
            given += 1
        before = time, picture
    if first is not None and before is not None:
        for _ in range(given, max(round((before[0] - first) * fps), 0) + 1):
            yield before[1]


def draw_on_frames(pose: Pose, frames: Iterable[Image]) -> Iterator[Image]:
    """The clip's landmarks on its own pictures.

    Parameters
    ----------
    pose
        In pixels of the pictures.
    frames
        (H, W, 3) uint8 RGB, in the order of the pose's frames; the shorter of both ends the drawing.

    Yields
    ------
    (H, W, 3) uint8 RGB.
    """
    numbered = iter(frames)
    first = next(numbered, None)
    if first is None:
        return
    height, width = first.shape[:2]
    visualizer = _visualizer(pose, width, height)
    pictures = (np.ascontiguousarray(frame[..., ::-1]) for frame in _and_then(first, numbered))
    for drawn in visualizer.draw_on_video(pictures):
        yield np.ascontiguousarray(drawn[..., ::-1])


def draw_on_canvas(pose: Pose) -> Iterator[Image]:
    """The clip's landmarks on a blank canvas that holds what was surely seen.

    Yields
    ------
    (H, W, 3) uint8 RGB, the larger side 480.
    """
    sure = pose.confidence >= _SURE
    points = pose.coordinates[sure if sure.any() else pose.seen][:, :2]
    low, high = (points.min(axis=0), points.max(axis=0)) if len(points) else (np.zeros(2), np.ones(2))
    largest = max(float((high - low).max()), _SMALLEST)
    scale = _CANVAS_SIDE * (1 - 2 * _MARGIN) / largest
    width, height = np.clip(np.ceil((high - low) * scale + 2 * _MARGIN * _CANVAS_SIDE), 1, _CANVAS_SIDE).astype(int)
    coordinates = pose.coordinates * np.float32(scale)
    coordinates[..., :2] += _MARGIN * _CANVAS_SIDE - low * scale
    visualizer = _visualizer(pose.replace(coordinates), int(width), int(height))
    for drawn in visualizer.draw(background_color=_CANVAS[::-1]):
        yield np.ascontiguousarray(drawn[..., ::-1])


def draw_clip(pose: Pose, stretch: VideoStretch | None) -> Iterator[Image]:
    """The clip's landmarks on its video where that is known and there, else on a canvas."""
    if stretch is None or not is_there(stretch.video):
        return draw_on_canvas(pose)
    return draw_on_frames(pose, stretch.frames())


def is_there(video: str) -> bool:
    """Whether a local video is there; of one that is not local it is taken on trust."""
    return "://" in video or Path(video).is_file()


def write_film(path: str | Path, frames: Iterable[Image], fps: float) -> Path:
    """Write pictures as a film of at most 640 pixels along its larger side; see `ishara.video.write.write_video`."""
    return write_video(path, (shrink(picture, _FILM_SIDE, even=True) for picture in frames), fps)


def shrink(picture: Image, side: int, *, even: bool = False) -> Image:
    """A picture (H, W, 3) whose larger side is at most `side`; both sides are even numbers if that is asked for."""
    import cv2

    height, width = picture.shape[:2]
    scale = min(1.0, side / max(height, width))
    unit = 2 if even else 1
    size = [max(unit, round(length * scale / unit) * unit) for length in (width, height)]
    if size == [width, height]:
        return picture
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _and_then(first: Image, rest: Iterator[Image]) -> Iterator[Image]:
    yield first
    yield from rest


def _visualizer(pose: Pose, width: int, height: int) -> Any:
    """pose-format's visualizer of the clip on pictures of this size, each part in its colour."""
    with extra("mediapipe", "Pictures of landmarks"):
        import cv2  # noqa: F401 - pose-format draws with it
    from pose_format.numpy import NumPyPoseBody
    from pose_format.pose import Pose as FormatPose
    from pose_format.pose_header import PoseHeader, PoseHeaderDimensions
    from pose_format.pose_visualizer import PoseVisualizer

    groups = pose.skeleton.groups
    order = [pose.skeleton.index(name) for names in groups.values() for name in names]
    header = PoseHeader(0.2, PoseHeaderDimensions(width, height), [_component(pose, group) for group in groups])
    # OpenCV takes no larger numbers; what is so far outside the picture is not seen anyway.
    coordinates = np.clip(pose.coordinates[:, None, order], -_FARTHEST, _FARTHEST)
    body = NumPyPoseBody(pose.fps, coordinates, pose.confidence[:, None, order])
    # Thinner than pose-format's own choice, which hides the fingers of a signer who does not fill the picture.
    return PoseVisualizer(FormatPose(header, body), thickness=max(1, round((width * height) ** 0.5 / 300)))


def _component(pose: Pose, group: str) -> Any:
    from pose_format.pose_header import PoseHeaderComponent

    names = pose.skeleton.groups[group]
    place = {name: i for i, name in enumerate(names)}
    limbs = [(place[a], place[b]) for a, b in pose.skeleton.edges if a in place and b in place]
    points = "XYZC" if pose.coordinates.shape[2] == 3 else "XYC"
    return PoseHeaderComponent(group, list(names), limbs, [COLOURS[group]], points)
