"""Sign2Text: a ResNet per frame, sinusoidal positions, a bidirectional LSTM and additive attention over frames.

Origin: the ASLive Sign2Text notebook. With its sizes and 10 classes it has the notebook's 14,595,915 parameters.
Additive attention: Bahdanau et al., "Neural Machine Translation by Jointly Learning to Align and Translate" (2015).
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ishara.errors import IsharaError
from ishara.models.backbones import FrameEncoder
from ishara.models.contract import ModelOutput
from ishara.models.layers import SinusoidalPositions
from ishara.models.options import Sign2TextOptions
from ishara.models.pixels import PixelModel
from ishara.models.published import Published
from ishara.models.weights import fit_weights
from ishara.pose.features import FeatureLayout


class Sign2Text(PixelModel):
    """See the module's head; options: `Sign2TextOptions`.

    ``model(x, mask)`` is ``model.from_features(model.frame_features(x, mask), mask)``: where the ResNet is frozen
    (`features_are_fixed`), frames' features can be computed once and kept, under the name of `fingerprint`.
    """

    classifier = "head.3"
    smallest = 32

    def __init__(self, options: Sign2TextOptions, num_classes: int) -> None:
        super().__init__(options)
        size, both = options.features, 2 * options.hidden
        self.backbone = FrameEncoder(options)
        self.projection = nn.Identity() if size == self.backbone.size else nn.Linear(self.backbone.size, size)
        self.norm = nn.LayerNorm(size) if options.residual else nn.Identity()
        self.residual = options.residual
        self.positions = SinusoidalPositions(size)
        self.dropout = nn.Dropout(options.dropout)
        between = options.dropout if options.layers > 1 else 0.0
        self.lstm = nn.LSTM(size, options.hidden, options.layers, batch_first=True, dropout=between, bidirectional=True)
        # The softmax takes no notice of the last bias; it is there because the notebook's model has it.
        self.attention = nn.Sequential(nn.Linear(both, options.hidden), nn.Tanh(), nn.Linear(options.hidden, 1))
        self.head = nn.Sequential(
            nn.Linear(both, options.hidden),
            nn.ReLU(),
            nn.Dropout(options.dropout),
            nn.Linear(options.hidden, num_classes),
        )

    @property
    def features_are_fixed(self) -> bool:
        """Whether the whole ResNet is frozen."""
        return self.backbone.frozen

    @property
    def feature_size(self) -> int:
        """Features of a frame, as `frame_features` gives them."""
        return self.backbone.size

    def fingerprint(self) -> str:
        """What frames' features depend on, besides the frames: another text for other weights or normalisation."""
        colours = [f"{value:.6f}" for value in (*self.mean.flatten().tolist(), *self.std.flatten().tolist())]
        return "-".join([self.backbone.fingerprint(), self.sees, *colours])

    def frame_features(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, T, 3, H, W) uint8 frames → (B, T, feature_size); 0 for padding, which the ResNet never sees in torch."""
        mask = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device) if mask is None else mask
        self.check(x, mask)
        return self.of_real_frames(self.backbone, self.pictures(x, mask), mask)

    def from_features(self, features: Tensor, mask: Tensor) -> ModelOutput:
        """(B, T, feature_size) frames' features and their (B, T) mask → `ModelOutput`."""
        x = self.norm(self.projection(features))
        x = self.dropout(self.positions(x))
        mixed = self._both_ways(x, mask)
        if self.residual:
            mixed = mixed + x
        scores = self.attention(mixed).squeeze(-1).masked_fill(~mask, float("-inf"))
        weights = scores.softmax(dim=1)
        embedding = (weights[:, None] @ mixed).squeeze(1)
        return ModelOutput(self.head(embedding), embedding, weights)

    def _both_ways(self, x: Tensor, mask: Tensor) -> Tensor:
        """The LSTM over real frames alone, so that its way back begins at a clip's last one; 0 for padding."""
        lengths = mask.sum(dim=1)
        if not torch.onnx.is_in_onnx_export():
            lengths = lengths.cpu()
            if not lengths.all():
                raise IsharaError(f"Found a clip without a real frame, number {lengths.argmin().item()} of the batch.")
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        # Given rather than left out: an exported graph would keep zeros for the batch that it was traced with.
        start = x.new_zeros(2 * self.lstm.num_layers, x.shape[0], self.lstm.hidden_size)
        mixed, _ = self.lstm(packed, (start, start))
        return pad_packed_sequence(mixed, batch_first=True, total_length=x.shape[1])[0]

    def forward(self, x: Tensor, mask: Tensor) -> ModelOutput:
        return self.from_features(self.frame_features(x, mask), mask)

    def load_published(self, published: Published) -> list[str]:
        prefix = "backbone."
        rest = {name: tensor for name, tensor in self.state_dict().items() if not name.startswith(prefix)}
        given = {prefix + name: tensor for name, tensor in self.backbone.named(published).items()}
        fit_weights(self, rest | given, Path(published.source))
        told = f"{published.source} gave the ResNet; all that follows it is new."
        return [told, "Its first kernels are 0 for motion."] if self.sees == "both" else [told]


def build(options: Sign2TextOptions, layout: FeatureLayout, num_classes: int) -> Sign2Text:
    """Make the model; it sees pixels, so no feature layout matters."""
    return Sign2Text(options, num_classes)
