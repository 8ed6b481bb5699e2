"""A film (``.mp4``): the recording with the glosses drawn into it while they are signed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ishara.evaluation.overlay import VideoStretch, draw_on_canvas
from ishara.extras import extra
from ishara.pose.files import is_landmark_file, read_pose
from ishara.spotting.formats.found import Found
from ishara.spotting.segment import Segment
from ishara.video import probe
from ishara.video.write import write_video

Image = NDArray[np.uint8]


def check_film() -> None:
    """`IsharaError` with what to type if what draws the letters is not installed."""
    with extra("spot", "Films with subtitles"):
        import ishara.spotting.formats.lettering  # noqa: F401


def write_film(path: Path, found: Found) -> Path:
    """Write the recording with subtitles: of a video its own pictures, of landmarks a drawing of them.

    Raises
    ------
    IsharaError
        If the recording cannot be read again, the film cannot be written, or a package is not installed.
    """
    check_film()
    if is_landmark_file(found.shown):
        pose = read_pose(found.shown)
        return write_video(path, subtitled(_even(draw_on_canvas(pose)), pose.fps, found.segments), pose.fps)
    fps = probe(found.shown).fps
    return write_video(path, subtitled(_even(VideoStretch(found.shown).frames()), fps, found.segments), fps)


def subtitled(frames: Iterable[Image], fps: float, segments: Sequence[Segment]) -> Iterator[Image]:
    """The pictures (H, W, 3) of a recording, in which each segment's label stands while it lasts.

    Parameters
    ----------
    frames
        Evenly in time, from the beginning of the recording.
    fps
        Frames per second.
    segments
        In their order.
    """
    from ishara.spotting.formats.lettering import Lettering

    lettering: Lettering | None = None
    at = 0
    for number, frame in enumerate(frames):
        # The middle of the frame, so that rounding puts none into a segment beside its own.
        time = (number + 0.5) / fps
        while at < len(segments) and segments[at].end <= time:
            at += 1
        if at < len(segments) and segments[at].start <= time:
            lettering = lettering or Lettering(*frame.shape[1::-1])
            frame = lettering.draw(frame, segments[at].label)
        yield frame


def _even(frames: Iterable[Image]) -> Iterator[Image]:
    """Pictures whose sides are even numbers, as H.264 wants them: without a last row or column."""
    for frame in frames:
        yield frame[: frame.shape[0] // 2 * 2, : frame.shape[1] // 2 * 2]
