"""Sign2Text: the notebook's model, whatever the padding, with a ResNet that is trained, in part or not at all."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ishara.errors import IsharaError
from ishara.export.onnx import export_onnx
from ishara.models import create_model
from ishara.models.sign2text import Sign2Text
from notebook.sign2text import NotebookSign2Text, to_ishara

SMALL = {"stem": 8, "widths": (8, 16), "depths": (1, 1), "features": 24, "hidden": 12, "size": 32, "dropout": 0.0}


def make(**options: Any) -> Sign2Text:
    torch.manual_seed(0)
    model = create_model("sign2text", num_classes=5, **{**SMALL, **options})
    assert isinstance(model, Sign2Text)
    return model


def step(model: Sign2Text, x: torch.Tensor, mask: torch.Tensor) -> None:
    """One training step of plain descent."""
    nn.functional.cross_entropy(model(x, mask).logits, torch.zeros(len(x), dtype=torch.long)).backward()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.grad is not None:
                parameter -= 0.1 * parameter.grad


def state(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def changed(model: nn.Module, before: dict[str, torch.Tensor]) -> set[str]:
    return {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}


def test_it_is_the_notebooks_model() -> None:
    theirs = NotebookSign2Text(10).eval()
    ours = create_model("sign2text", num_classes=10).eval()
    for model in (theirs, ours):
        assert sum(parameter.numel() for parameter in model.parameters()) == 14_595_915
    ours.load_state_dict(to_ishara(theirs))
    x, mask = ours.random_clips([3], seed=1)
    with torch.no_grad():
        expected = theirs((x / 255 - 0.45) / 0.225)
        torch.testing.assert_close(ours(x, mask).logits, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("filling", [0, 255])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("options", [{}, {"sees": "motion", "pool": "max"}, {"sees": "both", "residual": True}])
def test_padding_changes_nothing(options: dict[str, Any], filling: int, training: bool) -> None:
    """In training too: padding is no part of the batch's statistics, nor of the clip's mean picture."""
    model = make(**options).train(training)
    x, mask = model.random_clips([6, 3], seed=2)
    more = torch.full((2, 4, *model.input_shape), filling, dtype=torch.uint8)
    x[~mask] = filling
    long, long_mask = torch.cat([x, more], dim=1), torch.cat([mask, torch.zeros(2, 4, dtype=torch.bool)], dim=1)
    with torch.no_grad():
        short, padded = model(x, mask), model(long, long_mask)
        torch.testing.assert_close(padded.logits, short.logits, atol=1e-6, rtol=0)
        torch.testing.assert_close(padded.attention[:, :6], short.attention, atol=1e-6, rtol=0)
        assert (padded.attention[~long_mask] == 0).all()
        torch.testing.assert_close(padded.attention.sum(dim=1), torch.ones(2))
        if not training:
            alone = model(x[1:, :3], mask[1:, :3])
            torch.testing.assert_close(alone.logits, short.logits[1:], atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    "options", [{"layers": 2, "bottleneck": True}, {"sees": "both", "residual": True, "pool": "max"}]
)
def test_the_graph_agrees_with_torch(tmp_path: Path, options: dict[str, Any]) -> None:
    """Its own parity check goes over lengths, alone and padded; anything above 1e-4 is refused."""
    torch.manual_seed(3)
    model = make(**options)
    with torch.no_grad():
        for parameter in model.lstm.parameters():
            parameter.uniform_(-0.5, 0.5)
    export_onnx(model, tmp_path / "model.onnx")


def test_motion_takes_no_notice_of_what_stands_still() -> None:
    """Another wall behind the same movement; and a clip in which nothing moves is like any other such clip."""
    moving = torch.zeros(1, 4, 3, 32, 32, dtype=torch.uint8)
    for number in range(4):
        moving[0, number, :, 8:16, 8 * number : 8 * number + 8] = 40
    mask = torch.ones(1, 4, dtype=torch.bool)
    wall = torch.randint(200, (1, 1, 3, 32, 32), dtype=torch.uint8)
    with torch.no_grad():
        for sees, same in (("motion", True), ("both", False), ("colours", False)):
            model = make(sees=sees).eval()
            found, expected = model(moving + wall, mask).logits, model(moving, mask).logits
            assert torch.allclose(found, expected, atol=1e-6, rtol=0) == same, sees
        model = make(sees="motion").eval()
        assert not torch.allclose(model(moving, mask).logits, model(torch.zeros_like(moving), mask).logits, atol=1e-6)
        still = wall.expand(-1, 4, -1, -1, -1)
        torch.testing.assert_close(model(still, mask).logits, model(torch.zeros_like(still), mask).logits)
        # One frame has nothing to move against.
        torch.testing.assert_close(model(wall, mask[:, :1]).logits, model(0 * wall, mask[:, :1]).logits)


def test_with_residual_it_begins_as_a_mean_over_frames() -> None:
    """As far as an LSTM and an attention go that say nothing yet."""
    model = make(residual=True).eval()
    with torch.no_grad():
        for parameter in [*model.lstm.parameters(), *model.attention.parameters()]:
            parameter.zero_()
        x, mask = model.random_clips([5, 3], seed=9)
        features = model.frame_features(x, mask)
        placed = model.positions(model.norm(model.projection(features))) * mask[..., None]
        expected = placed.sum(dim=1) / mask.sum(dim=1, keepdim=True)
        torch.testing.assert_close(model(x, mask).embedding, expected, atol=1e-6, rtol=0)


def test_residual_wants_frames_as_large_as_what_the_lstm_makes_of_them() -> None:
    with pytest.raises(IsharaError, match=r"features \(24\) must be twice hidden \(16\) where residual is true"):
        make(residual=True, hidden=16)


def test_features_apart_are_the_whole_model() -> None:
    model = make(frozen="all").eval()
    x, mask = model.random_clips([5, 2], seed=4)
    with torch.no_grad():
        features = model.frame_features(x, mask)
        alone = model.frame_features(x[1:, :2])
        found = model.from_features(features, mask)
        assert features.shape == (2, 5, model.feature_size)
        assert (features[~mask] == 0).all()
        torch.testing.assert_close(alone, features[1:, :2], atol=1e-6, rtol=0)
        torch.testing.assert_close(found.logits, model(x, mask).logits, atol=1e-6, rtol=0)


def test_a_fingerprint_follows_what_features_depend_on() -> None:
    model = make(frozen="all")
    first = model.fingerprint()
    assert make(frozen="all").fingerprint() == first
    assert make(frozen="all", mean=(0.5, 0.5, 0.5)).fingerprint() != first
    assert make(frozen="all", sees="motion").fingerprint() != first
    with torch.no_grad():
        model.head[0].weight += 1
        assert model.fingerprint() == first
        next(model.backbone.parameters())[0, 0, 0, 0] += 1e-3
    assert model.fingerprint() != first


def test_a_frozen_backbone_never_changes() -> None:
    model = make(frozen="all").train()
    before, (x, mask) = state(model), model.random_clips([4, 3], seed=5)
    first = model.frame_features(x, mask)
    step(model, x, mask)
    assert model.features_are_fixed
    assert not any(name.startswith("backbone.") for name in changed(model, before))
    assert {"lstm.weight_ih_l0", "head.3.weight"} <= changed(model, before)
    assert torch.equal(model.frame_features(x, mask), first)


def test_named_stages_stay_and_the_others_learn() -> None:
    model = make(frozen=("stem", "stage1")).train()
    before, (x, mask) = state(model), model.random_clips([4, 3], seed=6)
    step(model, x, mask)
    found = {name for name in changed(model, before) if name.startswith("backbone.")}
    assert found
    assert all(name.startswith("backbone.net.encoder.stages.1.") for name in found)
    assert any(name.endswith("running_mean") for name in found)
    assert not model.features_are_fixed


def test_stored_statistics_stay_while_the_backbone_learns() -> None:
    model = make(batch_norm="stored").train()
    before, (x, mask) = state(model), model.random_clips([4, 3], seed=7)
    step(model, x, mask)
    found = {name for name in changed(model, before) if name.startswith("backbone.")}
    assert "backbone.net.embedder.embedder.convolution.weight" in found
    assert not any("running" in name for name in found)


def test_every_parameter_learns_but_the_bias_that_softmax_takes_no_notice_of() -> None:
    model = make().train()
    x, mask = model.random_clips([4, 3], seed=8)
    before = state(model)
    step(model, x, mask)
    step(model, x, mask)
    still = {name for name, _ in model.named_parameters()} - changed(model, before)
    assert still <= {"attention.2.bias"}


def test_checkpointing_changes_neither_gradients_nor_statistics() -> None:
    plain, saving = make().train(), make(checkpointing=True).train()
    x, mask = plain.random_clips([4, 3], seed=9)
    for model in (plain, saving):
        step(model, x, mask)
    ours, theirs = plain.state_dict(), saving.state_dict()
    for name in ours:
        torch.testing.assert_close(theirs[name], ours[name], atol=1e-6, rtol=0, msg=name)


def test_many_frames_without_gradients_are_many_in_turn() -> None:
    """More than are encoded at once."""
    model = make().eval()
    x, mask = model.random_clips([70], seed=10)
    with torch.no_grad():
        found = model.frame_features(x, mask)
    torch.testing.assert_close(found, model.frame_features(x, mask), atol=1e-6, rtol=0)


def test_half_precision_gives_nearly_the_same() -> None:
    model = make().eval()
    x, mask = model.random_clips([6, 3], seed=11)
    with torch.no_grad():
        expected = model(x, mask).logits
        with torch.autocast("cpu", torch.bfloat16):
            found = model(x, mask).logits
    torch.testing.assert_close(found.float(), expected, atol=0.05, rtol=0)


@pytest.mark.parametrize(
    ("shape", "mask", "expected"),
    [
        ((2, 4, 1, 32, 32), (2, 4), r"of shape \(2, 4, 1, 32, 32\); expected RGB .*repeated three times"),
        ((2, 4, 32, 32, 3), (2, 4), r"expected RGB as uint8 of shape \(B, T, 3, H, W\)"),
        ((2, 4, 3, 32), (2, 4), r"expected RGB as uint8"),
        ((2, 4, 3, 32, 16), (2, 4), "frames of 32 × 16 pixels; expected at least 32"),
        ((2, 4, 3, 32, 32), (2, 5), r"mask as bool of shape \(2, 5\); expected bool of shape \(2, 4\)"),
    ],
)
def test_what_is_no_batch_of_clips_is_refused(shape: tuple[int, ...], mask: tuple[int, ...], expected: str) -> None:
    with pytest.raises(IsharaError, match=expected):
        make()(torch.zeros(shape, dtype=torch.uint8), torch.ones(mask, dtype=torch.bool))


def test_floats_and_clips_of_padding_alone_are_refused() -> None:
    model = make().eval()
    x, mask = model.random_clips([3, 2], seed=12)
    with pytest.raises(IsharaError, match="frames as float32"):
        model(x.float(), mask)
    with pytest.raises(IsharaError, match="mask as int64"):
        model(x, mask.long())
    mask[1] = False
    with pytest.raises(IsharaError, match="without a real frame, number 1 of the batch"):
        model(x, mask)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"frozen": ("stage3",)}, r"found 'stage3'\. Choose from: all, stage1, stage2, stem"),
        ({"frozen": "most"}, "model.options.frozen"),
        ({"depths": (1,)}, "widths has 2 stages and depths 1"),
        ({"std": (0.2, 0.0, 0.2)}, "model.options.std"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(IsharaError, match=expected):
        make(**options)
