"""SPOTER: an encoder-only transformer with a class token over landmark features.

Origin: Boháček & Hrúz, "Sign Pose-based Transformer for Word-level Sign Language Recognition" (WACV-W 2022), in the
encoder-only form of the BdSL-SPOTER notebook. With 108 features and 60 classes it has its 973,674 parameters.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ishara.models.contract import ModelOutput, SignModel
from ishara.models.layers import EncoderLayer, SinusoidalPositions, over_frames
from ishara.models.options import SpoterOptions
from ishara.pose.features import FeatureLayout


class SpoterEncoder(nn.Module):
    """Features with a class token before them, through all encoder layers but the last."""

    def __init__(self, features: int, options: SpoterOptions) -> None:
        super().__init__()
        size = options.d_model
        self.project = nn.Linear(features, size)
        self.positions = SinusoidalPositions(size)
        self.class_token = nn.Parameter(torch.randn(1, 1, size))
        self.layers = nn.ModuleList(
            EncoderLayer(size, options.heads, options.feedforward, options.dropout) for _ in range(options.layers)
        )

    @property
    def last(self) -> EncoderLayer:
        """The last layer."""
        layer = self.layers[-1]
        assert isinstance(layer, EncoderLayer)
        return layer

    def forward(self, x: Tensor, mask: Tensor, *, until: int) -> tuple[Tensor, Tensor]:
        """Features (B, T, F) → tokens (B, 1 + T, size) after `until` layers, and their mask (B, 1 + T)."""
        tokens = torch.cat([self.class_token.expand(x.shape[0], -1, -1), self.project(x)], dim=1)
        tokens = self.positions(tokens)
        mask = torch.cat([torch.ones_like(mask[:, :1]), mask], dim=1)
        for layer in self.layers[:until]:
            tokens = layer(tokens, mask)
        return tokens, mask


class Spoter(SignModel):
    """See the module's head; options: `SpoterOptions`."""

    classifier = "head.5"

    def __init__(self, options: SpoterOptions, features: int, num_classes: int) -> None:
        super().__init__()
        self.input_shape = (features,)
        size = options.d_model
        self.encoder = SpoterEncoder(features, options)
        self.head = nn.Sequential(
            nn.LayerNorm(size),
            nn.Dropout(options.dropout),
            nn.Linear(size, size // 2),
            nn.ReLU(),
            nn.Dropout(options.dropout),
            nn.Linear(size // 2, num_classes),
        )

    def forward(self, x: Tensor, mask: Tensor) -> ModelOutput:
        tokens, token_mask = self.encoder(x, mask, until=-1)
        # Only the class token is read, so the last layer computes nothing else.
        token, weights = self.encoder.last.first_token(tokens, token_mask)
        embedding = token.squeeze(1)
        return ModelOutput(self.head(embedding), embedding, over_frames(weights, mask))


def build(options: SpoterOptions, layout: FeatureLayout, num_classes: int) -> Spoter:
    """Make the model for a feature layout."""
    return Spoter(options, len(layout), num_classes)
