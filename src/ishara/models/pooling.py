"""From frames to a clip, without padding."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class AttentionPooling(nn.Module):
    """The mean over real frames, weighted by a learnt score of each; at first every frame counts the same."""

    def __init__(self, size: int) -> None:
        super().__init__()
        # Without a bias, which the softmax would not see.
        self.score = nn.Linear(size, 1, bias=False)
        nn.init.zeros_(self.score.weight)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, size) and the mask (B, T) → (B, size) and the frames' weights (B, T)."""
        scores = self.score(x).squeeze(-1).float()
        weights = scores.masked_fill(~mask, float("-inf")).softmax(dim=1)
        return (weights[:, None].to(x.dtype) @ x).squeeze(1), weights


class ChannelAttention(nn.Module):
    """Efficient channel attention: a clip's channels are weighed by their means over real frames.

    Origin: Wang et al., "ECA-Net" (CVPR 2020).
    """

    def __init__(self, kernel: int = 5) -> None:
        super().__init__()
        self.mix = nn.Conv1d(1, 1, kernel, padding=kernel // 2, bias=False)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, T, size), 0 for padding, and the mask (B, T) → (B, T, size)."""
        mean = x.sum(dim=1, dtype=torch.float32) / mask.sum(dim=1, keepdim=True)
        gate: Tensor = self.mix(mean[:, None]).sigmoid()
        return x * gate.to(x.dtype)
