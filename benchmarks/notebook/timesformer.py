"""The video notebook's TimeSformer (ASLive Sign2Text, cell 9): both attentions in one residual, no mask, fixed sizes.

The class token takes part in temporal attention, once per place, and is averaged there and again over frames. The two
layer normalisations that the notebook builds and never uses are kept: they are parameters of its model.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

SIZE = 768
PATCH = 16


class Attention(nn.Module):
    """`DividedSpaceTimeAttention`: time and then space, by `nn.MultiheadAttention` with its weights asked for."""

    def __init__(self, heads: int, frames: int, patches: int) -> None:
        super().__init__()
        self.frames = frames
        self.patches = patches
        self.temporal_attn = nn.MultiheadAttention(SIZE, heads, batch_first=True)
        self.spatial_attn = nn.MultiheadAttention(SIZE, heads, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1 + T P, size) → the same."""
        batch, frames, patches = len(x), self.frames, self.patches
        token, x = x[:, :1], x[:, 1:].reshape(batch, frames, patches, SIZE)
        x = x.permute(0, 2, 1, 3).contiguous().view(batch * patches, frames, SIZE)
        x = torch.cat([token.repeat(1, patches, 1).view(batch * patches, 1, SIZE), x], dim=1)
        x, _ = self.temporal_attn(x, x, x)
        token = x[:, :1].reshape(batch, patches, 1, SIZE).mean(dim=1)
        x = x[:, 1:].reshape(batch, patches, frames, SIZE).permute(0, 2, 1, 3)
        x = x.reshape(batch * frames, patches, SIZE)
        x = torch.cat([token.repeat(1, frames, 1).view(batch * frames, 1, SIZE), x], dim=1)
        x, _ = self.spatial_attn(x, x, x)
        token = x[:, :1].reshape(batch, frames, 1, SIZE).mean(dim=1)
        return torch.cat([token, x[:, 1:].reshape(batch, frames, patches, SIZE).flatten(1, 2)], dim=1)


class Block(nn.Module):
    """`TimesformerBlock`: normalise, attend, add; normalise, MLP, add."""

    def __init__(self, heads: int, frames: int, patches: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(SIZE)
        self.norm2 = nn.LayerNorm(SIZE)
        self.attn = Attention(heads, frames, patches)
        self.mlp = nn.Sequential(
            nn.Linear(SIZE, 4 * SIZE), nn.GELU(), nn.Dropout(0.0), nn.Linear(4 * SIZE, SIZE), nn.Dropout(0.0)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1 + T P, size) → the same."""
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class NotebookTimesformer(nn.Module):
    """`SignTimeSformer`; the notebook trains it with 32 frames, 5 blocks and 8 heads."""

    def __init__(self, num_classes: int, *, frames: int = 32, side: int = 224, blocks: int = 5, heads: int = 8) -> None:
        super().__init__()
        patches = (side // PATCH) ** 2
        self.proj = nn.Conv2d(3, SIZE, PATCH, stride=PATCH)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, SIZE))
        self.spatial_pos_embedding = nn.Parameter(torch.zeros(1, patches, SIZE))
        self.temporal_pos_embedding = nn.Parameter(torch.zeros(1, frames, SIZE))
        self.blocks = nn.ModuleList(Block(heads, frames, patches) for _ in range(blocks))
        self.layer_norm = nn.LayerNorm(SIZE)
        self.layer_norm_mlp = nn.LayerNorm(SIZE)
        self.norm = nn.LayerNorm(SIZE)
        self.head = nn.Linear(SIZE, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, 3, H, W) float32 → (B, C) logits."""
        batch, frames = x.shape[:2]
        x = self.proj(x.flatten(0, 1)).flatten(2).transpose(1, 2)
        patches = x.shape[1]
        x = torch.cat([self.cls_token.expand(batch, -1, -1), x.reshape(batch, frames * patches, SIZE)], dim=1)
        # In place on a slice, and each position repeated, as the notebook has it.
        x[:, 1:, :] = x[:, 1:, :] + self.spatial_pos_embedding.repeat(1, frames, 1)
        positions = self.temporal_pos_embedding.unsqueeze(2).repeat(1, 1, patches, 1)
        x[:, 1:, :] = x[:, 1:, :] + positions.view(1, frames * patches, SIZE)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)[:, 0])
