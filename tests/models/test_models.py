"""The contract that every registered model keeps, and the notebook's parameter counts."""

import pytest
import torch
from safetensors.torch import save_file

from ishara.errors import IsharaError
from ishara.models import create_model, list_models
from ishara.models.contract import SignModel
from ishara.models.options import SCHEMAS
from ishara.models.weights import WEIGHTS, load_weights
from ishara.pose.features import feature_layout
from ishara.pose.skeleton import get_skeleton, list_skeletons
from ishara.recipe import Features

MODELS = list_models("landmarks")


def make(name: str, classes: int = 7) -> SignModel:
    torch.manual_seed(0)
    return create_model(name, num_classes=classes).eval()


@pytest.mark.parametrize(("name", "count"), [("spoter", 973_674), ("bdsl_spoter", 1_032_588)])
def test_parameter_counts_are_the_notebooks(name: str, count: int) -> None:
    model = create_model(name, num_classes=60)
    assert sum(p.numel() for p in model.parameters()) == count


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("length", [1, 2, 31, 200])
def test_shapes_and_attention(name: str, length: int) -> None:
    x = torch.randn(3, length, 108)
    mask = torch.arange(length) < torch.tensor([[length], [max(1, length // 2)], [1]])
    with torch.no_grad():
        out = make(name)(x * mask[..., None], mask)
    assert out.logits.shape == (3, 7)
    assert out.embedding.ndim == 2
    assert out.attention.shape == (3, length)
    assert (out.attention[~mask] == 0).all()
    torch.testing.assert_close(out.attention.sum(1), torch.ones(3))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("filling", [0.0, 5.0])
def test_padding_never_changes_a_logit(name: str, filling: float) -> None:
    model, x = make(name), torch.randn(2, 20, 108)
    mask = torch.ones(2, 20, dtype=torch.bool)
    padded = torch.cat([x, torch.full((2, 13, 108), filling)], dim=1)
    padded_mask = torch.cat([mask, torch.zeros(2, 13, dtype=torch.bool)], dim=1)
    with torch.no_grad():
        short, long = model(x, mask), model(padded, padded_mask)
    torch.testing.assert_close(long.logits, short.logits, atol=1e-5, rtol=0)
    torch.testing.assert_close(long.embedding, short.embedding, atol=1e-5, rtol=0)
    torch.testing.assert_close(long.attention[:, :20], short.attention, atol=1e-6, rtol=0)


@pytest.mark.parametrize("name", MODELS)
def test_a_clip_alone_is_the_clip_in_a_batch(name: str) -> None:
    model, x = make(name), torch.randn(4, 9, 108)
    mask = torch.ones(4, 9, dtype=torch.bool)
    with torch.no_grad():
        torch.testing.assert_close(model(x[2:3], mask[2:3]).logits, model(x, mask).logits[2:3], atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", MODELS)
def test_every_parameter_has_a_gradient(name: str) -> None:
    model = make(name)
    x, mask = torch.randn(4, 12, 108), torch.ones(4, 12, dtype=torch.bool)
    torch.nn.functional.cross_entropy(model(x, mask).logits, torch.arange(4)).backward()
    dead = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert dead == []


@pytest.mark.parametrize("name", MODELS)
def test_order_of_frames_matters(name: str) -> None:
    model, x = make(name), torch.randn(1, 12, 108)
    mask = torch.ones(1, 12, dtype=torch.bool)
    with torch.no_grad():
        assert not torch.allclose(model(x, mask).logits, model(x.flip(1), mask).logits, atol=1e-4)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("skeleton", list_skeletons())
def test_any_skeleton_and_features(name: str, skeleton: str) -> None:
    layout = feature_layout(get_skeleton(skeleton), Features(velocities=True, presence=True), 3)
    model = create_model(name, num_classes=3, layout=layout).eval()
    with torch.no_grad():
        out = model(torch.randn(2, 5, len(layout)), torch.ones(2, 5, dtype=torch.bool))
    assert torch.isfinite(out.logits).all()


def test_signing_space_weights_belong_to_landmarks_by_name() -> None:
    """A weight of 0 makes the model blind to that landmark, and to no other."""
    layout = feature_layout(get_skeleton("spoter54"), Features(), 2)
    model = create_model("bdsl_spoter", num_classes=5, layout=layout).eval()
    wrist = layout.landmarks.index("right_hand.wrist")
    with torch.no_grad():
        model.signing_space_weights[wrist] = 0
        x, mask = torch.randn(1, 6, len(layout)), torch.ones(1, 6, dtype=torch.bool)
        before = model(x, mask).logits
        own = [i for i, name in enumerate(layout.names) if name.startswith("right_hand.wrist.")]
        others = [i for i, name in enumerate(layout.names) if name.startswith("left_wrist.")]
        changed = x.clone()
        changed[..., own] += 3
        torch.testing.assert_close(model(changed, mask).logits, before)
        changed[..., others] += 3
        assert not torch.allclose(model(changed, mask).logits, before, atol=1e-4)


def test_unknown_models_and_options_name_the_choices() -> None:
    with pytest.raises(IsharaError, match=r"no model 'spotter'.*Did you mean 'spoter'"):
        create_model("spotter", num_classes=3)
    with pytest.raises(IsharaError, match=r"no key 'model.options.head'.*Did you mean 'heads'"):
        create_model("spoter", num_classes=3, head=4)
    with pytest.raises(IsharaError, match=r"d_model \(100\) must be a multiple of heads \(9\)"):
        create_model("spoter", num_classes=3, d_model=100)
    with pytest.raises(IsharaError, match=r"model.options.dropout: found 1.5"):
        create_model("spoter", num_classes=3, dropout=1.5)


def test_every_schema_has_a_model() -> None:
    assert sorted(SCHEMAS) == list_models()


def test_damaged_weights_are_refused(tmp_path) -> None:
    save_file({"a": torch.zeros(3)}, tmp_path / WEIGHTS)
    whole = (tmp_path / WEIGHTS).read_bytes()
    for content in (b"", whole[:-4], b"PK\x03\x04 a pickle, perhaps"):
        (tmp_path / WEIGHTS).write_bytes(content)
        with pytest.raises(IsharaError, match="safetensors"):
            load_weights(tmp_path / WEIGHTS)
