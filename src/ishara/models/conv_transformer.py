"""Conv-transformer: depthwise convolutions over time and transformer blocks, by turns, over landmark features.

Origin: the winner of Kaggle's "Google – Isolated Sign Language Recognition" (hoyso48, 2023): "1D CNN + Transformer",
https://www.kaggle.com/competitions/asl-signs/discussion/406684. Differences: the convolutions see frames before and
after, and not only before; frames are pooled by attention and not by their mean; batch statistics are of real frames.
"""

from __future__ import annotations

from torch import Tensor, nn

from ishara.models.contract import ModelOutput, SignModel
from ishara.models.layers import (
    DepthwiseConv,
    LateDropout,
    SelfAttention,
    SinusoidalPositions,
    StochasticDepth,
    TokenLinear,
)
from ishara.models.norms import make_norm, over
from ishara.models.options import ConvTransformerOptions
from ishara.models.pooling import AttentionPooling, ChannelAttention
from ishara.pose.features import FeatureLayout


class ConvBlock(nn.Module):
    """Widen, look along time, weigh the channels, narrow again; added to what came in."""

    def __init__(self, options: ConvTransformerOptions) -> None:
        super().__init__()
        size, wide = options.d_model, options.d_model * options.expand
        self.widen = TokenLinear(size, wide)
        self.activation = nn.SiLU()
        self.over_time = DepthwiseConv(wide, options.kernel)
        self.norm = make_norm(options.norm, wide)
        self.channels = ChannelAttention()
        self.narrow = TokenLinear(wide, size)
        self.drop_path = StochasticDepth(options.drop_path)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, T, size) → (B, T, size)."""
        wide = self.activation(self.widen(x))
        # A convolution sees 0 beyond a clip's end; so it does where padding follows.
        wide = self.norm(self.over_time(wide * over(wide, mask)), mask)
        return x + self.drop_path(self.narrow(self.channels(wide, mask)))


class TransformerBlock(nn.Module):
    """Self-attention and an MLP, each after a normalisation and added to what came in."""

    def __init__(self, options: ConvTransformerOptions) -> None:
        super().__init__()
        size, wide = options.d_model, options.d_model * options.expand
        self.norm1 = make_norm(options.norm, size)
        self.attention = SelfAttention(size, options.heads, options.dropout, TokenLinear)
        self.norm2 = make_norm(options.norm, size)
        self.feedforward = nn.Sequential(
            TokenLinear(size, wide), nn.SiLU(), nn.Dropout(options.dropout), TokenLinear(wide, size)
        )
        self.drop_path = StochasticDepth(options.drop_path)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, T, size) → (B, T, size)."""
        x = x + self.drop_path(self.attention(self.norm1(x, mask), mask))
        return x + self.drop_path(self.feedforward(self.norm2(x, mask)))


class ConvTransformer(SignModel):
    """See the module's head; options: `ConvTransformerOptions`."""

    classifier = "head.1"

    def __init__(self, options: ConvTransformerOptions, features: int, num_classes: int) -> None:
        super().__init__()
        self.input_shape = (features,)
        size = options.d_model
        self.project = TokenLinear(features, size, bias=False)
        self.norm = make_norm(options.norm, size)
        self.positions = SinusoidalPositions(size) if options.positions == "sinusoidal" else None
        self.blocks = nn.ModuleList(
            block(options)
            for _ in range(options.stages)
            for block in (*[ConvBlock] * options.convolutions, TransformerBlock)
        )
        self.top = TokenLinear(size, 2 * size)
        self.pool = AttentionPooling(2 * size)
        late = LateDropout(options.head_dropout, after=options.late_dropout)
        self.head = nn.Sequential(late, nn.Linear(2 * size, num_classes))

    def forward(self, x: Tensor, mask: Tensor) -> ModelOutput:
        x = self.norm(self.project(x), mask)
        if self.positions is not None:
            x = self.positions(x)
        for block in self.blocks:
            x = block(x, mask)
        embedding, attention = self.pool(self.top(x), mask)
        return ModelOutput(self.head(embedding), embedding, attention)


def build(options: ConvTransformerOptions, layout: FeatureLayout, num_classes: int) -> ConvTransformer:
    """Make the model for a feature layout."""
    return ConvTransformer(options, len(layout), num_classes)
