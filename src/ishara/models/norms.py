"""Normalisation of clips of unequal length: padding neither counts in it nor comes out of it."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Of the newest batch in the running statistics; Keras says 0.95 for the same.
_MOMENTUM = 0.05


class MaskedBatchNorm(nn.Module):
    """`nn.BatchNorm1d` over the real frames of a batch alone; the statistics are float32 under any precision.

    In use it is one product and one sum per channel. The `nn.BatchNorm1d` inside is an ordinary one, which
    `nn.SyncBatchNorm.convert_sync_batchnorm` finds.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(size, momentum=_MOMENTUM)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, T, ..., size) and the frames' mask (B, T) → the same shape, 0 for padding."""
        if self.training:
            return self._by_batch(x, mask)
        norm = self.norm
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        shift = norm.bias - norm.running_mean * scale
        return (x * scale + shift).to(x.dtype) * over(x, mask)

    def _by_batch(self, x: Tensor, mask: Tensor) -> Tensor:
        frames = x.flatten(0, 1)
        real = mask.flatten().nonzero().squeeze(1)
        values = frames.index_select(0, real).float()
        rows = values.reshape(-1, x.shape[-1])
        # One value has no variance to be normalised by; what is known from before has.
        normalised: Tensor = self.norm(rows) if len(rows) > 1 else self._as_in_use(rows)
        back = normalised.view_as(values).to(x.dtype)
        return torch.zeros_like(frames).index_copy(0, real, back).view_as(x)

    def _as_in_use(self, rows: Tensor) -> Tensor:
        norm = self.norm
        return F.batch_norm(rows, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps)


class MaskedLayerNorm(nn.Module):
    """`nn.LayerNorm` of each frame by itself (and of each joint, where frames have joints)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(size)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, T, ..., size) and the frames' mask (B, T) → the same shape, 0 for padding."""
        normalised: Tensor = self.norm(x)
        return normalised * over(x, mask)


def make_norm(kind: Literal["batch", "layer"], size: int) -> MaskedBatchNorm | MaskedLayerNorm:
    """The normalisation that options name."""
    return MaskedBatchNorm(size) if kind == "batch" else MaskedLayerNorm(size)


def over(x: Tensor, mask: Tensor) -> Tensor:
    """The frames' mask (B, T) in the shape that multiplies (B, T, ...)."""
    return mask[(..., *[None] * (x.ndim - 2))]
