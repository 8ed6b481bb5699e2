"""How the learning rate changes over a run."""

from __future__ import annotations

import math
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from ishara.recipe import Schedule


def rate_factor(name: str, step: int, *, warmup: int, total: int) -> float:
    """The factor on the base rate at a step of `total`, after `warmup` of linear warm-up: from 0 up to 1, down to 0.

    `linear` is the notebook's (and ``get_linear_schedule_with_warmup``'s); `cosine` falls as a half cosine; `constant`
    does not fall.
    """
    if step < warmup:
        return step / warmup
    if name == "constant":
        return 1.0
    progress = min((step - warmup) / max(total - warmup, 1), 1.0)
    return 1 - progress if name == "linear" else 0.5 * (1 + math.cos(math.pi * progress))


def make_schedule(
    options: Schedule, optimizer: Optimizer, *, steps: int, epochs: int, validate_every: int
) -> dict[str, Any]:
    """Lightning's description of the schedule that a recipe names.

    Parameters
    ----------
    steps, epochs
        Length of the whole run, in optimiser steps and in epochs.
    validate_every
        Epochs between validations, whose loss `plateau` watches.
    """
    if options.name == "plateau":
        plateau = ReduceLROnPlateau(optimizer, factor=options.factor, patience=options.patience - 1)
        return {"scheduler": plateau, "monitor": "validation/loss", "interval": "epoch", "frequency": validate_every}
    total = steps if options.interval == "step" else epochs
    warmup = int(options.warmup * total) if options.warmup < 1 else int(options.warmup)
    # A rate of exactly 0 would waste the first step or epoch, so counting starts at 1 there.
    first = 1 if warmup else 0
    schedule = LambdaLR(
        optimizer, lambda step: rate_factor(options.name, step + first, warmup=warmup, total=total + first)
    )
    return {"scheduler": schedule, "interval": options.interval}
