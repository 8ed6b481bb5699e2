"""BdSL-SPOTER: SPOTER with a weight per landmark, a further attention layer and a deeper GELU head.

Origin: the BdSL-SPOTER notebook. It has 1,032,588 parameters with 108 features and 60 classes: the notebook's 1,041,990
less the 9,402 of a classifier that it built and never used.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ishara.models.contract import ModelOutput, SignModel
from ishara.models.layers import SelfAttention, over_frames
from ishara.models.options import BdslSpoterOptions
from ishara.models.spoter import SpoterEncoder
from ishara.pose.features import FeatureLayout


class BdslSpoter(SignModel):
    """See the module's head; options: `BdslSpoterOptions`.

    Each landmark has one signing-space weight, by which all its features are multiplied; features of a whole group,
    such as presence, are left as they are.
    """

    classifier = "head.7"

    landmark_of: Tensor
    of_landmark: Tensor

    def __init__(self, options: BdslSpoterOptions, layout: FeatureLayout, num_classes: int) -> None:
        super().__init__()
        self.input_shape = (len(layout),)
        size = options.d_model
        self.signing_space_weights = nn.Parameter(torch.ones(len(layout.landmarks)))
        owner = torch.tensor(layout.landmark_of)
        self.register_buffer("landmark_of", owner.clamp_min(0), persistent=False)
        self.register_buffer("of_landmark", owner >= 0, persistent=False)
        self.encoder = SpoterEncoder(len(layout), options)
        self.space_attention = SelfAttention(size, options.space_heads, options.dropout)
        self.head = nn.Sequential(
            nn.LayerNorm(size),
            nn.Linear(size, size),
            nn.GELU(),
            nn.Dropout(options.dropout * 1.5),
            nn.Linear(size, size // 2),
            nn.GELU(),
            nn.Dropout(options.dropout),
            nn.Linear(size // 2, num_classes),
        )

    def forward(self, x: Tensor, mask: Tensor) -> ModelOutput:
        weight = self.signing_space_weights[self.landmark_of]
        x = x * torch.where(self.of_landmark, weight, 1.0)
        tokens, token_mask = self.encoder(x, mask, until=len(self.encoder.layers))
        attended, weights = self.space_attention.first_token(tokens, token_mask)
        embedding = (tokens[:, :1] + attended).squeeze(1)
        return ModelOutput(self.head(embedding), embedding, over_frames(weights, mask))


def build(options: BdslSpoterOptions, layout: FeatureLayout, num_classes: int) -> BdslSpoter:
    """Make the model for a feature layout."""
    return BdslSpoter(options, layout, num_classes)
