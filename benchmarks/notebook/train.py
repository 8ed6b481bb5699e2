"""The notebook's training loop (cells 9 to 11, and 14 for the Bengali model) without Weights & Biases.

Two faults are not ported. The notebook keeps the epoch that is best on the clips that it reports; here the last epoch's
weights count, and what is watched on the way chooses nothing. And its `squeeze()` of the labels fails on a last batch
of one clip, which the folds here do have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import DataLoader

from notebook.data import NotebookDataset

BATCH = 16
_CLIP_NORM = 1.0


@dataclass(frozen=True)
class Settings:
    """What the notebook trains a model with.

    Parameters
    ----------
    warmup_steps
        Steps of linear warm-up; the rate then falls linearly to 0 at the last step.
    focal_gamma
        Focusing parameter of the focal loss; 0 is cross-entropy.
    watch_every
        Epochs between looks at the watched clips.
    """

    epochs: int
    lr: float
    weight_decay: float
    warmup_steps: int
    focal_gamma: float = 0.0
    watch_every: int = 5


# The notebook sets the second up and never runs it.
SETTINGS = {
    "spoter": Settings(epochs=50, lr=1e-4, weight_decay=1e-5, warmup_steps=1000),
    "bdsl_spoter": Settings(epochs=100, lr=5e-5, weight_decay=1e-4, warmup_steps=500, focal_gamma=2.0),
}


@dataclass(frozen=True)
class Epoch:
    """Mean loss and accuracy in training, and on the watched clips where they were looked at."""

    loss: float
    accuracy: float
    watched_loss: float | None = None
    watched_accuracy: float | None = None


class Trainer:
    """A model with its optimiser and schedule, trained an epoch at a time.

    Parameters
    ----------
    model
        On the device to train on.
    training
        Its clips.
    settings
        One of `SETTINGS`.
    """

    def __init__(self, model: nn.Module, training: NotebookDataset, settings: Settings) -> None:
        self.model = model
        self.settings = settings
        self.loader = DataLoader(training, batch_size=BATCH, shuffle=True)
        self.optimizer: Optimizer = AdamW(model.parameters(), lr=settings.lr, weight_decay=settings.weight_decay)
        self.schedule = _linear_schedule(self.optimizer, settings.warmup_steps, len(self.loader) * settings.epochs)

    def epoch(self) -> Epoch:
        """Train on every clip once."""
        self.model.train()
        device = next(self.model.parameters()).device
        losses, right, count = 0.0, 0, 0
        for batch in self.loader:
            x, label = batch["pose_sequence"].to(device), batch["label"].squeeze(1).to(device)
            self.optimizer.zero_grad()
            logits = self.model(x)
            loss = notebook_loss(logits, label, self.settings.focal_gamma)
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), _CLIP_NORM)
            self.optimizer.step()
            self.schedule.step()
            losses += loss.item()
            right += int((logits.argmax(dim=1) == label).sum().item())
            count += len(label)
        return Epoch(losses / len(self.loader), right / count)

    def run(
        self, watched: NotebookDataset, progress: Callable[[Sequence[int]], Iterable[int]] = iter
    ) -> Iterator[Epoch]:
        """Train to the end, looking at the watched clips every few epochs; `progress` wraps the epochs to show it."""
        for number in progress(range(1, self.settings.epochs + 1)):
            epoch = self.epoch()
            if number % self.settings.watch_every == 0:
                logits, label = evaluate(self.model, watched)
                loss = notebook_loss(logits, label, self.settings.focal_gamma).item()
                accuracy = (logits.argmax(dim=1) == label).float().mean().item()
                epoch = Epoch(epoch.loss, epoch.accuracy, loss, accuracy)
            yield epoch


def notebook_loss(logits: Tensor, label: Tensor, focal_gamma: float) -> Tensor:
    """Mean cross-entropy, or focal loss (cell 14)."""
    loss = F.cross_entropy(logits, label, reduction="none")
    return ((1 - torch.exp(-loss)) ** focal_gamma * loss).mean() if focal_gamma else loss.mean()


def evaluate(model: nn.Module, clips: NotebookDataset) -> tuple[Tensor, Tensor]:
    """(N, C) logits and (N,) labels of some clips, on the CPU."""
    model.eval()
    device = next(model.parameters()).device
    logits, labels = [], []
    with torch.no_grad():
        for batch in DataLoader(clips, batch_size=BATCH, shuffle=False):
            logits.append(model(batch["pose_sequence"].to(device)).cpu())
            labels.append(batch["label"].squeeze(1))
    return torch.cat(logits), torch.cat(labels)


def probabilities(logits: Tensor) -> NDArray[np.float32]:
    """(N, C) softmax of logits."""
    return logits.softmax(dim=1).numpy()


def _linear_schedule(optimizer: Optimizer, warmup: int, total: int) -> LRScheduler:
    from transformers import get_linear_schedule_with_warmup

    schedule: LRScheduler = get_linear_schedule_with_warmup(optimizer, warmup, total)  # type: ignore[no-untyped-call]
    return schedule
