"""The automatic choice beside a recipe made by hand: the same clips and folds, and what falls short is said."""

import json
from pathlib import Path

import numpy as np
import pytest

import measure_automatic
from ishara.clips.clip import Clip
from ishara.errors import IsharaError
from ishara.evaluation.predictions import Predictions
from ishara.recipe import Recipe
from measure_automatic import BEGIN, END, chosen_for, settings_of

GLOSSES = ["hello", "thanks"]


def predictions(right: int) -> Predictions:
    clips = [Clip(id=str(i), path=f"{i}.pose", gloss=GLOSSES[i % 2], signer=str(i % 5)) for i in range(50)]
    probability = np.array([[0.9, 0.1] if (i % 2 == 0) == (i < right) else [0.1, 0.9] for i in range(50)])
    return Predictions.build(clips, probability, GLOSSES)


@pytest.fixture
def tuned(tiny_recipe: Recipe, tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(tiny_recipe.to_yaml(), encoding="utf-8")
    return path


def test_all_but_clips_and_folds_is_chosen(tiny_recipe: Recipe) -> None:
    tuned = tiny_recipe.with_overrides(["protocol={name: leave-one-group-out, seeds: [3]}", "split={by: group}"])
    found, automatic = chosen_for(tuned)
    assert (automatic.data, automatic.split, automatic.protocol) == (tuned.data, tuned.split, tuned.protocol)
    assert automatic.model == found.recipe.model != tuned.model
    assert automatic.name != tuned.name


def test_recipes_that_differ_in_name_or_in_what_is_the_default_anyway_are_the_same(tiny_recipe: Recipe) -> None:
    recipe = tiny_recipe.with_overrides(["model={name: conv_transformer}"])
    renamed = recipe.with_overrides(["name=other", "train.threads=1", "model.options={d_model: 192}"])
    assert settings_of(recipe) == settings_of(renamed)
    assert settings_of(recipe) != settings_of(recipe.with_overrides(["model.options={d_model: 96}"]))


@pytest.mark.parametrize(("right", "short"), [(39, False), (30, True)])
def test_what_falls_short_is_written_and_said(
    tuned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, right: int, *, short: bool
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\n{END}\nafter\n")
    run: list[Recipe] = []

    def crossval(recipe: Recipe, *_: object) -> Predictions:
        run.append(recipe)
        return predictions(right if recipe.name.endswith("automatic") else 40)

    monkeypatch.setattr(measure_automatic, "_run", crossval)
    words = {"recipes": [tuned], "results": tmp_path, "runs": tmp_path, "into": page}
    if short:
        with pytest.raises(IsharaError, match="More than 2 points below the recipe made by hand: tiny"):
            measure_automatic.main(**words)
    else:
        measure_automatic.main(**words)
    assert [recipe.name for recipe in run] == ["tiny", "tiny-automatic"]
    assert run[1].protocol.seeds == (0,)
    (row,) = json.loads((tmp_path / measure_automatic.RESULT).read_text())["corpora"]
    assert row["difference"]["value"] == pytest.approx((right - 40) / 50)
    assert f"| `tiny` | 1 | 80.0% | {right / 50:.1%} | {2 * (right - 40):+.1f} (" in page.read_text()
    assert "pose.skeleton" in row["chosen"]
