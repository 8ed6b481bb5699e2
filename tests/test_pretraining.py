"""Masked-landmark pretraining: what is hidden, that it is learnt to be filled in, and what is begun from it."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import ablation_page
import measure_pretraining
from ishara.models.trained import recipe_model
from ishara.pose.prepare import model_layout
from ishara.recipe import Recipe
from ishara.training.folds import make_folds
from ishara.training.sides import prepare_clips
from measure_pretraining import PretrainedLearner, unlabelled
from pretraining.masked import Settings, hide, pretrain

SMALL = [
    "model.name=conv_transformer", "model.options={d_model: 16, heads: 2, stages: 1}", "train.max_epochs=1",
    "schedule.name=constant",
]  # fmt: skip


@pytest.fixture
def recipe(tiny_recipe: Recipe) -> Recipe:
    return tiny_recipe.with_overrides(SMALL)


def test_stretches_of_frames_and_whole_landmarks_are_hidden(recipe: Recipe) -> None:
    layout = model_layout(recipe)
    settings = Settings(frames=0.3, span=5, landmarks=0.2)
    shares = []
    for seed in range(20):
        hidden = hide((40, len(layout)), layout, settings, np.random.default_rng(seed))
        whole = hidden.all(axis=0)
        owners = np.array(layout.landmark_of)
        for owner in set(owners[whole & (owners >= 0)]):
            assert whole[owners == owner].all(), "a landmark is hidden with all of its features"
        rest = hidden[:, ~whole]
        assert (rest.all(axis=1) == rest.any(axis=1)).all(), "else a frame is hidden whole or not at all"
        shares.append((whole.mean(), rest.any(axis=1).mean()))
    landmarks, frames = np.mean(shares, axis=0)
    assert landmarks == pytest.approx(0.2, abs=0.06)
    assert 0.15 < frames <= 0.375


def test_what_was_hidden_is_learnt_to_be_filled_in(recipe: Recipe, tmp_path: Path) -> None:
    manifest = make_folds(recipe)[0].manifest
    store = prepare_clips(recipe, manifest, tmp_path)
    poses = [store[i] for i in range(len(store.ids))]
    settings = Settings(epochs=12, batch_size=8, lr=3e-3)
    layout = model_layout(recipe)
    found = []
    for _ in range(2):
        torch.manual_seed(0)
        found.append(pretrain(recipe_model(recipe, 2), poses, recipe, layout, settings, range(12)))
    losses = found[0][1]
    assert losses[-1] < 0.8 * losses[0]
    assert losses == found[1][1], "the same seed gives the same model"


def test_a_fold_is_learnt_from_a_start_that_never_saw_its_test_side(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.yaml").write_text(recipe.to_yaml(), encoding="utf-8")
    monkeypatch.setattr(measure_pretraining, "UNLABELLED", (tmp_path / "own.yaml",))
    fold = make_folds(recipe)[0]
    sides = fold.manifest.table["split"]
    poses = list(unlabelled(recipe, fold.manifest, tmp_path / "store"))
    assert len(poses) == (sides != "test").sum() < len(sides)
    monkeypatch.setattr(measure_pretraining, "MOST", 3)
    assert len(list(unlabelled(recipe, fold.manifest, tmp_path / "store"))) == 3
    learner = PretrainedLearner(Settings(epochs=2, batch_size=8))
    predictions = learner(recipe, fold.manifest, tmp_path / f"{fold.name}-seed0")
    assert predictions.table["clip"].n_unique() == (sides == "test").sum()
    start = tmp_path / "pretrained" / fold.name
    assert len(json.loads(start.with_suffix(".json").read_text())["losses"]) == 2
    tuned = Recipe.read(tmp_path / f"{fold.name}-seed0" / "tuned" / "recipe.yaml")
    assert tuned.model.pretrained == str(start)
    written = (start / "config.json").stat().st_mtime_ns
    learner(recipe.with_overrides(["train.seed=1"]), fold.manifest, tmp_path / f"{fold.name}-seed1")
    assert (start / "config.json").stat().st_mtime_ns == written, "all seeds begin from the same"


def test_the_page_says_what_pretraining_gave(tmp_path: Path) -> None:
    estimate = {"value": 0.5, "interval": None}
    content = {
        "corpus": "letters", "pretraining": {"epochs": 40, "frames": 0.4, "landmarks": 0.25}, "base": estimate,
        "top1": {"value": 0.53, "interval": None}, "of_seeds": [0.02, 0.04],
        "difference": {"value": 0.03, "interval": {"low": 0.01, "high": 0.05}},
    }  # fmt: skip
    text = "\n".join(ablation_page._pretraining([content]))
    assert "| letters | 50.0% | 53.0% | +3.0 (+1.0 to +5.0) | +2.0 +4.0 | **helps** |" in text
    assert "40 epochs" in text
    assert "40% of the\nframes" in text
    assert not list(ablation_page._pretraining([]))


def test_only_clips_with_something_to_see_are_learnt_from(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body without fingers says nothing to a model of hands."""
    (tmp_path / "own.yaml").write_text(recipe.to_yaml(), encoding="utf-8")
    monkeypatch.setattr(measure_pretraining, "UNLABELLED", (tmp_path / "own.yaml",))
    monkeypatch.setattr(measure_pretraining, "extract_features", lambda pose, options: np.zeros((len(pose), 1)))
    manifest = make_folds(recipe)[0].manifest
    assert not list(unlabelled(recipe, manifest, tmp_path / "store"))
