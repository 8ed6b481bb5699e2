"""Test-time augmentation: what a recogniser says of several changed views of a clip, averaged."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from ishara.clips.manifest import Manifest
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.run import predict_clips
from ishara.recognizer import Recognizer
from ishara.training.jobs import folder_name
from ishara.training.run import MANIFEST

VIEWS = 8
_FILE = "views.parquet"


def averaged_views(base: Predictions, runs: Path) -> Predictions:
    """The base's test clips, each looked at so often; see `ishara.pose.views`."""
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
    recognizer = Recognizer.load(run, threads=1, views=VIEWS)
    manifest = Manifest.read(run / MANIFEST)
    tested = manifest.where(pl.col("id").is_in(plain.table["clip"].implode()))
    job = plain.table.row(0, named=True)
    views, _ = predict_clips(
        recognizer, tested, group=recognizer.recipe.split.group, fold=job["fold"], seed=job["seed"]
    )  # fmt: skip
    views = Predictions(views.table.with_columns(repeat=pl.lit(job["repeat"], views.table["repeat"].dtype)))
    views.write(run / _FILE)
    return views
