"""`read_video` and `probe`: the frames of a video that are asked for, and what a video holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.video import sampling
from ishara.video.access import OpenVideo, about, open_video
from ishara.video.backends import check_backend
from ishara.video.box import Box
from ishara.video.info import VideoInfo
from ishara.video.picture import View
from ishara.video.sources import VideoSource

# The most that one call gives, in bytes: an hour of video would fill any memory.
LARGEST = 4 * 2**30


@dataclass(frozen=True, eq=False)
class Frames:
    """Frames of a video.

    Parameters
    ----------
    rgb
        (T, H, W, 3) uint8, as displayed.
    index
        (T,) int64: the number of each frame in the file, from 0.
    times
        (T,) float64: when each is shown first, in seconds from the file's first frame.
    info
        What the file holds.
    """

    rgb: NDArray[np.uint8]
    index: NDArray[np.int64]
    times: NDArray[np.float64]
    info: VideoInfo

    def __len__(self) -> int:
        return len(self.rgb)

    def __repr__(self) -> str:
        return f"Frames({'×'.join(map(str, self.rgb.shape))}, {self.times[0]:.2f} to {self.times[-1]:.2f} s)"


def probe(source: VideoSource, *, backend: str = "auto") -> VideoInfo:
    """What a video holds: its frames are counted, and one is decoded.

    Parameters
    ----------
    source
        As for `read_video`.
    backend
        As for `read_video`; all of them say the same.

    Raises
    ------
    IsharaError
        As `read_video`.
    """
    check_backend(backend)
    with open_video(source) as video:
        return video.index.info


def read_video(
    source: VideoSource,
    frames: Literal["all"] | int | Sequence[int] = "all",
    *,
    times: Sequence[float] | None = None,
    start: float | None = None,
    end: float | None = None,
    box: Box | None = None,
    short_side: int | None = None,
    square: int | None = None,
    backend: str = "auto",
) -> Frames:
    """Read frames of a video; only those asked for are converted and kept.

    Parameters
    ----------
    source
        A local path, an fsspec URL (``s3://…``, ``memory://…``), or a binary file that is open and can seek.
    frames
        ``"all"``; a number of frames, spread evenly as `ishara.video.sampling.uniform` has it; or their numbers in the
        file, from 0, in any order.
    times
        Instead of ``frames``: seconds from the first frame; the frame that is shown then is given.
    start, end
        Seconds from the first frame: ``"all"`` or the number is taken of this stretch, to the nearest frame and at
        least one frame long. An end beyond the file is its end.
    box
        Crop to this rectangle of the displayed picture first; what lies beyond the picture is left out.
    short_side
        Bring the shorter side to this many pixels and keep the shape.
    square
        Bring the shorter side to this many pixels and keep the square in the middle, so that all clips have one shape
        and nobody is squeezed.
    backend
        ``"pyav"``, ``"torchcodec"`` (faster; needs the extra ``train`` and FFmpeg's shared libraries), or ``"auto"``:
        PyAV, so that torch is not imported.

    Returns
    -------
    Frames
        RGB uint8 (T, H, W, 3), with each frame's number and time. Rotation, mirroring and the shape of pixels are
        applied as players do; transparency is left out.

    Raises
    ------
    IsharaError
        If the file is not there, is no video, is encrypted, truncated or damaged where it is read, claims pictures of
        more than 8192×4320 pixels, has not what was asked for, or gives more than 4 GiB; it names the file.
    """
    check_backend(backend)
    with open_video(source) as video:
        index, info = video.index, video.index.info
        with about(video.source.name):
            chosen = _chosen(video, frames, times, start, end)
            view = View.of(index.picture.shown, box, short_side, square)
            _check_size(len(chosen), view)
        unique, places = np.unique(chosen, return_inverse=True)
        rgb = np.empty((len(chosen), view.height, view.width, 3), np.uint8)
        for number, picture in enumerate(video.decode(unique, view, backend)):
            rgb[places == number] = picture
    return Frames(rgb, chosen, index.times[chosen], info)


def _chosen(
    video: OpenVideo,
    frames: Literal["all"] | int | Sequence[int],
    times: Sequence[float] | None,
    start: float | None,
    end: float | None,
) -> NDArray[np.int64]:
    """The numbers of the frames that are asked for."""
    index, info = video.index, video.index.info
    listed = times is not None or not isinstance(frames, (str, int, np.integer))
    if listed and (start is not None or end is not None):
        raise IsharaError("single frames and a stretch (start, end) were asked for; expected one of them.")
    if times is not None:
        if not (isinstance(frames, str) and frames == "all"):
            raise IsharaError("frames and times were both asked for; expected one of them.")
        return sampling.at_times(index.times, info.duration, times)
    within = sampling.stretch(index.times, info.fps, start, end)
    return sampling.choose(within, frames, info.frames)


def _check_size(count: int, view: View) -> None:
    size = count * view.width * view.height * 3
    if size > LARGEST:
        raise IsharaError(
            f"{count} frames of {view.width}×{view.height} pixels take {size / 2**30:.1f} GiB; at most "
            f"{LARGEST / 2**30:.0f} GiB are given. Ask for fewer frames, a stretch or a smaller size."
        )
