"""The video notebook's loader (ASLive Sign2Text, cells 3 and 19): every frame is decoded, kept and turned in Python.

As written, it takes each colour of a frame for a frame: TorchCodec gives (3, H, W), the loop goes over the first axis,
and each (H, W) plane is repeated to a grey picture. So a clip of T frames becomes 3 T grey ones. ``mended=True`` takes
frames for frames, which is a third of the work; everything else is the same. The transform is PyTorchVideo's test
transform in the notebook, written out: 32 frames evenly, to float, shorter side to 224, still oblong.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from torchcodec.decoders import VideoDecoder

FRAMES = 32
SIDE = 224


def notebook_clip(path: str | Path, *, mended: bool) -> Tensor:
    """(32, 3, H, W) float32, 0 to 1, of one clip, as the notebook's data set gives it."""
    return notebook_transform(_stacked(path, mended=mended))


def _stacked(path: str | Path, *, mended: bool) -> Tensor:
    """(T, 3, H, W) uint8: all frames."""
    if mended:
        decoder = VideoDecoder(path, dimension_order="NHWC")
        return torch.stack([frame.permute(2, 0, 1) for frame in decoder])
    frames = []
    for chunk in VideoDecoder(path):
        for plane in chunk:
            frame = plane.unsqueeze(2).repeat(1, 1, 3)
            frames.append(frame.permute(2, 0, 1))
    return torch.stack(frames)


def notebook_transform(frames: Tensor) -> Tensor:
    """`UniformTemporalSubsample`, `ConvertUint8ToFloat` and `ShortSideScale` of PyTorchVideo."""
    index = torch.linspace(0, len(frames) - 1, FRAMES).clamp(0, len(frames) - 1).long()
    sampled = torch.index_select(frames, 0, index).float() / 255
    height, width = sampled.shape[2:]
    short = min(height, width)
    size = (height * SIDE // short, width * SIDE // short)
    return F.interpolate(sampled, size=size, mode="bilinear", align_corners=False)
