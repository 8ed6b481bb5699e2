"""The one contract of every model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import torch
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

    ``forward(x, mask)`` takes the frames of clips and a mask (B, T) bool, True for a real frame, and gives a
    `ModelOutput`. Frames are features (B, T, F) float32, or RGB (B, T, 3, H, W) uint8, normalised inside the model.
    Every clip has at least one real frame. Padding never changes a clip's output.
    """

    # The attribute path of the last linear layer, whose size depends on the vocabulary.
    classifier: str
    # Of one frame: (F,), or (3, H, W).
    input_shape: tuple[int, ...]
    input_dtype: torch.dtype = torch.float32
    # What of it does not come from the weights that it was made with, in sentences.
    origin: tuple[str, ...] = ()

    @abstractmethod
    def forward(self, x: Tensor, mask: Tensor) -> ModelOutput:
        """The frames of clips and their (B, T) mask → `ModelOutput`."""

    def random_clips(self, lengths: Sequence[int], seed: int) -> tuple[Tensor, Tensor]:
        """Clips of noise, of these lengths, and their mask: what a model can be tried on without data."""
        generator = torch.Generator().manual_seed(seed)
        shape = (len(lengths), max(lengths), *self.input_shape)
        mask = torch.arange(shape[1]) < torch.tensor(lengths)[:, None]
        if self.input_dtype == torch.uint8:
            x = torch.randint(256, shape, generator=generator, dtype=torch.uint8)
        else:
            x = torch.randn(shape, generator=generator)
        return x * mask.reshape(*mask.shape, *(1 for _ in self.input_shape)), mask
