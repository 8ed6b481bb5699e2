"""Pictures that come over the wire: JPEG, looked at before it is decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_BEGIN, _END = b"\xff\xd8", b"\xff\xd9"
# Markers that begin a frame (ITU-T T.81, table B.1), and those that have no length.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset((0x01, *range(0xD0, 0xDA)))
_SCAN = 0xDA


def picture_size(data: bytes) -> tuple[int, int]:
    """Width and height that a JPEG claims, without decoding it.

    Raises
    ------
    IsharaError
        If it is no JPEG, or says no size.
    """
    if not data.startswith(_BEGIN):
        raise IsharaError("The picture is not a JPEG.")
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker in _FRAMES and place + 9 <= len(data):
            return int.from_bytes(data[place + 7 : place + 9]), int.from_bytes(data[place + 5 : place + 7])
        if marker == _SCAN:
            break
        # A marker may be preceded by any number of fill bytes.
        filled, alone = marker == 0xFF, marker in _ALONE
        place += 1 if filled else 2 if alone else 2 + int.from_bytes(data[place + 2 : place + 4])
    raise IsharaError("The picture is a JPEG without a size: it is damaged.")


class JpegDecoder:
    """Decodes the pictures of one stream.

    Parameters
    ----------
    most_pixels
        A picture that claims more is refused before anything is decoded.
    """

    def __init__(self, most_pixels: int) -> None:
        import av

        self._most = most_pixels
        self._context = av.CodecContext.create("mjpeg", "r")
        self._context.thread_count = 1
        self._context.options = {"max_pixels": str(most_pixels), "err_detect": "explode"}

    def frame(self, data: bytes) -> VideoFrame:
        """The picture as FFmpeg's decoder gives it.

        Raises
        ------
        IsharaError
            If it is not a whole JPEG, or too large.
        """
        import av

        width, height = picture_size(data)
        if width * height > self._most:
            raise IsharaError(f"The picture has {width}×{height} pixels; at most {self._most:,} pixels are taken.")
        # Encoders of some cameras fill up with zeros.
        if not data.rstrip(b"\0").endswith(_END):
            raise IsharaError("The picture is cut off: a JPEG ends with FF D9.")
        try:
            frames = self._context.decode(av.Packet(data))
        except av.FFmpegError as error:
            raise IsharaError(f"The picture is a damaged JPEG ({error.strerror}).") from None
        if not frames:
            raise IsharaError("The picture is a damaged JPEG (nothing could be decoded).")
        return frames[0]

    def rgb(self, data: bytes) -> NDArray[np.uint8]:
        """The picture as (H, W, 3) RGB; errors as `frame`."""
        return np.asarray(self.frame(data).to_ndarray(format="rgb24"), np.uint8)
