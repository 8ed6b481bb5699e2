"""Which back-ends decode here: TorchCodec only where it really does, found by decoding, not by importing it."""

from __future__ import annotations

import functools
import io

from ishara.errors import IsharaError, choices

BACKENDS = ("auto", "pyav", "torchcodec")
_UNLOADED = (
    "TorchCodec is installed but decodes nothing here: FFmpeg's shared libraries (versions 4 to 8) were not found. "
    "Install them (apt install ffmpeg; conda install ffmpeg), or leave the back-end at 'pyav'."
)
_SIDE = 32
_FRAMES = 3


def check_backend(backend: str) -> None:
    """Refuse a back-end that is not known or does not work here.

    Raises
    ------
    IsharaError
        If so; it says what to do.
    """
    if backend not in BACKENDS:
        raise IsharaError(f"There is no video back-end {backend!r}. {choices(backend, BACKENDS)}")
    if backend == "torchcodec" and (problem := torchcodec_problem()):
        raise IsharaError(problem)


def torchcodec_or_pyav() -> str:
    """TorchCodec where it decodes, else PyAV. Imports torch where it is there."""
    return "pyav" if torchcodec_problem() else "torchcodec"


@functools.cache
def torchcodec_problem() -> str | None:
    """Why TorchCodec does not decode here and what to do, or ``None`` where it does.

    It is tried on a few frames: with FFmpeg's libraries missing or of a wrong version it can be installed, and even be
    imported, and still not work.
    """
    try:
        from ishara.video import _torchcodec
    except ModuleNotFoundError as error:
        return f"TorchCodec cannot be used: {error.name} is not installed. Type: pip install 'ishara[train]'"
    except (ImportError, OSError, RuntimeError):
        return _UNLOADED
    try:
        works = _torchcodec.decodes(_few_frames(), (_FRAMES, 3, _SIDE, _SIDE))
    except (ImportError, OSError, RuntimeError):
        works = False
    return None if works else _UNLOADED


def _few_frames() -> bytes:
    """A video of a few grey frames."""
    import av
    import numpy as np

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = _SIDE, _SIDE, "yuv420p"
        for _ in range(_FRAMES):
            frame = av.VideoFrame.from_ndarray(np.full((_SIDE, _SIDE, 3), 128, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()
