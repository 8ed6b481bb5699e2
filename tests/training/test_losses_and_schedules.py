"""What is minimised and how the rate changes, against the formulas and against the libraries that define them."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import SGD

from ishara.errors import IsharaError
from ishara.recipe import Loss, Schedule
from ishara.training.losses import FocalLoss, balanced_weights, make_loss
from ishara.training.schedules import make_schedule, rate_factor


def logits_and_labels() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.randn(16, 5), torch.randint(0, 5, (16,))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weight", [None, torch.tensor([1.0, 2.0, 0.5, 1.0, 3.0])])
def test_focal_loss_without_focus_is_cross_entropy(smoothing: float, weight: torch.Tensor | None) -> None:
    logits, label = logits_and_labels()
    focal = FocalLoss(0.0, weight, smoothing)(logits, label)
    torch.testing.assert_close(focal, F.cross_entropy(logits, label, weight, label_smoothing=smoothing))


def test_focal_loss_is_the_notebooks() -> None:
    logits, label = logits_and_labels()
    loss = F.cross_entropy(logits, label, reduction="none")
    expected = ((1 - torch.exp(-loss)) ** 2 * loss).mean()
    torch.testing.assert_close(make_loss(Loss(name="focal"), label.tolist(), 5)(logits, label), expected)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_a_clip_that_is_found_with_certainty_has_no_infinite_gradient(gamma: float) -> None:
    logits = torch.tensor([[200.0, 0.0, 0.0], [0.0, 1.0, 0.0]], requires_grad=True)
    FocalLoss(gamma)(logits, torch.tensor([0, 1])).backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    assert logits.grad[1].abs().sum() > 0


@pytest.mark.parametrize("strange", [5, -1, -100])
def test_a_class_out_of_range_is_refused(strange: int) -> None:
    with pytest.raises(IsharaError, match=f"Found {strange} as the class .* expected 0 to 4"):
        make_loss(Loss(), [0, strange, 4], 5)


def test_balanced_weights_make_every_class_count_the_same() -> None:
    labels = [0] * 6 + [1] * 3 + [3]
    weights = balanced_weights(labels, 4)
    assert weights[2] == 0
    totals = [float(weights[c]) * labels.count(c) for c in (0, 1, 3)]
    assert totals == pytest.approx([10 / 3] * 3)


@pytest.mark.parametrize("name", ["linear", "cosine", "constant"])
def test_the_rate_warms_up_then_falls(name: str) -> None:
    rates = [rate_factor(name, step, warmup=10, total=100) for step in range(101)]
    assert rates[:11] == pytest.approx([i / 10 for i in range(11)])
    assert all(a >= b for a, b in zip(rates[10:], rates[11:], strict=False))
    assert rates[-1] == (1 if name == "constant" else 0)


def test_linear_is_transformers_schedule() -> None:
    transformers = pytest.importorskip("transformers")
    optimizer = SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = transformers.get_linear_schedule_with_warmup(optimizer, 7, 40).lr_lambdas[0]
    ours = [rate_factor("linear", step, warmup=7, total=40) for step in range(41)]
    assert ours == pytest.approx([theirs(step) for step in range(41)])


@pytest.mark.parametrize(("warmup", "first"), [(0.25, 1 / 4), (4, 1 / 4), (0, 1.0)])
def test_warm_up_is_a_share_or_a_number_of_steps_and_never_starts_at_0(warmup: float, first: float) -> None:
    optimizer = SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    make_schedule(Schedule(name="linear", warmup=warmup), optimizer, steps=16, epochs=2, validate_every=1)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(first)


def test_plateau_halves_after_its_patience() -> None:
    optimizer = SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    described = make_schedule(Schedule(name="plateau", patience=3), optimizer, steps=10, epochs=10, validate_every=2)
    assert described["monitor"] == "validation/loss"
    assert described["frequency"] == 2
    rates = []
    for loss in [1.0, 1.0, 1.0, 1.0, 0.5]:
        described["scheduler"].step(loss)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == [1, 1, 1, 0.5, 0.5]
