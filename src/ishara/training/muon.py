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
# Matrices of one shape are taken together, which spares many small products, but no more values at once than these.
_MOST_TOGETHER = 2**22


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
        by_shape: dict[tuple[int, int], list[tuple[Tensor, dict[str, Any]]]] = {}
        for weight, _ in matrices:
            weight.grad = None
        super().step()
        for (weight, group), gradient in zip(matrices, gradients, strict=True):
            weight.grad = gradient
            by_shape.setdefault((len(weight), weight[0].numel()), []).append((weight, group))
        for shape, alike in by_shape.items():
            together = max(1, _MOST_TOGETHER // math.prod(shape))
            for start in range(0, len(alike), together):
                self._step(alike[start : start + together])
        return loss

    def _step(self, alike: list[tuple[Tensor, dict[str, Any]]]) -> None:
        """Of matrices of one shape."""
        steps = orthogonal(torch.stack([self._momentum(weight) for weight, _ in alike]))
        size = _LIKE_ADAMW * math.sqrt(max(steps.shape[1:]))
        for (weight, group), step in zip(alike, steps, strict=True):
            weight.mul_(1 - group["lr"] * group["weight_decay"])
            weight.add_(step.view(weight.shape), alpha=-group["lr"] * size)

    def _momentum(self, weight: Tensor) -> Tensor:
        """Nesterov's, as a matrix (N, M)."""
        assert weight.grad is not None
        state = self.state[weight]
        if not state:
            # AdamW asks every state that it loads for its step.
            state["step"], state["exp_avg"] = torch.tensor(0.0), torch.zeros_like(weight)
        state["step"] += 1
        mean = state["exp_avg"].lerp_(weight.grad, 1 - _MOMENTUM)
        return weight.grad.lerp(mean, _MOMENTUM).flatten(1)


def orthogonal(matrices: Tensor) -> Tensor:
    """About the nearest matrices to those (..., N, M) whose singular values are all 1: they come to lie in 0.6 to 1.3.

    A round multiplies X by a polynomial of X Xᵀ, and so X Xᵀ by its square: what the rounds come to is found from X Xᵀ
    alone, which is far smaller than X where a kernel's rows are long, and X is multiplied once.
    """
    wide = matrices if matrices.shape[-2] <= matrices.shape[-1] else matrices.mT
    x = wide / torch.linalg.matrix_norm(wide, keepdim=True).clamp(min=_SMALLEST)
    square = x @ x.mT
    identity = torch.eye(square.shape[-1], dtype=x.dtype, device=x.device)
    whole = identity
    for _ in range(_ROUNDS):
        factor = _A * identity + _B * square + _C * square @ square
        whole = factor @ whole
        square = factor @ factor @ square
    x = whole @ x
    return x if wide is matrices else x.mT


def matrices(model: SignModel) -> list[Tensor]:
    """The weights that Muon is meant for: of linear layers and full convolutions, but not the classifier's."""
    return [
        module.weight
        for name, module in model.named_modules()
        if (isinstance(module, nn.Linear) or (isinstance(module, _ConvNd) and module.groups == 1))
        and name != model.classifier
    ]
