"""Learnt positions for another number of frames or size of picture: the nearest, as TimeSformer's own code takes.

As `F.interpolate` does, but in whole numbers: its float32 products round otherwise in another runtime.
"""

from __future__ import annotations

import torch
from torch import Tensor


def nearest_in_time(mask: Tensor, learnt: int) -> Tensor:
    """(B, T) which learnt position each frame takes: a clip's own frames, without its padding, are spread over all."""
    real = mask.long()
    place = (real.cumsum(dim=1) - 1).clamp_min(0)
    return place * learnt // real.sum(dim=1, keepdim=True)


def resample_time(positions: Tensor, frames: int) -> Tensor:
    """(1, T, size) learnt positions → (1, frames, size)."""
    return positions[:, torch.arange(frames, device=positions.device) * positions.shape[1] // frames]


def resample_grid(positions: Tensor, side: int, grid: tuple[int, int]) -> Tensor:
    """(1, 1 + side², size) learnt positions → (1, 1 + rows × columns, size): the class token's, and the nearest."""
    if grid == (side, side):
        return positions
    rows, columns = (torch.arange(count, device=positions.device) * side // count for count in grid)
    return torch.cat([positions[:, :1], positions[:, 1 + (rows[:, None] * side + columns).flatten()]], dim=1)
