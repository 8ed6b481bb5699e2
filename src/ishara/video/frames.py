"""From a clip to the frames that a pixel model sees: sampled, cut to the signer and square; the same for all models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ishara.recipe import Pixels
from ishara.video import sampling
from ishara.video.access import OpenVideo, about, open_video
from ishara.video.backends import check_backend
from ishara.video.box import Box
from ishara.video.clip_sampling import sample
from ishara.video.framing import frame_view, random_part
from ishara.video.picture import View
from ishara.video.sources import VideoSource


@dataclass(frozen=True, eq=False)
class ClipFrames:
    """The frames of a clip that are looked at.

    Parameters
    ----------
    rgb
        (T, 3, S, S) uint8; T is at least 1, and less than was asked for where the clip is shorter.
    times
        (T,) float64: when each is shown first, in seconds from the file's first frame.
    """

    rgb: NDArray[np.uint8]
    times: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.rgb)


def read_clip(
    source: VideoSource,
    options: Pixels,
    *,
    start: float | None = None,
    end: float | None = None,
    box: Box | None = None,
    rng: np.random.Generator | None = None,
    backend: str = "auto",
) -> ClipFrames:
    """Decode and convert the frames of a clip that are looked at, and only those.

    Parameters
    ----------
    source
        A local path, an fsspec URL, or a binary file that is open and can seek.
    options
        How many frames, of what size, and what is cut away.
    start, end
        Seconds from the file's first frame; ``None`` for its beginning and end.
    box
        Where the signer is, in pixels of the displayed picture.
    rng
        Draws frames and the part of the picture in training; ``None`` for use and evaluation, where nothing is random.
        The changes of colours, and turns, are of `ishara.training.pixel_augment`.
    backend
        As for `ishara.video.read_video`. All of them give the same frames; their pixels differ by rounding.

    Raises
    ------
    IsharaError
        As `ishara.video.read_video`, which names the file; also if the box lies outside of the picture.
    """
    check_backend(backend)
    with open_video(source) as video:
        index = video.index
        within, view = _of_clip(video, options, start, end, box)
        chosen = within[sample(len(within), options, rng)]
        if rng is not None:
            view = random_part(view, options.augment, rng)
        rgb = np.zeros((len(chosen), 3, options.size, options.size), np.uint8)
        left, top = (options.size - view.width) // 2, (options.size - view.height) // 2
        inside = rgb[:, :, top : top + view.height, left : left + view.width]
        for number, picture in enumerate(video.decode(chosen, view, backend)):
            inside[number] = picture.transpose(2, 0, 1)
    return ClipFrames(rgb, index.times[chosen])


def count_frames(
    source: VideoSource,
    options: Pixels,
    *,
    start: float | None = None,
    end: float | None = None,
    box: Box | None = None,
) -> int:
    """How many frames of a clip `read_clip` gives; one frame of the file is decoded to see that it can be.

    Raises
    ------
    IsharaError
        As `read_clip`, as far as this shows without decoding the clip.
    """
    with open_video(source) as video:
        within, _ = _of_clip(video, options, start, end, box)
    return len(sample(len(within), options))


def _of_clip(
    video: OpenVideo, options: Pixels, start: float | None, end: float | None, box: Box | None
) -> tuple[NDArray[np.int64], View]:
    """The numbers of a clip's frames in its file, and what is seen of each."""
    with about(video.source.name):
        within = sampling.stretch(video.index.times, video.index.info.fps, start, end)
        return within, frame_view(video.index.picture.shown, box, options)
