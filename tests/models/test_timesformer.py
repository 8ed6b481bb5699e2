"""TimeSformer: `transformers`' logits from the same weights, whatever the padding, of frames of any side."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from transformers.models.timesformer.configuration_timesformer import TimesformerConfig
from transformers.models.timesformer.modeling_timesformer import TimesformerForVideoClassification

from ishara.errors import IsharaError
from ishara.export.onnx import export_onnx
from ishara.models import create_model, layers
from ishara.models.layers import TokenLinear
from ishara.models.timesformer import Timesformer

SMALL = {"size": 48, "frames": 4, "d_model": 32, "heads": 4, "layers": 3, "feedforward": 64}
CLASSES = 5


def make(pretrained: Path | None = None, **options: Any) -> Timesformer:
    torch.manual_seed(0)
    model = create_model("timesformer", num_classes=CLASSES, pretrained=pretrained, **{**SMALL, **options})
    assert isinstance(model, Timesformer)
    return model


def published(folder: Path, **settings: Any) -> TimesformerForVideoClassification:
    """A small checkpoint of random weights, large enough for attention to be uneven."""
    torch.manual_seed(1)
    sizes = {"image_size": 48, "num_frames": 4, "hidden_size": 32, "num_attention_heads": 4, "num_hidden_layers": 3}
    config = TimesformerConfig(**{**sizes, "intermediate_size": 64, "num_labels": CLASSES, **settings})
    model = TimesformerForVideoClassification(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.4)
    model.save_pretrained(folder)
    return model


def normal(x: torch.Tensor) -> torch.Tensor:
    return (x / 255 - 0.45) / 0.225


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("frames", [1, 3, 4, 9])
def test_logits_are_those_of_transformers(tmp_path: Path, batch: int, frames: int) -> None:
    """With other frame counts too, which take the nearest positions in time."""
    theirs = published(tmp_path)
    ours = make(tmp_path).eval()
    assert ours.origin == ()
    x, mask = ours.random_clips([frames] * batch, seed=2)
    theirs.config.num_frames = frames
    with torch.no_grad():
        expected, found = theirs(normal(x), output_attentions=True), ours(x, mask)
    torch.testing.assert_close(found.logits, expected.logits, atol=1e-4, rtol=0)
    patches = expected.attentions[-1][:, :, 0, 1:].sum(dim=-1).mean(dim=1).view(batch, frames)
    torch.testing.assert_close(found.attention, patches / patches.sum(dim=1, keepdim=True), atol=1e-5, rtol=0)


@pytest.mark.parametrize("side", [32, 80])
def test_frames_of_another_size_take_the_nearest_positions_in_space(tmp_path: Path, side: int) -> None:
    theirs = published(tmp_path)
    ours = make(tmp_path, size=48).eval()
    x = torch.randint(256, (1, 4, 3, side, side), dtype=torch.uint8)
    theirs.config.image_size = side
    with torch.no_grad():
        expected = theirs(normal(x)).logits
        found = ours(x, torch.ones(1, 4, dtype=torch.bool)).logits
        resampled = make(tmp_path, size=side).eval()(x, torch.ones(1, 4, dtype=torch.bool)).logits
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)
    torch.testing.assert_close(resampled, expected, atol=1e-4, rtol=0)


def test_beside_the_colours_motion_begins_without_a_say(tmp_path: Path) -> None:
    published(tmp_path)
    x, mask = make().random_clips([4], seed=2)
    with torch.no_grad():
        found, expected = (make(tmp_path, sees=sees).eval()(x, mask).logits for sees in ("both", "colours"))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    assert [told.partition(": ")[2] for told in make(tmp_path, sees="both").origin] == [
        "patches.weight is 0 for motion."
    ]


@pytest.mark.parametrize("sees", ["colours", "motion"])
@pytest.mark.parametrize("frames", [1, 2, 4, 7])
def test_padding_changes_nothing(tmp_path: Path, frames: int, sees: str) -> None:
    published(tmp_path)
    model = make(tmp_path, sees=sees).eval()
    x, mask = model.random_clips([frames, 9], seed=3)
    x[~mask] = 255
    with torch.no_grad():
        padded = model(x, mask)
        alone = model(x[:1, :frames], mask[:1, :frames])
    torch.testing.assert_close(padded.logits[:1], alone.logits, atol=1e-5, rtol=0)
    torch.testing.assert_close(padded.embedding[:1], alone.embedding, atol=1e-4, rtol=0)
    torch.testing.assert_close(padded.attention[:1, :frames], alone.attention, atol=1e-5, rtol=0)
    assert (padded.attention[~mask] == 0).all()
    torch.testing.assert_close(padded.attention.sum(dim=1), torch.ones(2))


@pytest.mark.parametrize("sees", ["colours", "both"])
def test_the_graph_agrees_with_torch(tmp_path: Path, sees: str) -> None:
    published(tmp_path)
    export_onnx(make(tmp_path, layers=3, sees=sees), tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").is_file()


@pytest.mark.parametrize("options", [{"stem": (8, 8, 16, 16)}, {"stem": (8, 16), "pool": "max"}])
def test_the_graph_of_a_stem_agrees_with_torch(tmp_path: Path, options: dict[str, Any]) -> None:
    export_onnx(make(**options), tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").is_file()


@pytest.mark.parametrize("training", [False, True])
def test_padding_is_no_part_of_a_stems_statistics(training: bool) -> None:
    model = make(stem=(8, 8, 16, 16)).train(training)
    x, mask = model.random_clips([2, 4], seed=3)
    longer = torch.cat([x, torch.full_like(x, 255)], dim=1)
    with torch.no_grad():
        found = model(longer, torch.cat([mask, torch.zeros_like(mask)], dim=1)).logits
        torch.testing.assert_close(found, model(x, mask).logits, atol=1e-5, rtol=0)


def test_of_what_a_stem_leaves_of_a_patch_the_greatest_values_are_kept() -> None:
    whole, short = make(stem=(8, 8, 16, 16)), make(stem=(8, 8))
    pictures = torch.rand(2, 3, 32, 48)
    assert whole.patches(pictures).shape == short.patches(pictures).shape == (2, whole.head.in_features, 2, 3)
    *convolutions, _, last = short.patches
    places = nn.Sequential(*convolutions)(pictures)
    expected = last(places.unflatten(3, (3, 4)).unflatten(2, (2, 4)).amax((3, 5)))
    torch.testing.assert_close(short.patches(pictures), expected)


def test_a_patch_is_a_multiple_of_its_stem_which_is_not_published(tmp_path: Path) -> None:
    with pytest.raises(IsharaError, match="patch is 16; with a stem of 5 stages, expected a multiple of 32"):
        make(stem=(8, 16, 32, 32, 32))
    published(tmp_path)
    with pytest.raises(IsharaError, match=r"has no stem. Leave model.options.stem out"):
        make(tmp_path, stem=(8, 8, 16, 16))


def test_a_clip_can_be_told_by_the_greatest_values_of_its_frames(tmp_path: Path) -> None:
    """Of the patches after the last block, which is that of the published weights; at first frames count alike."""
    theirs = published(tmp_path)
    model = make(tmp_path, pool="max").eval()
    assert "attention over frames is new" in model.origin[0]
    x, mask = model.random_clips([4], seed=5)
    with torch.no_grad():
        tokens = theirs.timesformer(normal(x)).last_hidden_state
        # Theirs come place by place, each with its frames.
        patches = tokens[:, 1:].unflatten(1, (9, 4))
        found = model(x, mask)
        torch.testing.assert_close(found.embedding, patches.amax(dim=1).mean(dim=1), atol=1e-4, rtol=0)
        torch.testing.assert_close(found.attention, torch.full((1, 4), 0.25))
        nn.init.normal_(model.pooling.score.weight)
        longer = torch.cat([x, torch.full_like(x, 255)], dim=1)
        padded = model(longer, torch.cat([mask, torch.zeros_like(mask)], dim=1))
        torch.testing.assert_close(padded.logits, model(x, mask).logits, atol=1e-4, rtol=0)
        torch.testing.assert_close(padded.attention[:, :4], model(x, mask).attention, atol=1e-5, rtol=0)


def test_every_parameter_of_a_stem_learns_in_half_precision_too() -> None:
    """There attention is computed in fp32, for its speed; nothing else may follow from that."""
    model = make(stem=(8, 8, 16, 16)).train()
    x, mask = model.random_clips([4, 2], seed=4)
    with torch.autocast("cpu", torch.bfloat16):
        half = model(x, mask).logits
    nn.functional.cross_entropy(half.float(), torch.tensor([0, 1])).backward()
    assert [name for name, parameter in model.named_parameters() if not parameter.grad.any()] == []
    torch.testing.assert_close(half.float(), model(x, mask).logits, atol=0.1, rtol=0)


@pytest.mark.parametrize("sides", [(40, 48), (17, 33), (48, 100)])
def test_oblong_frames_and_odd_sides_are_padded_with_what_adds_nothing(tmp_path: Path, sides: tuple[int, int]) -> None:
    """With each channel's mean at 0, a black border normalises to 0: the same frame with one must give the same."""
    published(tmp_path)
    model = make(tmp_path, mean=(0.0, 0.0, 0.0)).eval()
    x = torch.randint(256, (2, 3, 3, *sides), dtype=torch.uint8)
    mask = torch.ones(2, 3, dtype=torch.bool)
    below, right = (-side % 16 for side in sides)
    whole = nn.functional.pad(x, (0, right, 0, below))
    with torch.no_grad():
        torch.testing.assert_close(model(x, mask).logits, model(whole, mask).logits, atol=1e-6, rtol=0)


def test_frames_that_are_not_the_models_size_have_a_graph_of_their_own(tmp_path: Path) -> None:
    """A side that is no multiple of the patch is padded in the graph too."""
    export_onnx(make(size=40, layers=1), tmp_path / "model.onnx")


def test_every_parameter_learns_and_checkpointing_changes_no_gradient() -> None:
    plain, saving = make().train(), make(checkpointing=True).train()
    x, mask = plain.random_clips([4, 2], seed=4)
    for model in (plain, saving):
        nn.functional.cross_entropy(model(x, mask).logits, torch.tensor([0, 1])).backward()
    assert [name for name, parameter in plain.named_parameters() if parameter.grad is None] == []
    for (name, ours), theirs in zip(plain.named_parameters(), saving.parameters(), strict=True):
        assert ours.grad.any(), name
        torch.testing.assert_close(theirs.grad, ours.grad, atol=1e-6, rtol=0, msg=name)


def test_stochastic_depth_draws_for_a_clip_and_is_off_in_use() -> None:
    model = make(stochastic_depth=0.5)
    x, mask = model.random_clips([4, 4], seed=5)
    x[1] = x[0]
    with torch.no_grad():
        drawn = torch.stack([model.train()(x, mask).logits for _ in range(8)])
        assert not torch.allclose(drawn[:, 0], drawn[:, 1])
        torch.testing.assert_close(model.eval()(x, mask).logits, make().eval()(x, mask).logits, atol=1e-6, rtol=0)


@pytest.mark.parametrize("amd", [True, False])
@pytest.mark.parametrize("shape", [(2, 8, 9), (3, 67), (197,), (1,), (16, 8)])
def test_a_linear_layer_of_many_tokens_is_a_linear_layer(
    shape: tuple[int, ...], amd: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts that can be parted into pictures and counts that cannot, forward and backward, on either's processor."""
    monkeypatch.setattr(layers, "is_amd", lambda: amd)
    torch.manual_seed(0)
    ours = TokenLinear(6, 5)
    theirs = nn.Linear(6, 5)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(*shape, 6)
    for layer in (ours, theirs):
        layer(x).square().sum().backward()
    torch.testing.assert_close(ours(x), theirs(x))
    torch.testing.assert_close(ours.weight.grad, theirs.weight.grad, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(ours.bias.grad, theirs.bias.grad, atol=1e-4, rtol=1e-4)


def test_half_precision_gives_nearly_the_same() -> None:
    model = make().eval()
    x, mask = model.random_clips([4, 2], seed=6)
    with torch.no_grad():
        expected = model(x, mask).logits
        with torch.autocast("cpu", torch.bfloat16):
            found = model(x, mask).logits
    torch.testing.assert_close(found.float(), expected, atol=0.02, rtol=0)


def test_the_notebooks_shape_can_be_made() -> None:
    with torch.device("meta"):
        model = create_model("timesformer", num_classes=10, layers=5, heads=8, frames=32)
    assert model.input_shape == (3, 224, 224)
    assert model.space_positions.shape == (1, 197, 768)
    assert model.time_positions.shape == (1, 32, 768)


def test_other_classes_and_frames_are_said(tmp_path: Path) -> None:
    published(tmp_path, num_labels=7, num_frames=8)
    model = make(tmp_path)
    assert len(model.origin) == 2
    assert "time_positions for 4 frames are the nearest of its 8" in model.origin[0]
    assert "head.weight and head.bias are new, for it has 7 classes and this model 5" in model.origin[1]


def test_a_checkpoint_without_a_classifier_can_be_started_from(tmp_path: Path) -> None:
    published(tmp_path).timesformer.save_pretrained(tmp_path / "body")
    model = make(tmp_path / "body")
    assert "it has no classes" in model.origin[0]
    assert torch.equal(model.norm.weight, make(tmp_path).norm.weight)


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"),
    [
        ({}, {"layers": 4}, r"does not fit this model: blocks\.3\.temporal_norm\.weight is missing"),
        ({}, {"layers": 2}, r"blocks\.2\..* is unknown"),
        ({}, {"feedforward": 32}, r"blocks\.0\.mlp\.0\.weight has shape \(64, 32\), expected \(32, 32\)"),
        ({}, {"heads": 2}, r"num_attention_heads: 4, and this model has 2 \(heads\)"),
        ({"attention_type": "space_only"}, {}, "attention_type: 'space_only'"),
    ],
)
def test_a_checkpoint_of_another_shape_is_refused(
    tmp_path: Path, theirs: dict[str, Any], ours: dict[str, Any], expected: str
) -> None:
    published(tmp_path, **theirs)
    with pytest.raises(IsharaError, match=expected):
        make(tmp_path, **ours)


@pytest.mark.parametrize(
    ("shape", "mask", "expected"),
    [
        ((1, 4, 3, 12, 48), (1, 4), "frames of 12 × 48 pixels; expected at least 16"),
        ((1, 4, 1, 48, 48), (1, 4), "expected RGB"),
        ((1, 4, 3, 48, 48), (4,), r"mask as bool of shape \(4,\)"),
    ],
)
def test_what_is_no_batch_of_clips_is_refused(shape: tuple[int, ...], mask: tuple[int, ...], expected: str) -> None:
    with pytest.raises(IsharaError, match=expected):
        make()(torch.zeros(shape, dtype=torch.uint8), torch.ones(mask, dtype=torch.bool))
