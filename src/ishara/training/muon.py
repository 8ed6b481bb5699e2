"""Muon: the steps of weight matrices are made orthogonal, so that no direction of a layer learns faster than another.

Origin: Jordan, "Muon: An optimizer for hidden layers in neural networks" (2024); the size of a step: Liu et al., "Muon
is Scalable for LLM Training" (arXiv 2502.16982). PyTorch's own takes matrices alone, and no kernels of a convolution.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.optim import AdamW

from ishara.models.contract import SignModel

_MOMENTUM = 0.95
# Newton–Schulz: five rounds of a X + b (X Xᵀ) X + c (X Xᵀ)² X bring all singular values near 1.
_ROUNDS, _A, _B, _C = 5, 3.4445, -4.7750, 2.0315
_SMALLEST = 1e-7
# A step then has the size of AdamW's, so that rate and decay mean the same for both.
_LIKE_ADAMW = 0.2


class Muon(AdamW):
    """Muon for the groups of parameters that say ``"orthogonal": True``, AdamW for all others.

    Kernels (N, C, ...) count as matrices of N rows. Rate, decay, schedule and checkpoints are as AdamW's.
    """

    def __init__(self, groups: Sequence[Mapping[str, Any]], lr: float, betas: tuple[float, float]) -> None:
        super().__init__([{"orthogonal": False, **group} for group in groups], lr=lr, betas=betas)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step; AdamW's leaves alone what has no gradient, as matrices have none while it takes it."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        matrices = [
            (weight, group)
            for group in self.param_groups
            if group["orthogonal"]
            for weight in group["params"]
            if weight.grad is not None
        ]
        gradients = [weight.grad for weight, _ in matrices]
        for weight, _ in matrices:
            weight.grad = None
        super().step()
        for (weight, group), gradient in zip(matrices, gradients, strict=True):
            weight.grad = gradient
            self._step(weight, gradient, group)
        return loss

    def _step(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            # AdamW asks every state that it loads for its step.
            state["step"], state["exp_avg"] = torch.tensor(0.0), torch.zeros_like(weight)
        state["step"] += 1
        mean = state["exp_avg"].lerp_(gradient, 1 - _MOMENTUM)
        # Nesterov's momentum.
        update = orthogonal(gradient.lerp(mean, _MOMENTUM).flatten(1))
        weight.mul_(1 - group["lr"] * group["weight_decay"])
        size = _LIKE_ADAMW * math.sqrt(max(update.shape))
        weight.add_(update.view(weight.shape), alpha=-group["lr"] * size)


def orthogonal(matrix: Tensor) -> Tensor:
    """About the nearest matrix to one (N, M) whose singular values are all 1: they come to lie between 0.6 and 1.3."""
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    x = wide / wide.norm().clamp(min=_SMALLEST)
    for _ in range(_ROUNDS):
        square = x @ x.T
        x = torch.addmm(x, torch.addmm(square, square, square, beta=_B, alpha=_C), x, beta=_A)
    return x if wide is matrix else x.T


def matrices(model: SignModel) -> list[Tensor]:
    """The weights that Muon is meant for: of linear layers and full convolutions, but not the classifier's."""
    return [
        module.weight
        for name, module in model.named_modules()
        if (isinstance(module, nn.Linear) or (isinstance(module, _ConvNd) and module.groups == 1))
        and name != model.classifier
    ]
