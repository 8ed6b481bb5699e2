"""Several processes train as one does with so many times the batch; they are gloo's, on the CPU."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ishara.clips.manifest import Manifest
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.run import PREDICTIONS
from ishara.models import list_models
from ishara.recipe import Recipe
from ishara.training import crossval, fit
from ishara.training.callbacks import HISTORY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

# Nothing is drawn that differs by process, and no normalisation is by the batch of one.
PLAIN = {
    "sign2text": ["model.options.dropout=0", "model.options.batch_norm=stored"],
    "timesformer": ["model.options.dropout=0", "model.options.stochastic_depth=0"],
}
LOSSES = ("train/loss", "train/top1", "validation/loss", "validation/top1")


def with_two(command: str, recipe: Recipe, out: Path) -> None:
    """Run a command of Ishara with two processes, each of which takes half of a batch."""
    written = out.with_suffix(".yaml")
    half = [f"train.batch_size={recipe.train.batch_size // 2}", "train.devices=2"]
    written.write_text(recipe.with_overrides(half).to_yaml(), encoding="utf-8")
    words = [sys.executable, "-m", "ishara", command, str(written), "--out", str(out)]
    ended = subprocess.run(words, capture_output=True, text=True, check=False, timeout=250)
    assert ended.returncode == 0, ended.stderr
    assert "GLOBAL_RANK: 1, MEMBER: 2/2" in ended.stderr


@pytest.mark.parametrize("name", list_models("pixels"))
def test_models_of_pixels_have_the_same_loss_curve(
    videos: Manifest, pixel_recipe: Callable[..., Recipe], tmp_path: Path, name: str
) -> None:
    """Clips are of several lengths, so that it matters which come together."""
    recipe = pixel_recipe(
        name, "pixels.frames=12", "pixels.augment.preset=none", "optimizer.lr=0.02", "schedule.name=constant",
        "train.max_epochs=5", "train.accelerator=cpu", *PLAIN[name],
    )  # fmt: skip
    fit(recipe, videos, tmp_path / "one")
    with_two("train", recipe, tmp_path / "two")
    one, two = (pl.read_csv(tmp_path / run / HISTORY).select(LOSSES).to_numpy() for run in ("one", "two"))
    assert np.ptp(one[:, 0]) > 0.005, "a curve that does not move shows nothing"
    np.testing.assert_allclose(two, one, rtol=0, atol=1e-4)


def test_every_fold_is_learnt_together(tiny_recipe: Recipe, tmp_path: Path) -> None:
    recipe = tiny_recipe.with_overrides(
        ["protocol.name=stratified-k-fold", "protocol.folds=2", "split.by=clip", "split.validation=0.25",
         "split.near_duplicates=ignore", "model.options.dropout=0", "train.max_epochs=2", "train.accelerator=cpu"]
    )  # fmt: skip
    one = crossval(recipe, tmp_path / "one").predictions.table
    with_two("crossval", recipe, tmp_path / "two")
    two = Predictions.read(tmp_path / "two" / PREDICTIONS).table
    assert two["clip"].to_list() == one["clip"].to_list()
    probabilities = [name for name in one.columns if name.startswith("p:")]
    np.testing.assert_allclose(two.select(probabilities), one.select(probabilities), rtol=0, atol=1e-3)
