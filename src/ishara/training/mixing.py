"""Blending the clips of a batch with one another, so that a model cannot learn single clips by heart.

mixup: Zhang et al., "mixup: Beyond Empirical Risk Minimization" (ICLR 2018). cutmix: Yun et al., "CutMix" (ICCV 2019),
here in time: a stretch of a clip is another clip's.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Beta

from ishara.recipe import Train
from ishara.training.data import Batch


class Mixed(NamedTuple):
    """A batch whose clips are partly others.

    Parameters
    ----------
    batch
        The clips, under the classes that each of them mostly is.
    other
        (B,) int64 class of what else is in each.
    share
        How much of each clip is of its own class, from 0.5 to 1.
    """

    batch: Batch
    other: Tensor
    share: float


def mix(batch: Batch, options: Train) -> Mixed:
    """Blend a batch as a recipe says, by torch's own random numbers; as it is where the recipe says nothing."""
    cut = options.cutmix > 0 and torch.rand(()).item() < options.cutmix
    if not cut and not options.mixup:
        return Mixed(batch, batch.label, 1.0)
    share = _share(1.0 if cut else options.mixup)
    partner = torch.randperm(len(batch.label), device=batch.label.device)
    mixed = _cut(batch, partner, share) if cut else _blend(batch, partner, share)
    return Mixed(mixed, batch.label[partner], share)


def _share(alpha: float) -> float:
    """The larger part, so that a clip's own class is the one which it mostly is."""
    drawn = Beta(alpha, alpha).sample().item()
    return max(drawn, 1 - drawn)


def _blend(batch: Batch, partner: Tensor, share: float) -> Batch:
    """Each frame the weighted mean of two clips'; where one has ended, the other goes on alone."""
    own, other = batch.mask.float() * share, batch.mask[partner].float() * (1 - share)
    weight = (own / (own + other).clamp_min(1e-6)).reshape(*batch.mask.shape, *[1] * (batch.x.ndim - 2))
    blended = batch.x * weight + batch.x[partner] * (1 - weight)
    x = blended if batch.x.is_floating_point() else blended.round().to(batch.x.dtype)
    return Batch(x, batch.mask | batch.mask[partner], batch.label)


def _cut(batch: Batch, partner: Tensor, share: float) -> Batch:
    """A stretch of each clip, of `1 - share` of its frames, is what its partner does at that part of its own time."""
    lengths = batch.mask.sum(dim=1, keepdim=True)
    stretch = (lengths * (1 - share)).round()
    start = (torch.rand_like(stretch, dtype=torch.float32) * (lengths - stretch + 1)).floor()
    frame = torch.arange(batch.mask.shape[1], device=batch.mask.device)[None]
    inside = (frame >= start) & (frame < start + stretch)
    theirs = (frame * lengths[partner] / lengths).long().minimum(lengths[partner] - 1)
    taken = batch.x[partner[:, None], theirs]
    x = torch.where(inside.reshape(*inside.shape, *[1] * (batch.x.ndim - 2)), taken, batch.x)
    return Batch(x, batch.mask, batch.label)
