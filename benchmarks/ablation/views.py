"""Test-time augmentation: what a recogniser says of several changed views of a clip, averaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from ishara.clips.manifest import Manifest
from ishara.evaluation.predictions import Predictions
from ishara.pose.augment import augment
from ishara.pose.features import extract_features
from ishara.pose.prepare import prepare
from ishara.recognizer import Recognizer, softmax
from ishara.recognizer_inputs import ModelInput
from ishara.training.jobs import folder_name
from ishara.training.run import MANIFEST
from ishara.training.seeds import derive

VIEWS = 8
_FILE = "views.parquet"


def averaged_views(base: Predictions, runs: Path) -> Predictions:
    """The base's test clips, each seen as it is and in `VIEWS` views that its recipe's augmentation makes of it."""
    jobs = base.table.select("fold", "seed").unique(maintain_order=True)
    return Predictions.concat(
        _of_run(
            runs / f"{folder_name(fold)}-seed{seed}", base.where((pl.col("fold") == fold) & (pl.col("seed") == seed))
        )
        for fold, seed in jobs.iter_rows()
    )


def _of_run(run: Path, plain: Predictions) -> Predictions:
    if (run / _FILE).is_file():
        return Predictions.read(run / _FILE)
    recognizer = Recognizer.load(run, threads=1)
    recipe = recognizer.recipe
    by_id = {clip.id: clip for clip in Manifest.read(run / MANIFEST)}
    clips = [by_id[name] for name in plain.table["clip"]]
    poses = [prepare(recognizer.landmarks(clip.path, clip.start, clip.end), recipe.pose) for clip in clips]

    def probabilities(view: int) -> np.ndarray:
        inputs = []
        for clip, pose in zip(clips, poses, strict=True):
            if view:
                rng = np.random.default_rng(derive(recipe.train.seed, "view", view, clip.id))
                pose = augment(pose, recipe.augment, rng)
            inputs.append(ModelInput(extract_features(pose, recipe.features), np.zeros(len(pose), np.float32)))
        return softmax(recognizer.run(inputs).logits, recognizer.temperature)

    mean = np.mean([probabilities(view) for view in range(VIEWS + 1)], axis=0)
    job = plain.table.row(0, named=True)
    views = Predictions.build(
        clips, mean, recognizer.labels, groups=plain.table["group"].to_list(), frames=plain.table["frames"].to_list(),
        fold=job["fold"], seed=job["seed"], repeat=job["repeat"],
    )  # fmt: skip
    views.write(run / _FILE)
    return views
