"""What a recipe measured, as the JSON file that stands in ``results/`` and that tables are made from."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from ishara import __version__
from ishara.evaluation.intervals import mean_interval
from ishara.evaluation.metrics import summarise
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.scores import Scores
from ishara.recipe import Recipe
from ishara.training.protocol import CrossValidation

_PACKAGES = ("torch", "lightning", "onnxruntime", "numpy")


def result(recipe: Recipe, measured: CrossValidation, *, learner: str) -> dict[str, Any]:
    """All that is published of a cross-validation, ready for JSON.

    Parameters
    ----------
    recipe
        What was run.
    measured
        What its folds gave.
    learner
        What learnt: ``ishara`` or the name of a baseline.
    """
    folds = per_fold(measured.predictions)
    return {
        "recipe": recipe.name,
        "learner": learner,
        "protocol": _protocol(recipe),
        "corpus": recipe.data.corpus or str(recipe.data.manifest),
        "recipe_hash": recipe.hash,
        "settings": recipe.model_dump(mode="json"),
        "top1_over_folds": mean_interval([row["top1"] for row in folds]).model_dump(mode="json"),
        "folds": folds,
        "seconds": measured.seconds,
        "unreadable": measured.failures,
        "summary": summarise(measured.predictions).model_dump(mode="json"),
        **provenance(),
    }


def _protocol(recipe: Recipe) -> dict[str, Any]:
    split, protocol = recipe.split, recipe.protocol
    described = {**protocol.model_dump(mode="json"), "group": split.group}
    if protocol.name == "held-out":
        if split.by == "official":
            described["tested"] = "the corpus's own test split"
        elif isinstance(split.test, tuple):
            described["tested"] = f"{split.group} {', '.join(split.test)}"
        else:
            described["tested"] = f"{split.test:.0%} of the clips"
    return described


def provenance() -> dict[str, Any]:
    """What every published number says of where it comes from: versions and machine."""
    return {
        "versions": {"ishara": __version__, "python": platform.python_version()}
        | {name: version(name) for name in _PACKAGES},
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "system": platform.platform()},
    }


def per_fold(predictions: Predictions) -> list[dict[str, Any]]:
    """One row per fold: clips, the groups tested, and mean top-1 over seeds."""
    table = predictions.table.select("fold", "group", "clip", "seed").with_columns(
        top1=pl.Series(Scores.of(predictions).top1)
    )
    rows = table.group_by("fold").agg(
        clips=pl.col("clip").n_unique(), groups=pl.col("group").drop_nulls().unique().sort(), top1=pl.col("top1").mean()
    )
    named = rows.sort("fold").to_dicts()
    return [{**row, "groups": row["groups"] if len(row["groups"]) < row["clips"] else []} for row in named]


def write_result(folder: Path, measured: Mapping[str, Any]) -> Path:
    """Write a result under its recipe's (and baseline's) name, whole or not at all."""
    learner = measured["learner"]
    name = measured["recipe"] if learner == "ishara" else f"{measured['recipe']}.{learner}"
    return write_json(folder / f"{name}.json", measured)


def write_json(path: Path, measured: Mapping[str, Any]) -> Path:
    """Write what was measured, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(measured, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)
    return path


def _processor() -> str:
    """The processor's name as the system gives it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
