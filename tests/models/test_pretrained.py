"""Starting from a trained recogniser's weights: they fit in every tensor and every feature, or are refused by name."""

import shutil
from pathlib import Path

import pytest
import torch

from ishara.errors import IsharaError
from ishara.models import create_model
from ishara.models.contract import SignModel
from ishara.models.weights import WEIGHTS, load_weights
from ishara.pose.features import FeatureLayout, feature_layout
from ishara.pose.prepare import model_skeleton
from ishara.recipe import Recipe


def layout_of(recipe: Recipe, *overrides: str) -> FeatureLayout:
    recipe = recipe.with_overrides(overrides)
    return feature_layout(model_skeleton(recipe.pose), recipe.features, recipe.pose.dimensions)


def make(recipe: Recipe, path: Path, *overrides: str, classes: int = 3, **options: object) -> SignModel:
    layout = layout_of(recipe, *overrides)
    options = {**recipe.model.options, **options}
    return create_model(recipe.model.name, num_classes=classes, layout=layout, pretrained=path, **options)


@pytest.mark.parametrize("place", [".", "recognizer"])
def test_a_run_and_its_recogniser_can_be_started_from(tiny_run: Path, tiny_recipe: Recipe, place: str) -> None:
    weights = load_weights(tiny_run / "recognizer" / WEIGHTS)
    state = make(tiny_recipe, tiny_run / place).state_dict()
    assert state.keys() == weights.keys()
    assert all(torch.equal(state[name], weights[name]) for name in state)


def test_the_last_layer_is_new_for_another_vocabulary(tiny_run: Path, tiny_recipe: Recipe) -> None:
    weights = load_weights(tiny_run / "recognizer" / WEIGHTS)
    model = make(tiny_recipe, tiny_run, classes=5)
    assert model.head[5].weight.shape[0] == 5
    assert torch.equal(model.encoder.project.weight, weights["encoder.project.weight"])
    (sentence,) = model.origin
    assert sentence.startswith("head.5.weight and head.5.bias are new")
    assert sentence.endswith("has 3 classes and this model 5.")


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["pose.skeleton=spoter54"], "other landmarks .*: 49, not 54"),
        (["pose.landmarks=[right_hand, left_hand]"], "other landmarks"),
        (["features.velocities=true"], "other features"),
        (["features.hand_local=false", "features.velocities=true"], "other features"),
    ],
)
def test_other_landmarks_or_features_are_refused(
    tiny_run: Path, tiny_recipe: Recipe, overrides: list[str], expected: str
) -> None:
    with pytest.raises(IsharaError, match=expected):
        make(tiny_recipe, tiny_run, *overrides)


def test_the_same_landmarks_in_another_order_are_refused(tiny_run: Path, tiny_recipe: Recipe) -> None:
    """Every shape fits then; only the names tell."""
    own = layout_of(tiny_recipe).landmarks
    swapped = [own[1], own[0], *own[2:]]
    with pytest.raises(IsharaError, match=rf"number 1 is '{own[0]}', not '{own[1]}'"):
        make(tiny_recipe, tiny_run, f"pose.landmarks=[{', '.join(swapped)}]")


def test_tensors_that_do_not_fit_are_named(tiny_run: Path, tiny_recipe: Recipe) -> None:
    with pytest.raises(IsharaError, match=r"does not fit this model: .*layers\.0.* has shape"):
        make(tiny_recipe, tiny_run, feedforward=64)
    with pytest.raises(IsharaError, match="is missing"):
        create_model("bdsl_spoter", num_classes=3, layout=layout_of(tiny_recipe), pretrained=str(tiny_run))


def test_weights_that_were_not_exported_are_refused(tiny_run: Path, tiny_recipe: Recipe, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_run / "recognizer", tmp_path / "recognizer"))
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-1] + b"x")
    with pytest.raises(IsharaError, match=r"model\.safetensors: is damaged or not the file that was exported"):
        make(tiny_recipe, folder)
    with pytest.raises(IsharaError, match="is not a recogniser"):
        make(tiny_recipe, tmp_path / "nowhere")
