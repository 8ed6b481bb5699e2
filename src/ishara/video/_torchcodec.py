"""Decoding with TorchCodec, which needs torch and FFmpeg's shared libraries; the one module here that imports them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torchcodec.decoders import VideoDecoder  # type: ignore[attr-defined]
from torchcodec.transforms import DecoderTransform, Resize  # type: ignore[attr-defined]

from ishara.video.box import Box
from ishara.video.index import FrameIndex
from ishara.video.picture import View, scaled
from ishara.video.sources import Opened

# Frames that are decoded in one call: enough that calls cost nothing, few enough that they take little memory.
_AT_ONCE = 32


class _Crop(DecoderTransform):
    """Keep a rectangle; TorchCodec itself names only the middle and a random one."""

    def __init__(self, box: Box) -> None:
        self.box = box

    def _make_transform_spec(self, input_dims: tuple[int | None, int | None]) -> str:
        height, width = self._get_output_dims()
        return f"crop, {height}, {width}, {self.box.left}, {self.box.top}"

    def _get_output_dims(self) -> tuple[int, int]:
        return self.box.bottom - self.box.top, self.box.right - self.box.left


def decodes(video: bytes, shape: tuple[int, ...]) -> bool:
    """Whether a small video comes out with the shape (T, 3, H, W) that it has."""
    return tuple(VideoDecoder(video, device="cpu").get_all_frames().data.shape) == shape


def can_decode(index: FrameIndex) -> bool:
    """Whether TorchCodec can be trusted with a video: it finds frames by their timestamps, and does not mirror."""
    return index.timed and not index.picture.mirrored


def decode(
    source: Opened, stream: int, index: FrameIndex, wanted: NDArray[np.int64], view: View
) -> Iterator[NDArray[np.uint8]]:
    """Decode some frames, and convert only those.

    Parameters
    ----------
    source
        Where the video comes from.
    stream
        The number of its video stream.
    index
        Its index, in place of a scan of its own, so that every back-end means the same frames.
    wanted
        Numbers of the frames, rising, none twice.
    view
        The part and size that are wanted of each.

    Yields
    ------
    (H, W, 3) uint8
        RGB of each wanted frame.

    Raises
    ------
    RuntimeError, ValueError, IndexError
        If a frame cannot be decoded.
    """
    target: Any = source.rewound()  # any file that can read and seek will do, whatever TorchCodec's types say
    decoder = VideoDecoder(
        target,
        stream_index=stream,
        dimension_order="NHWC",
        device="cpu",
        transforms=_transforms(index, view),
        custom_frame_mappings=_mappings(index),
    )
    for first in range(0, len(wanted), _AT_ONCE):
        yield from decoder.get_frames_at(wanted[first : first + _AT_ONCE].tolist()).data.numpy()


def _transforms(index: FrameIndex, view: View) -> list[DecoderTransform]:
    """The filters, in TorchCodec's picture: turned as displayed, but its pixels still of their stored shape."""
    picture = index.picture
    own = (picture.height, picture.width) if picture.quarters % 2 else (picture.width, picture.height)
    box = scaled(view.region, picture.shown, own)
    steps: list[DecoderTransform] = []
    if box != (0, 0, *own):
        steps.append(_Crop(box))
    if (box.right - box.left, box.bottom - box.top) != (view.width, view.height):
        steps.append(Resize((view.height, view.width)))
    return steps


def _mappings(index: FrameIndex) -> str:
    keys = np.isin(index.stamps, index.keys).astype(int).tolist()
    stamps = index.stamps.tolist()
    lengths = [after - before for before, after in zip(stamps, stamps[1:], strict=False)] + [1]
    frames = [
        {"pts": stamp, "duration": length, "key_frame": key}
        for stamp, length, key in zip(stamps, lengths, keys, strict=True)
    ]
    return json.dumps({"frames": frames})
