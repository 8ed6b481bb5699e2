"""The notebook's two models: attention written by hand, no mask, at most 299 frames.

Cells 4 to 7 (SPOTER, 973,674 parameters with 60 classes) and 13 (BdSL-SPOTER, 1,041,990, of which 9,402 are of its
parent's classifier, which is built and never used). The one change: the Bengali head's size follows the vocabulary,
where the notebook writes 60.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

FEATURES = 108
LANDMARKS = 54
_SIZE = 108
_HEADS = 9
_LAYERS = 6
_FEEDFORWARD = 512
_POSITIONS = 300
_DROPOUT = 0.1
_SPACE_HEADS = 3


class PositionalEncoding(nn.Module):
    """Sine and cosine positions from a buffer of fixed length (cell 4)."""

    pe: Tensor

    def __init__(self) -> None:
        super().__init__()
        position = torch.arange(_POSITIONS, dtype=torch.float32)[:, None]
        rate = torch.exp(torch.arange(0, _SIZE, 2).float() * (-math.log(10000.0) / _SIZE))
        pe = torch.zeros(1, _POSITIONS, _SIZE)
        pe[0, :, 0::2] = torch.sin(position * rate)
        pe[0, :, 1::2] = torch.cos(position * rate)
        self.register_buffer("pe", pe)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, size) → the same, T up to 300."""
        return x + self.pe[:, : x.shape[1]]


class MultiHeadAttention(nn.Module):
    """Scaled dot-product attention of products and softmax, with four separate projections (cell 5)."""

    def __init__(self) -> None:
        super().__init__()
        self.w_q = nn.Linear(_SIZE, _SIZE)
        self.w_k = nn.Linear(_SIZE, _SIZE)
        self.w_v = nn.Linear(_SIZE, _SIZE)
        self.w_o = nn.Linear(_SIZE, _SIZE)
        self.dropout = nn.Dropout(_DROPOUT)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, size) → (B, T, size)."""
        batch, width = len(x), _SIZE // _HEADS
        q, k, v = (w(x).view(batch, -1, _HEADS, width).transpose(1, 2) for w in (self.w_q, self.w_k, self.w_v))
        scores = torch.matmul(q, k.transpose(-2, -1)) / math.sqrt(width)
        mixed = torch.matmul(self.dropout(torch.softmax(scores, dim=-1)), v)
        return self.w_o(mixed.transpose(1, 2).contiguous().view(batch, -1, _SIZE))


class EncoderLayer(nn.Module):
    """Attention and feed-forward, each normalised after its residual sum (cell 6)."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = MultiHeadAttention()
        self.feedforward = nn.Sequential(
            nn.Linear(_SIZE, _FEEDFORWARD), nn.ReLU(), nn.Dropout(_DROPOUT), nn.Linear(_FEEDFORWARD, _SIZE)
        )
        self.norm1 = nn.LayerNorm(_SIZE)
        self.norm2 = nn.LayerNorm(_SIZE)
        self.dropout = nn.Dropout(_DROPOUT)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, size) → (B, T, size)."""
        x = self.norm1(x + self.dropout(self.attention(x)))
        return self.norm2(x + self.dropout(self.feedforward(x)))


class NotebookSpoter(nn.Module):
    """Encoder-only SPOTER with a class token; padding frames take part like any other (cell 7)."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.input_projection = nn.Linear(FEATURES, _SIZE)
        self.positional_encoding = PositionalEncoding()
        self.encoder_layers = nn.ModuleList(EncoderLayer() for _ in range(_LAYERS))
        self.classifier = nn.Sequential(
            nn.LayerNorm(_SIZE),
            nn.Dropout(_DROPOUT),
            nn.Linear(_SIZE, _SIZE // 2),
            nn.ReLU(),
            nn.Dropout(_DROPOUT),
            nn.Linear(_SIZE // 2, num_classes),
        )
        self.class_token = nn.Parameter(torch.randn(1, 1, _SIZE))

    def encode(self, x: Tensor) -> Tensor:
        """(B, T, 108) → (B, 1 + T, size), the class token first."""
        tokens = torch.cat([self.class_token.expand(len(x), -1, -1), self.input_projection(x)], dim=1)
        tokens = self.positional_encoding(tokens)
        for layer in self.encoder_layers:
            tokens = layer(tokens)
        return tokens

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, 108) features → (B, C) logits."""
        return self.classifier(self.encode(x)[:, 0])


class NotebookBdslSpoter(NotebookSpoter):
    """SPOTER with landmark weights, a further attention layer and a GELU head (cell 13).

    The 54 weights are repeated one after another, as if the input were all x and then all y. The notebook's input
    alternates x and y, so that most weights meet two landmarks, neither of them their own. It is left so.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__(num_classes)
        self.space_attention = nn.MultiheadAttention(_SIZE, _SPACE_HEADS, dropout=0.1)
        self.head = nn.Sequential(
            nn.LayerNorm(_SIZE),
            nn.Linear(_SIZE, _SIZE),
            nn.GELU(),
            nn.Dropout(0.15),
            nn.Linear(_SIZE, _SIZE // 2),
            nn.GELU(),
            nn.Dropout(0.1),
            nn.Linear(_SIZE // 2, num_classes),
        )
        self.signing_space_weights = nn.Parameter(torch.ones(LANDMARKS))

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, 108) features → (B, C) logits."""
        tokens = self.encode(x * self.signing_space_weights.repeat(2)).transpose(0, 1)
        attended, _ = self.space_attention(tokens, tokens, tokens)
        return self.head((tokens + attended)[0])


def to_ishara(model: NotebookSpoter) -> dict[str, Tensor]:
    """The weights of a notebook model under the names of `ishara.models`; the unused classifier is left out."""
    given = model.state_dict()
    mapped = {"encoder.class_token": given["class_token"]}
    for part in ("weight", "bias"):
        mapped[f"encoder.project.{part}"] = given[f"input_projection.{part}"]
        for i in range(_LAYERS):
            old, new = f"encoder_layers.{i}", f"encoder.layers.{i}"
            separate = [given[f"{old}.attention.{w}.{part}"] for w in ("w_q", "w_k", "w_v")]
            mapped[f"{new}.attention.qkv.{part}"] = torch.cat(separate)
            mapped[f"{new}.attention.out.{part}"] = given[f"{old}.attention.w_o.{part}"]
            for same in ("feedforward.0", "feedforward.3", "norm1", "norm2"):
                mapped[f"{new}.{same}.{part}"] = given[f"{old}.{same}.{part}"]
    if not isinstance(model, NotebookBdslSpoter):
        return mapped | _renamed(given, "classifier", "head")
    mapped["signing_space_weights"] = given["signing_space_weights"]
    for part in ("weight", "bias"):
        mapped[f"space_attention.qkv.{part}"] = given[f"space_attention.in_proj_{part}"]
        mapped[f"space_attention.out.{part}"] = given[f"space_attention.out_proj.{part}"]
    return mapped | _renamed(given, "head", "head")


def _renamed(weights: dict[str, Tensor], old: str, new: str) -> dict[str, Tensor]:
    return {new + key.removeprefix(old): value for key, value in weights.items() if key.startswith(f"{old}.")}
