"""Opening a video file with PyAV, so that whatever is wrong with it ends in one clear message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ishara.errors import IsharaError
from ishara.video.sources import Opened

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

# The largest picture that is read: 8K. A file may claim any size; beyond this it is refused before a frame is decoded.
PIXEL_LIMIT = 8192 * 4320
# Files that hold video or sound in themselves. Playlists (HLS, DASH, concat) would open other files and addresses.
_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,apng,mpegts,mpeg,mpegvideo,flv,asf,ogg,mxf,nut,dv,ivf,h264,hevc,"
    "m4v,mjpeg,yuv4mpegpipe,mp3,wav,aac,flac"
)


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn what FFmpeg says about a file into an error that names it.

    Raises
    ------
    IsharaError
        If anything in the block fails.
    """
    import av

    try:
        yield
    except IsharaError:
        raise
    except MemoryError:
        raise IsharaError(f"{name}: does not fit into memory; ask for fewer frames or a smaller size.") from None
    except (av.FFmpegError, OSError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
        raise IsharaError(
            f"{name}: is truncated, damaged or not a video ({reason}). Play it to see, or get the file again."
        ) from None


@contextmanager
def open_container(source: Opened) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file and find its video.

    Raises
    ------
    IsharaError
        If it is no video, has only sound, a picture that is too large, or a codec that FFmpeg here cannot decode.
    """
    import av

    with explained(source.name):
        container = av.open(
            _address(source),
            "r",
            # max_pixels: FFmpeg may decode a frame to learn about a file before anything can be asked of it.
            options={"max_pixels": str(PIXEL_LIMIT), "format_whitelist": _FORMATS, "protocol_whitelist": "file"},
            metadata_errors="ignore",
        )
        with container:
            yield container, _video_stream(source.name, container)


def _address(source: Opened) -> Any:
    target = source.rewound()
    return f"file:{target}" if isinstance(target, str) else target


def _video_stream(name: str, container: InputContainer) -> VideoStream:
    from av.stream import Discard, Disposition

    # The picture on the cover of a recording is no video.
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        found = "only sound" if container.streams.audio else "no picture"
        raise IsharaError(f"{name}: has {found}; expected a video.")
    best = container.streams.best("video")
    stream = next((s for s in streams if best is not None and s.index == best.index), streams[0])
    if stream.codec_context is None:
        raise IsharaError(
            f"{name}: is coded in a way that FFmpeg cannot decode here. Convert it: ffmpeg -i IN -c:v libx264 OUT.mp4"
        )
    width, height = stream.codec_context.width, stream.codec_context.height
    if not width or not height:
        raise IsharaError(
            f"{name}: its picture has no size, or one beyond 8192×4320 pixels; larger ones are not read. It may be "
            "damaged: get the file again, or scale it down."
        )
    if width * height > PIXEL_LIMIT:
        raise IsharaError(
            f"{name}: claims pictures of {width}×{height} pixels; at most {PIXEL_LIMIT} pixels (8192×4320) are read. "
            "Scale it down, or get the file again if it should be smaller."
        )
    # One thread a video: what is in a hurry reads many videos at once.
    stream.codec_context.thread_count = 1
    # The picture may grow on the way.
    stream.codec_context.options = {"max_pixels": str(PIXEL_LIMIT)}
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    return stream
