"""Layers that several architectures share."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ishara.processor import is_amd


def sinusoids(count: int, size: int) -> Tensor:
    """(count, size) sine and cosine positions (Vaswani et al., 2017); `size` is even."""
    angle = torch.arange(count, dtype=torch.float32)[:, None] * sinusoid_rates(size)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)


def sinusoid_rates(size: int) -> Tensor:
    """(size / 2,): how fast each pair turns."""
    return torch.exp(torch.arange(0, size, 2, dtype=torch.float32) * (-math.log(10000.0) / size))


class SinusoidalPositions(nn.Module):
    """Adds sine and cosine positions (Vaswani et al., 2017) to sequences of any length.

    How fast each pair turns is kept as numbers, so that an exported graph has them as a constant.
    """

    rates: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("rates", sinusoid_rates(size), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, size) → (B, T, size); `size` is even."""
        angle = torch.arange(x.shape[1], device=x.device, dtype=torch.float32)[:, None] * self.rates
        return x + torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)


class TokenLinear(nn.Linear):
    """`nn.Linear` for many tokens, in fp32 on AMD's processors as a convolution of one pixel: `token_linear`."""

    def forward(self, x: Tensor) -> Tensor:
        return token_linear(x, self.weight, self.bias)


def token_linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """(..., inputs) → (..., outputs), as `F.linear`.

    In fp32 on a CPU that calls MKL, which leaves the wider instructions of AMD's processors unused. A convolution is
    oneDNN's, which uses them; it is given the tokens as pictures of one column, without a copy. On Intel's processors
    that is the slower of the two.
    """
    pictures = _pictures(x.shape[:-1].numel()) if _better_as_convolution(x) else None
    if pictures is None:
        return F.linear(x, weight, bias)
    columns = x.reshape(pictures, -1, 1, x.shape[-1]).permute(0, 3, 1, 2)
    return F.conv2d(columns, weight[:, :, None, None], bias).permute(0, 2, 3, 1).reshape(*x.shape[:-1], -1)


def _better_as_convolution(x: Tensor) -> bool:
    plain = x.device.type == "cpu" and x.dtype == torch.float32 and not torch.is_autocast_enabled("cpu") and is_amd()
    # A graph is for any number of tokens, none of which may be frozen into it.
    return plain and torch.backends.mkldnn.is_available() and not is_recorded()


def is_recorded() -> bool:
    """Whether a graph is made of what runs, for ONNX or by `torch.compile` or `torch.export`."""
    return torch.onnx.is_in_onnx_export() or torch.compiler.is_compiling()


@lru_cache(maxsize=256)
def _pictures(tokens: int) -> int | None:
    """Into how many pictures tokens are parted: PyTorch gives oneDNN at least 16, which wants some pixels in each."""
    return next((count for count in range(16, tokens // 8 + 1) if tokens % count == 0), None)


def attend(q: Tensor, k: Tensor, v: Tensor, allowed: Tensor | None = None) -> Tensor:
    """PyTorch's fused attention; in training in bf16 on a CPU it is computed in fp32, for its speed over few tokens."""
    half = q.dtype
    if q.device.type == "cpu" and half == torch.bfloat16 and q.requires_grad:
        with torch.autocast("cpu", enabled=False):
            q, k, v = q.float(), k.float(), v.float()
            return F.scaled_dot_product_attention(q, k, v, attn_mask=allowed).to(half)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=allowed)


class StochasticDepth(nn.Module):
    """In training a clip's branch is left out with some chance, and made up for elsewhere (Huang et al., 2016)."""

    def __init__(self, chance: float) -> None:
        super().__init__()
        self.chance = chance

    def forward(self, x: Tensor) -> Tensor:
        """(B, ...) → the same."""
        if not self.training or self.chance == 0:
            return x
        kept = torch.rand(len(x), device=x.device) >= self.chance
        return x * (kept / (1 - self.chance)).to(x.dtype).view(-1, *[1] * (x.ndim - 1))


class LateDropout(nn.Module):
    """Dropout that begins after so many batches of training; a run that is resumed goes on counting."""

    batches: Tensor

    def __init__(self, chance: float, after: int) -> None:
        super().__init__()
        self.chance = chance
        self.after = after
        self.register_buffer("batches", torch.zeros((), dtype=torch.int64))

    def forward(self, x: Tensor) -> Tensor:
        """Any shape → the same."""
        if not self.training:
            return x
        begun = int(self.batches) >= self.after
        self.batches += 1
        return F.dropout(x, self.chance) if begun else x


class DepthwiseConv(nn.Conv2d):
    """A convolution over time of each channel by itself, without a bias; `kernel` is odd and the length is kept.

    It is given the frames as pictures one pixel high whose channels lie together, as they do: on a CPU a quarter of
    the time of `nn.Conv1d`, which wants them apart.
    """

    def __init__(self, size: int, kernel: int) -> None:
        super().__init__(size, size, (1, kernel), padding=(0, kernel // 2), groups=size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, size), 0 for padding → (B, T, size)."""
        return super().forward(x[:, None].permute(0, 3, 1, 2)).permute(0, 2, 3, 1).squeeze(1)


class SelfAttention(nn.Module):
    """Multi-head attention through PyTorch's fused kernel.

    Parameters
    ----------
    size
        Model size, a multiple of `heads`.
    dropout
        Chance that an attention weight is dropped in training.
    linear
        Which kind of linear layer: `nn.Linear`, or `TokenLinear`.
    """

    def __init__(self, size: int, heads: int, dropout: float, linear: type[nn.Linear] = nn.Linear) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.qkv = linear(size, 3 * size)
        self.out = linear(size, size)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, T, size) → (B, T, size); `mask` (B, T) is True where a token may be attended to."""
        q, k, v = (self._split(part) for part in self.qkv(x).chunk(3, dim=-1))
        dropout = self.dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None, :], dropout_p=dropout)
        return self.out(mixed.transpose(1, 2).flatten(2))

    def first_token(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """The same for the first token alone, with its weights: (B, 1, size) and (B, T), the mean over heads."""
        size = x.shape[-1]
        q = F.linear(x[:, :1], self.qkv.weight[:size], self.qkv.bias[:size])
        k, v = F.linear(x, self.qkv.weight[size:], self.qkv.bias[size:]).chunk(2, dim=-1)
        q, k, v = self._split(q), self._split(k), self._split(v)
        scores = (q @ k.transpose(-2, -1)) * (q.shape[-1] ** -0.5)
        weights = scores.masked_fill(~mask[:, None, None, :], float("-inf")).softmax(dim=-1)
        mixed = F.dropout(weights, self.dropout, self.training) @ v
        return self.out(mixed.transpose(1, 2).flatten(2)), weights.mean(dim=1).squeeze(1)


class EncoderLayer(nn.Module):
    """A transformer encoder layer with normalisation after each residual sum, as in the BdSL-SPOTER notebook."""

    def __init__(self, size: int, heads: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        self.attention = SelfAttention(size, heads, dropout)
        self.feedforward = nn.Sequential(
            nn.Linear(size, feedforward), nn.ReLU(), nn.Dropout(dropout), nn.Linear(feedforward, size)
        )
        self.norm1 = nn.LayerNorm(size)
        self.norm2 = nn.LayerNorm(size)
        self.dropout = nn.Dropout(dropout)

    def _finish(self, x: Tensor, attended: Tensor) -> Tensor:
        x = self.norm1(x + self.dropout(attended))
        return self.norm2(x + self.dropout(self.feedforward(x)))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, T, size) → (B, T, size)."""
        return self._finish(x, self.attention(x, mask))

    def first_token(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """The layer's output for the first token alone, (B, 1, size), and its attention (B, T)."""
        attended, weights = self.attention.first_token(x, mask)
        return self._finish(x[:, :1], attended), weights


def over_frames(weights: Tensor, mask: Tensor) -> Tensor:
    """A class token's weights over [itself, frames] (B, 1 + T) as weights over real frames that sum to 1 (B, T)."""
    frames = weights[:, 1:] * mask
    return frames / frames.sum(dim=1, keepdim=True).clamp_min(1e-12)
