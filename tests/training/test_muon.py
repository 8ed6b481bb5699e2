"""Muon: orthogonal steps for matrices, AdamW's for all else, in one optimizer that stops and goes on."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ishara.models import create_model, list_models
from ishara.training.muon import Muon, matrices, orthogonal

LR, DECAY, BETAS = 0.01, 0.1, (0.9, 0.999)


def stepped(module: nn.Module, optimizer: torch.optim.Optimizer, gradients: list[dict[str, Tensor]]) -> nn.Module:
    for step in gradients:
        for name, parameter in module.named_parameters():
            parameter.grad = step[name].clone()
        optimizer.step()
    return module


def some_gradients(module: nn.Module, steps: int) -> list[dict[str, Tensor]]:
    generator = torch.Generator().manual_seed(5)
    return [
        {name: torch.randn(p.shape, generator=generator) for name, p in module.named_parameters()} for _ in range(steps)
    ]


def muon(module: nn.Module) -> Muon:
    whole = [p for p in module.parameters() if p.ndim > 1]
    rest = [p for p in module.parameters() if p.ndim <= 1]
    groups = [
        {"params": rest, "weight_decay": 0.0},
        {"params": whole, "weight_decay": DECAY, "orthogonal": True},
    ]
    return Muon(groups, LR, BETAS)


@pytest.mark.parametrize("shape", [(8, 40), (40, 8), (16, 24)])
def test_all_directions_come_out_alike(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    values = torch.linalg.svdvals(orthogonal(matrix))
    assert ((values > 0.6) & (values < 1.3)).all(), values
    ideal = torch.linalg.svd(matrix, full_matrices=False)
    assert (
        torch.nn.functional.cosine_similarity(orthogonal(matrix).flatten(), (ideal.U @ ideal.Vh).flatten(), dim=0)
        > 0.97
    )


def test_many_at_once_and_those_of_few_directions() -> None:
    generator = torch.Generator().manual_seed(2)
    several = torch.randn(3, 8, 40, generator=generator)
    several[1] = several[1, :, :1] @ several[1, :1]
    several[2, 1:] *= 1e-6
    for matrix, together in zip(several, orthogonal(several), strict=True):
        torch.testing.assert_close(orthogonal(matrix), together)
        left, values, right = torch.linalg.svd(matrix, full_matrices=False)
        # As published: the polynomial of each singular value, five times.
        values = values / values.norm()
        for _ in range(5):
            values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5
        torch.testing.assert_close(together, left @ torch.diag(values) @ right, rtol=0, atol=1e-3)


def test_no_gradient_is_no_step() -> None:
    assert not orthogonal(torch.zeros(3, 4)).any()


def test_matrices_step_as_in_pytorchs_muon_and_vectors_as_in_adamw() -> None:
    layer = nn.Linear(12, 20)
    theirs, gradients = copy.deepcopy(layer), some_gradients(layer, 4)
    stepped(layer, muon(layer), gradients)
    reference = torch.optim.Muon([theirs.weight], lr=LR, weight_decay=DECAY, adjust_lr_fn="match_rms_adamw")
    before = theirs.weight.detach().clone()
    for step in gradients:
        theirs.weight.grad = step["weight"].clone()
        reference.step()
    moved = (theirs.weight - before).norm()
    # PyTorch's computes in bfloat16.
    assert (layer.weight - theirs.weight).norm() < 0.03 * moved
    adamw = torch.optim.AdamW([theirs.bias], lr=LR, betas=BETAS, weight_decay=0.0)
    for step in gradients:
        theirs.bias.grad = step["bias"].clone()
        adamw.step()
    torch.testing.assert_close(layer.bias, theirs.bias)


def test_kernels_are_matrices_however_they_lie_in_memory() -> None:
    first = nn.Conv2d(3, 6, 3)
    last = copy.deepcopy(first)
    last.weight.data = last.weight.data.contiguous(memory_format=torch.channels_last)
    flat = nn.Linear(27, 6)
    flat.load_state_dict({"weight": first.weight.detach().flatten(1), "bias": first.state_dict()["bias"]})
    gradients = some_gradients(first, 3)
    for convolution in (first, last):
        stepped(convolution, muon(convolution), gradients)
    stepped(
        flat, muon(flat), [{name: g.flatten(1) if g.ndim > 1 else g for name, g in step.items()} for step in gradients]
    )
    torch.testing.assert_close(first.weight, last.weight)
    torch.testing.assert_close(first.weight.flatten(1), flat.weight)


def test_gradients_stay_and_what_has_none_stays_as_it_is() -> None:
    layer = nn.Linear(4, 4)
    before, optimizer = layer.weight.detach().clone(), muon(layer)
    optimizer.step()
    torch.testing.assert_close(layer.weight.detach(), before, rtol=0, atol=0)
    loss = optimizer.step(lambda: nn.functional.mse_loss(layer(torch.ones(1, 4)), torch.ones(1, 4)).backward() or 3.0)
    assert loss == 3.0
    assert layer.weight.grad is not None
    assert (layer.weight != before).any()


def test_a_run_that_stopped_goes_on_with_the_same_steps() -> None:
    whole = nn.Linear(6, 5)
    parted, gradients = copy.deepcopy(whole), some_gradients(whole, 5)
    stepped(whole, muon(whole), gradients)
    first = muon(parted)
    stepped(parted, first, gradients[:2])
    second = muon(parted)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    stepped(parted, second, gradients[2:])
    torch.testing.assert_close(whole.weight, parted.weight, rtol=0, atol=0)
    torch.testing.assert_close(whole.bias, parted.bias, rtol=0, atol=0)


SMALL: dict[str, dict[str, Any]] = {
    "sign2text": {"size": 32, "widths": [8, 8], "depths": [1, 1]},
    "timesformer": {"size": 32, "layers": 1, "d_model": 24, "heads": 2, "stem": [4, 8]},
}


@pytest.mark.parametrize("name", list_models())
def test_which_weights_of_a_model_are_matrices(name: str) -> None:
    model = create_model(name, num_classes=5, **SMALL.get(name, {}))
    chosen = {id(weight) for weight in matrices(model)}
    names = {key for key, weight in model.named_parameters() if id(weight) in chosen}
    assert names
    assert f"{model.classifier}.weight" not in names
    assert not any("position" in key or "token" in key or "norm" in key for key in names)
    for key, module in model.named_modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d) and module.groups > 1:
            assert f"{key}.weight" not in names
