"""What training minimises."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ishara.errors import IsharaError
from ishara.recipe import Loss

_LEAST_DOUBT = 1e-6


class FocalLoss(nn.Module):
    """Focal loss: cross-entropy with clips that are already right counting less (Lin et al., 2017).

    Parameters
    ----------
    gamma
        Focusing parameter, at least 0; 0 is cross-entropy.
    weight
        (C,) weight of each class, or None.
    label_smoothing
        In [0, 1).
    """

    weight: Tensor | None

    def __init__(self, gamma: float, weight: Tensor | None = None, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.gamma = gamma
        self.label_smoothing = label_smoothing
        self.register_buffer("weight", weight)

    def forward(self, logits: Tensor, label: Tensor) -> Tensor:
        """(B, C) logits and (B,) classes → the mean loss, weighted as cross-entropy's is."""
        probability = logits.softmax(-1).gather(1, label[:, None]).squeeze(1)
        loss = F.cross_entropy(logits, label, self.weight, label_smoothing=self.label_smoothing, reduction="none")
        total = len(label) if self.weight is None else self.weight[label].sum()
        # The derivative of a power below 1 is infinite at 0, where a clip is found with certainty.
        doubt = (1 - probability).clamp_min(_LEAST_DOUBT)
        return (doubt**self.gamma * loss).sum() / total


def balanced_weights(labels: Sequence[int], num_classes: int) -> Tensor:
    """(C,) weights inverse to how often each class occurs, with mean 1 over clips; 0 for a class that never occurs."""
    counts = torch.bincount(torch.tensor(labels), minlength=num_classes)
    present = (counts > 0).sum()
    return torch.where(counts > 0, len(labels) / (present * counts.clamp_min(1)), 0.0)


def make_loss(options: Loss, labels: Sequence[int], num_classes: int) -> nn.Module:
    """The loss that a recipe names; `labels` are the training clips' classes.

    Raises
    ------
    IsharaError
        If one of them is none of the classes.
    """
    if strange := sorted({label for label in labels if not 0 <= label < num_classes}):
        raise IsharaError(f"Found {strange[0]} as the class of a training clip; expected 0 to {num_classes - 1}.")
    weight = balanced_weights(labels, num_classes) if options.class_weights == "balanced" else None
    if options.name == "focal":
        return FocalLoss(options.gamma, weight, options.label_smoothing)
    return nn.CrossEntropyLoss(weight, label_smoothing=options.label_smoothing)
