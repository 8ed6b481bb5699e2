"""What the recognisers of a cross-validation say where they look at a clip another number of times."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from ishara.clips.manifest import Manifest
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.run import predict_clips
from ishara.recognizer import Recognizer
from ishara.training.jobs import folder_name
from ishara.training.run import MANIFEST


def with_views(base: Predictions, runs: Path, views: int) -> Predictions:
    """Predictions for the same clips by the recognisers in `runs`, each clip looked at so often: `inference.views`."""
    jobs = base.table.select("fold", "seed").unique(maintain_order=True)
    return Predictions.concat(
        _of_run(
            runs / f"{folder_name(fold)}-seed{seed}",
            base.where((pl.col("fold") == fold) & (pl.col("seed") == seed)),
            views,
        )
        for fold, seed in jobs.iter_rows()
    )


def _of_run(run: Path, plain: Predictions, count: int) -> Predictions:
    kept = run / f"views-{count}.parquet"
    if kept.is_file():
        return Predictions.read(kept)
    recognizer = Recognizer.load(run, threads=1, views=count)
    manifest = Manifest.read(run / MANIFEST)
    tested = manifest.where(pl.col("id").is_in(plain.table["clip"].implode()))
    job = plain.table.row(0, named=True)
    views, _ = predict_clips(
        recognizer, tested, group=recognizer.recipe.split.group, fold=job["fold"], seed=job["seed"]
    )  # fmt: skip
    views = Predictions(views.table.with_columns(repeat=pl.lit(job["repeat"], views.table["repeat"].dtype)))
    views.write(kept)
    return views
