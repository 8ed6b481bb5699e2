"""`stream_video`: frames one after another, as they are decoded, in memory that does not grow with the video."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.video import sampling
from ishara.video.access import OpenVideo, about, open_video
from ishara.video.box import Box
from ishara.video.container import explained
from ishara.video.info import VideoInfo
from ishara.video.picture import View
from ishara.video.sources import VideoSource


class VideoStream:
    """The frames of a stretch of a video; a context manager that gives (time, picture) pairs, decoding as it goes.

    Parameters
    ----------
    source, start, end, box, short_side
        As for `ishara.video.read_video`.
    stride
        Give every so many-th frame of the stretch, from its first.

    Examples
    --------
    >>> with stream_video("clip.mp4") as video:  # doctest: +SKIP
    ...     for time, rgb in video:
    ...         print(f"{time:.2f} of {video.info.duration:.2f} s", rgb.shape)
    """

    def __init__(
        self,
        source: VideoSource,
        *,
        start: float | None = None,
        end: float | None = None,
        box: Box | None = None,
        stride: int = 1,
        short_side: int | None = None,
    ) -> None:
        if stride < 1:
            raise IsharaError(f"The stride {stride} is not a number of frames; expected 1 or more.")
        self._source = source
        self._stretch = (start, end)
        self._box = box
        self._stride = stride
        self._short_side = short_side
        self._stack = ExitStack()
        self._video: OpenVideo | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            video = stack.enter_context(open_video(self._source))
            with about(video.source.name):
                index = video.index
                within = sampling.stretch(index.times, index.info.fps, *self._stretch)
                self._view = View.of(index.picture.shown, self._box, self._short_side, None)
            self._frames = within[:: self._stride]
            self._video = video
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._video = None
        self._stack.close()

    @property
    def info(self) -> VideoInfo:
        """What the whole file holds."""
        return self._opened.index.info

    @property
    def fps(self) -> float:
        """Frames per second of the file."""
        return self.info.fps

    def __len__(self) -> int:
        """How many frames are given."""
        return len(self._frames)

    def __iter__(self) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """(seconds from the file's first frame, (H, W, 3) uint8) of each frame."""
        video = self._opened
        with explained(video.source.name):
            for time, rgb in zip(video.index.times[self._frames], video.decode(self._frames, self._view), strict=True):
                yield float(time), rgb

    @property
    def _opened(self) -> OpenVideo:
        if self._video is None:
            raise RuntimeError("a video stream is read inside of its with statement")
        return self._video


def stream_video(
    source: VideoSource,
    *,
    start: float | None = None,
    end: float | None = None,
    box: Box | None = None,
    stride: int = 1,
    short_side: int | None = None,
) -> VideoStream:
    """The frames of a stretch, one after another: `VideoStream`.

    Raises
    ------
    IsharaError
        On entering the context or while reading, as `ishara.video.read_video`; at once if the stride is below 1.
    """
    return VideoStream(source, start=start, end=end, box=box, stride=stride, short_side=short_side)
