"""The contract for `conv_transformer` and `st_gcn`, on every skeleton and with their options."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from torch.nn import functional as F

from ishara.errors import IsharaError
from ishara.export.onnx import export_onnx
from ishara.models import create_model
from ishara.models.contract import SignModel
from ishara.models.st_gcn import halve
from ishara.pose.features import FeatureLayout, feature_layout
from ishara.pose.skeleton import Skeleton, get_skeleton
from ishara.recipe import Features, Recipe
from ishara.training.check import check_recipe

MODELS = ("conv_transformer", "st_gcn")
LIPS = tuple(f"face.{point}" for point in (0, 13, 14, 17, 61, 291))
SKELETONS = {
    "holistic": get_skeleton("holistic"),
    "holistic with lips": get_skeleton("holistic-face").select(["body", *LIPS, "left_hand", "right_hand"]),
    "spoter54": get_skeleton("spoter54"),
    "kinect20": get_skeleton("kinect20"),
    "hands": get_skeleton("hands"),
    "one point": Skeleton("one point", ("nose",)),
}
FEATURES = {
    "positions": Features(hand_local=False),
    "velocities and presence": Features(velocities=True, presence=True),
    "all": Features(bones=True, angles=True, velocities=True, presence=True),
}
# Each against the defaults.
OPTIONS = [
    ("conv_transformer", {"norm": "layer", "positions": "sinusoidal", "stages": 1, "convolutions": 1, "kernel": 3}),
    ("conv_transformer", {"d_model": 24, "heads": 3, "expand": 1, "stages": 3, "convolutions": 2}),
    ("st_gcn", {"norm": "layer", "adaptive": False, "channels": (12, 15), "strides": (1, 1)}),
    ("st_gcn", {"channels": (24,), "strides": (2,), "blocks": 3, "dilations": (1,)}),
]
SMALL = {
    "conv_transformer": {"d_model": 48, "stages": 1},
    "st_gcn": {"channels": (12, 24), "strides": (2, 2), "blocks": 1},
}


def make(name: str, layout: FeatureLayout, classes: int = 5, **options: object) -> SignModel:
    torch.manual_seed(0)
    return create_model(name, num_classes=classes, layout=layout, **options)


def trained_a_little(model: SignModel) -> SignModel:
    """With statistics of batches and scores of frames that are no longer those that it began with."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for seed in range(3):
        x, mask = model.train().random_clips((9, 7, 4), seed)
        loss = F.cross_entropy(model(x + 1, mask).logits, torch.arange(3))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


def keeps_the_contract(model: SignModel) -> None:
    """Shapes, attention, and the same outputs for a clip alone, in company and with padding of whatever value."""
    lengths = (30, 17, 2, 1)
    x, mask = model.eval().random_clips(lengths, seed=1)
    with torch.no_grad():
        out = model(x, mask)
        long, long_mask = F.pad(x, (0, 0, 0, 7), value=4.0), F.pad(mask, (0, 7))
        padded = model(torch.where(long_mask[..., None], long, 4.0), long_mask)
        alone = [model(x[i : i + 1, :n], mask[i : i + 1, :n]) for i, n in enumerate(lengths)]
    assert out.logits.shape == (4, 5)
    assert (out.attention[~mask] == 0).all()
    torch.testing.assert_close(out.attention.sum(1), torch.ones(4))
    torch.testing.assert_close(padded.attention[:, :30], out.attention, atol=1e-6, rtol=1e-4)
    for got, expected in ((padded.logits, out.logits), (padded.embedding, out.embedding)):
        torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(torch.cat([clip.logits for clip in alone]), out.logits, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("features", FEATURES)
@pytest.mark.parametrize("skeleton", SKELETONS)
def test_the_contract_holds_for_any_skeleton_and_features(
    name: str, dimensions: int, features: str, skeleton: str
) -> None:
    layout = feature_layout(SKELETONS[skeleton], FEATURES[features], dimensions)
    keeps_the_contract(trained_a_little(make(name, layout, **SMALL[name])))


@pytest.mark.parametrize(("name", "options"), [*((name, {}) for name in MODELS), *OPTIONS])
def test_the_contract_holds_for_the_defaults_and_any_options(name: str, options: dict[str, object]) -> None:
    layout = feature_layout(get_skeleton("upper-body-hands"), Features(), 3)
    keeps_the_contract(trained_a_little(make(name, layout, **options)))


@pytest.mark.parametrize(("name", "options"), [*SMALL.items(), *OPTIONS])
def test_onnx_computes_what_torch_does(name: str, options: dict[str, object], tmp_path: Path) -> None:
    layout = feature_layout(get_skeleton("kinect20"), Features(velocities=True, presence=True), 3)
    model = trained_a_little(make(name, layout, **options))
    export_onnx(model, tmp_path / "model.onnx")
    session = ort.InferenceSession(str(tmp_path / "model.onnx"))
    for lengths in ((1,), (2, 1), (9, 9, 4), (64, 33, 5), (150,)):
        x, mask = model.random_clips(lengths, seed=2)
        with torch.no_grad():
            expected = model(x, mask)
        found = session.run(["logits", "embedding", "attention"], {"x": x.numpy(), "mask": mask.numpy()})
        for ours, theirs in zip(expected, found, strict=True):
            np.testing.assert_allclose(theirs, ours.numpy(), atol=1e-4)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_ishara_check_passes(name: str, norm: str, tmp_path: Path) -> None:
    recipe = Recipe.from_dict(
        {
            "name": "check",
            "data": {"corpus": "synthetic", "root": str(tmp_path)},
            "pose": {"skeleton": "kinect20", "dimensions": 3},
            "features": {"presence": True},
            "model": {"name": name, "options": {"norm": norm}},
        }
    )
    _, *checks = check_recipe(recipe)
    assert [check.found for check in checks if not check.passed] == []
    assert {"padding", "gradients", "one batch overfits"} <= {check.name for check in checks}


@pytest.mark.parametrize("name", MODELS)
def test_padding_changes_no_gradient_in_training(name: str) -> None:
    """Batch statistics are of real frames, so that a batch trains the same with more padding."""
    layout = feature_layout(get_skeleton("kinect20"), Features(), 3)
    certain = {"drop_path": 0, "head_dropout": 0} | ({"dropout": 0} if name == "conv_transformer" else {})
    model = make(name, layout, **certain, **SMALL[name])
    x, mask = model.train().random_clips((13, 8, 1), seed=0)
    gradients = []
    for more in (0, 6):
        model.zero_grad()
        out = model(F.pad(x, (0, 0, 0, more), value=3.0), F.pad(mask, (0, more)))
        F.cross_entropy(out.logits, torch.arange(3)).backward()
        gradients.append([p.grad.clone() for p in model.parameters()])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize("name", MODELS)
def test_training_on_one_frame_of_one_clip_is_no_error(name: str) -> None:
    layout = feature_layout(get_skeleton("kinect20"), Features(), 3)
    model = make(name, layout, **SMALL[name])
    x, mask = model.train().random_clips((1,), seed=0)
    F.cross_entropy(model(x, mask).logits, torch.tensor([2])).backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


@pytest.mark.parametrize("name", MODELS)
def test_mixed_precision_gives_nearly_the_same(name: str) -> None:
    layout = feature_layout(get_skeleton("kinect20"), Features(), 3)
    model = trained_a_little(make(name, layout, **SMALL[name]))
    x, mask = model.random_clips((13, 8, 1), seed=0)
    with torch.no_grad():
        exact = model(x, mask)
        with torch.autocast("cpu", torch.bfloat16):
            mixed = model(x, mask)
    torch.testing.assert_close(mixed.logits.float(), exact.logits, atol=0.05, rtol=0.05)
    assert mixed.attention.dtype == torch.float32
    with torch.autocast("cpu", torch.bfloat16):
        F.cross_entropy(model.train()(x, mask).logits.float(), torch.arange(3)).backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


@pytest.mark.parametrize(("name", "count"), [("conv_transformer", 1_675_472), ("st_gcn", 520_874)])
def test_parameter_counts_at_defaults(name: str, count: int) -> None:
    """288 features, 50 classes."""
    model = make(name, feature_layout(get_skeleton("spoter54"), Features(), 3), classes=50)
    assert sum(p.numel() for p in model.parameters()) == count


def test_kinds_of_features_reach_st_gcn_by_name() -> None:
    """What is of one joint alone changes the result, wherever in the layout it stands."""
    layout = feature_layout(get_skeleton("kinect20"), Features(velocities=True), 2)
    order = torch.randperm(len(layout), generator=torch.Generator().manual_seed(0)).tolist()
    names, owners = ([column[i] for i in order] for column in (layout.names, layout.landmark_of))
    shuffled = FeatureLayout(tuple(names), layout.landmarks, tuple(owners))
    model, other = make("st_gcn", layout, **SMALL["st_gcn"]).eval(), make("st_gcn", shuffled, **SMALL["st_gcn"]).eval()
    with torch.no_grad():
        columns = [_channel_order(layout).index(kind) for kind in _channel_order(shuffled)]
        other.project.weight.copy_(model.project.weight[:, columns])
        x, mask = model.random_clips((6, 4), seed=0)
        torch.testing.assert_close(other(x[..., order], mask).logits, model(x, mask).logits)


def _channel_order(layout: FeatureLayout) -> list[str]:
    kinds = [
        name.removeprefix(layout.landmarks[owner]) for name, owner in zip(layout.names, layout.landmark_of, strict=True)
    ]
    return list(dict.fromkeys(kinds))


def test_a_step_of_halved_time_is_real_where_one_of_its_frames_is() -> None:
    masks = torch.tensor([[True] * 5, [True, True, True, False, False], [True, False, False, False, False]])
    assert halve(masks).tolist() == [[True] * 3, [True, True, False], [True, False, False]]
    assert halve(torch.tensor([[False, True, False, False]])).tolist() == [[True, False]]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("conv_transformer", {"kernel": 4}, r"kernel \(4\) must be odd"),
        ("conv_transformer", {"heads": 5}, r"d_model \(192\) must be a multiple of heads \(5\)"),
        ("conv_transformer", {"d_model": 21, "heads": 3, "positions": "sinusoidal"}, r"d_model \(21\) must be even"),
        ("st_gcn", {"channels": (48, 96)}, r"channels has 2 stages and strides 3"),
        ("st_gcn", {"channels": (48, 96, 100)}, r"channels.*100.*multiple of 3"),
        ("st_gcn", {"channels": (3,), "strides": (1,)}, r"at least 6, one for each branch"),
    ],
)
def test_options_that_do_not_fit_are_named(name: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(IsharaError, match=message):
        create_model(name, num_classes=3, **options)
