"""Names that a recipe gets wrong are found before anything is read or written."""

from pathlib import Path

import pytest

from ishara.errors import IsharaError
from ishara.recipe import Recipe
from ishara.training.preflight import check_names


def test_what_is_there_passes(tiny_recipe: Recipe, tiny_run: Path) -> None:
    check_names(tiny_recipe)
    check_names(tiny_recipe.with_overrides([f"model.pretrained={tiny_run}"]))


def test_nothing_is_read(tiny_recipe: Recipe) -> None:
    check_names(tiny_recipe.with_overrides(["data.root=nowhere"]))


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("model.name=spotter", "no model 'spotter'.*Did you mean 'spoter'"),
        ("model.options.head=2", "no key 'model.options.head'.*Did you mean 'heads'"),
        ("model.options.heads=5", "must be a multiple of heads"),
        ("pose.skeleton=spoter55", "pose: There is no skeleton 'spoter55'.*Did you mean 'spoter54'"),
        ("pose.landmarks=[right_hnd]", "pose: .*'right_hnd'"),
        ("data.corpus=synthetics", "data.corpus: There is no corpus 'synthetics'.*Did you mean 'synthetic'"),
        ("data.options.colour=red", "data.options: the corpus 'synthetic' has no option 'colour'. It has none"),
        ("model.pretrained=nowhere", "model.pretrained: nowhere: is not a recogniser"),
    ],
)
def test_a_name_that_is_not_there_is_named(tiny_recipe: Recipe, override: str, expected: str) -> None:
    with pytest.raises(IsharaError, match=expected) as caught:
        check_names(tiny_recipe.with_overrides([override]))
    assert "\n" not in str(caught.value)


def test_features_that_leave_nothing_are_refused(tiny_recipe: Recipe) -> None:
    overrides = ["pose.landmarks=[nose]", "features.positions=false"]
    with pytest.raises(IsharaError, match="features: nothing is left"):
        check_names(tiny_recipe.with_overrides(overrides))


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (
            ["model.options={frozen: all}"],
            r"model\.options\.frozen: stem, stage1, stage2, stage3, stage4 would keep random",
        ),
        (["model.options={frozen: [stem, stage1]}"], "stem, stage1 would keep random .*microsoft/resnet-18, or freeze"),
        (["model.pretrained=no/where/at/all"], r"model\.pretrained: no/where/at/all: is neither a folder nor an id"),
        (
            ["model.pretrained=someone/model"],
            r"model\.pretrained: someone/model: is no folder here and could not be had",
        ),
        (["model.pretrained={folder}"], r"model\.pretrained: .*config\.json and model\.safetensors or .*bin not found"),
        (["model.pretrained={folder}", "model.options={frozen: all}"], r"config\.json and model\.safetensors"),
    ],
)
def test_weights_of_pixel_models_are_looked_for(
    tiny_recipe: Recipe, tmp_path: Path, overrides: list[str], expected: str
) -> None:
    overrides = [override.replace("{folder}", str(tmp_path)) for override in overrides]
    recipe = tiny_recipe.with_overrides(["model={name: sign2text}", *overrides])
    with pytest.raises(IsharaError, match=expected) as caught:
        check_names(recipe)
    assert "\n" not in str(caught.value)


def test_nothing_frozen_needs_no_other_weights(tiny_recipe: Recipe) -> None:
    for name in ("sign2text", "timesformer"):
        check_names(tiny_recipe.with_overrides([f"model={{name: {name}}}"]))
