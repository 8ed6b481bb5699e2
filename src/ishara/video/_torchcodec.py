"""Decoding with TorchCodec, which needs torch and FFmpeg's shared libraries; the one module here that imports them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torchcodec.decoders import VideoDecoder

from ishara.video.index import FrameIndex
from ishara.video.picture import View, scaled
from ishara.video.sources import Opened

# Bytes of whole pictures that are decoded in one call, before they are cut and resized.
_AT_ONCE = 8 * 2**20


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
        custom_frame_mappings=_mappings(index),
    )
    # TorchCodec turns the picture as displayed, but its pixels keep their stored shape.
    picture = index.picture
    own = (picture.height, picture.width) if picture.quarters % 2 else (picture.width, picture.height)
    box = scaled(view.region, picture.shown, own)
    at_once = max(1, _AT_ONCE // (own[0] * own[1] * 3))
    for first in range(0, len(wanted), at_once):
        whole = decoder.get_frames_at(wanted[first : first + at_once].tolist()).data
        if whole.shape[1:3] != (own[1], own[0]):
            raise ValueError("the picture changes its size")
        yield from _resized(whole[:, box.top : box.bottom, box.left : box.right], view).numpy()


def _resized(rgb: torch.Tensor, view: View) -> torch.Tensor:
    """(T, H, W, 3) uint8 at the size of the view; faster than TorchCodec's own transforms, which go through FFmpeg."""
    size = (view.height, view.width)
    if rgb.shape[1:3] == size:
        return rgb
    planes = rgb.permute(0, 3, 1, 2)
    return torch.nn.functional.interpolate(planes, size, mode="bilinear", antialias=True).permute(0, 2, 3, 1)


def _mappings(index: FrameIndex) -> str:
    keys = np.isin(index.stamps, index.keys).astype(int).tolist()
    stamps = index.stamps.tolist()
    lengths = [after - before for before, after in zip(stamps, stamps[1:], strict=False)] + [1]
    frames = [
        {"pts": stamp, "duration": length, "key_frame": key}
        for stamp, length, key in zip(stamps, lengths, keys, strict=True)
    ]
    return json.dumps({"frames": frames})
