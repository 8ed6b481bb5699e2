"""A conv-transformer that fills in what was hidden of clips, without their glosses."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ishara.models.conv_transformer import ConvTransformer
from ishara.pose.augment import augment
from ishara.pose.features import FeatureLayout, extract_features
from ishara.pose.pose import Pose
from ishara.recipe import Recipe
from ishara.training.data import BucketSampler, collate
from ishara.training.seeds import derive, derive_int


@dataclass(frozen=True)
class Settings:
    """How it is pretrained.

    Parameters
    ----------
    epochs, batch_size, lr, weight_decay
        Of AdamW with a cosine schedule and a tenth of it warm-up.
    frames, span
        The share of frames that is hidden whole, in stretches of so many.
    landmarks
        The share of landmarks that is hidden for the whole clip: where little moves, frames tell each other.
    """

    epochs: int = 40
    batch_size: int = 32
    lr: float = 1e-3
    weight_decay: float = 0.05
    frames: float = 0.4
    span: int = 6
    landmarks: float = 0.25


class MaskedLandmarks(nn.Module):
    """A model with a learnt stand-in for hidden features and a layer that fills them in, a frame at a time."""

    def __init__(self, model: ConvTransformer, features: int) -> None:
        super().__init__()
        self.model = model
        self.stand_in = nn.Parameter(torch.zeros(features))
        classifier = model.get_submodule(model.classifier)
        assert isinstance(classifier, nn.Linear)
        self.fill = nn.Linear(classifier.in_features, features)
        self._frames: Tensor | None = None
        # What the pooling gets is what the model knows of each frame.
        model.pool.register_forward_pre_hook(self._keep)

    def _keep(self, _: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self._frames = inputs[0]

    def forward(self, x: Tensor, mask: Tensor, hidden: Tensor) -> Tensor:
        """(B, T, F) features, (B, T) real frames, (B, T, F) what is hidden → (B, T, F) filled in."""
        self.model(torch.where(hidden, self.stand_in, x), mask)
        assert self._frames is not None
        return self.fill(self._frames)


def hide(shape: tuple[int, ...], layout: FeatureLayout, settings: Settings, rng: np.random.Generator) -> np.ndarray:
    """(T, F): what is hidden of one clip."""
    frames, features = shape
    hidden = np.zeros((frames, features), bool)
    for _ in range(math.ceil(settings.frames * frames / settings.span)):
        start = rng.integers(-settings.span + 1, frames)
        hidden[max(0, start) : start + settings.span] = True
    lost = rng.random(len(layout.landmarks)) < settings.landmarks
    owners = np.array(layout.landmark_of)
    hidden[:, (owners >= 0) & lost[owners]] = True
    return hidden


def pretrain(
    model: ConvTransformer, poses: Sequence[Pose], recipe: Recipe, layout: FeatureLayout, settings: Settings,
    epochs: Iterable[int],
) -> tuple[ConvTransformer, list[float]]:  # fmt: skip
    """Pretrain a model; returns it, its averaged weights in it, and the loss of each epoch.

    What was not seen is 0 in the features, and is not asked for. Features are weighed by how much they vary.
    """
    seed = recipe.train.seed
    torch.manual_seed(derive_int(seed, "pretraining"))
    masked = MaskedLandmarks(model, len(layout))
    plain = np.concatenate([extract_features(pose, recipe.features) for pose in poses])
    spread = torch.from_numpy(np.maximum(plain.std(axis=0), 1e-3).astype(np.float32))
    sampler = BucketSampler(np.array([len(pose) for pose in poses]), settings.batch_size, seed, True)
    optimiser = torch.optim.AdamW(masked.parameters(), lr=settings.lr, weight_decay=settings.weight_decay)
    steps, step, losses = settings.epochs * len(sampler), 0, []
    averaged = copy.deepcopy(model)
    for epoch in epochs:
        sampler.set_epoch(epoch)
        masked.train()
        total = 0.0
        for keys in sampler:
            clips, hidden = [], []
            for key in keys:
                rng = np.random.default_rng(derive(seed, "hidden", epoch, key.clip))
                features = extract_features(augment(poses[key.clip], recipe.augment, rng), recipe.features)
                clips.append((features, 0))
                hidden.append((hide(features.shape, layout, settings, rng).astype(np.float32), 0))
            batch, where = collate(clips), collate(hidden).x > 0
            filled = masked(batch.x, batch.mask, where)
            asked = where & batch.mask[..., None] & (batch.x != 0)
            loss = F.smooth_l1_loss((filled / spread)[asked], (batch.x / spread)[asked])
            for group in optimiser.param_groups:
                group["lr"] = settings.lr * _rate(step / steps)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(masked.parameters(), 1.0)
            optimiser.step()
            step += 1
            _average(averaged, model, min(0.99, (1 + step) / (10 + step)))
            total += float(loss.detach()) / len(sampler)
        losses.append(total)
    return averaged, losses


def _rate(done: float, warmup: float = 0.1) -> float:
    if done < warmup:
        return max(done, 0.01) / warmup
    return 0.5 * (1 + math.cos(math.pi * (done - warmup) / (1 - warmup)))


def _average(averaged: nn.Module, model: nn.Module, decay: float) -> None:
    with torch.no_grad():
        for mine, new in zip(averaged.state_dict().values(), model.state_dict().values(), strict=True):
            mine.lerp_(new, 1 - decay) if mine.is_floating_point() else mine.copy_(new)
