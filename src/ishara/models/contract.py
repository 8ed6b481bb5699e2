"""The one contract of every model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from torch import Tensor, nn


class ModelOutput(NamedTuple):
    """What a model says of a batch of clips.

    Parameters
    ----------
    logits
        (B, C) scores of the glosses.
    embedding
        (B, E) what the logits are computed from.
    attention
        (B, T) how much each frame counted: at least 0, 0 for padding, summing to 1 over the clip.
    """

    logits: Tensor
    embedding: Tensor
    attention: Tensor


class SignModel(nn.Module, ABC):
    """Base of every model.

    ``forward(x, mask)`` takes features (B, T, F) float32 and a mask (B, T) bool, True for a real frame, and gives a
    `ModelOutput`. Every clip has at least one real frame. Padding never changes a clip's output.
    """

    # The attribute path of the last linear layer, whose size depends on the vocabulary.
    classifier: str

    @abstractmethod
    def forward(self, x: Tensor, mask: Tensor) -> ModelOutput:
        """(B, T, F) features and their (B, T) mask → `ModelOutput`."""
