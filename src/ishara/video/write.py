"""Writing pictures as a film that every browser plays."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError

_CODEC: Final = "libx264"
_QUALITY = {"crf": "23"}
_SLOWEST, _FASTEST = 1.0, 240.0


def write_video(
    path: str | Path, frames: Iterable[NDArray[np.uint8]], fps: float, *, options: Mapping[str, str] = _QUALITY
) -> Path:
    """Write pictures as H.264 in an mp4 file, whole or not at all.

    Parameters
    ----------
    path
        The file.
    frames
        (H, W, 3) uint8 RGB, all of one size, whose sides are even numbers.
    fps
        Frames per second; below 1 and above 240 the film is written at those.
    options
        Of the encoder, x264.

    Raises
    ------
    IsharaError
        If there is no frame, or the file cannot be written.
    """
    import av

    path = Path(path)
    partial = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    number = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The same pictures give the same file: nothing of the clock or the library's version is written.
        with av.open(str(partial), "w", format="mp4", options={"fflags": "+bitexact"}) as film:
            rate = Fraction(min(max(fps, _SLOWEST), _FASTEST)).limit_denominator(1001)
            stream = film.add_stream(_CODEC, rate=rate, options=dict(options))
            stream.pix_fmt = "yuv420p"
            for number, picture in enumerate(frames, start=1):
                if number == 1:
                    stream.height, stream.width = picture.shape[:2]
                film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            if not number:
                raise IsharaError(f"{path}: there is no frame to write.")
            film.mux(stream.encode())
        partial.replace(path)
    except (OSError, av.error.FFmpegError) as error:
        raise IsharaError(f"{path}: cannot be written ({error.strerror}).") from None
    finally:
        with suppress(OSError):  # its folder may be none
            partial.unlink()
    return path
