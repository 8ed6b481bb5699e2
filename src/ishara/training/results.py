"""What a recipe measured, as the JSON file that stands in ``results/`` and that tables are made from."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ishara import __version__
from ishara.evaluation.intervals import Estimate, mean_interval
from ishara.evaluation.metrics import summarise
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.scores import Scores, class_mean
from ishara.processor import processor_name
from ishara.recipe import Recipe
from ishara.training.protocol import CrossValidation
from ishara.whole import write_whole

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
        "class_top1_over_folds": mean_interval([row["class_top1"] for row in folds]).model_dump(mode="json"),
        "folds": folds,
        "seeds": per_seed(measured.predictions),
        "choices": {name: choice.model_dump(mode="json") for name, choice in measured.choices.items()},
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
        "machine": {"processor": processor_name(), "cores": os.cpu_count(), "system": platform.platform()},
    }


def per_fold(predictions: Predictions) -> list[dict[str, Any]]:
    """One row per fold: clips, the groups tested, means over seeds, and top-1 of each seed."""
    rows = []
    for name in sorted(predictions.table["fold"].unique()):
        fold = predictions.where(pl.col("fold") == name)
        clips = fold.table["clip"].n_unique()
        groups = fold.table["group"].drop_nulls().unique().sort().to_list()
        seeds = {str(row["seed"]): row["top1"] for row in per_seed(fold)}
        rows.append(
            {"fold": name, "clips": clips, "groups": groups if len(groups) < clips else [], **_means(fold)}
            | {"top1_of_seed": seeds}
        )
    return rows


def per_seed(predictions: Predictions) -> list[dict[str, Any]]:
    """One row per seed: the means over all of its clips."""
    seeds = sorted(predictions.table["seed"].unique())
    return [{"seed": seed, **_means(predictions.where(pl.col("seed") == seed))} for seed in seeds]


def _means(predictions: Predictions) -> dict[str, float]:
    """Top-1 per instance and per class; of several seeds, which test the same clips, it is the mean of theirs."""
    scores = Scores.of(predictions)
    rows = np.ones((1, len(predictions)))
    return {"top1": float(scores.top1.mean()), "class_top1": float(class_mean(scores.top1, scores.gloss, rows)[0])}


def over_folds(figures: Mapping[str, Any]) -> str:
    """The means over folds, with their intervals where there are several, and the range over seeds."""
    estimates = [Estimate.model_validate(figures[name]) for name in ("top1_over_folds", "class_top1_over_folds")]
    parts = []
    for name, found in zip(("top-1", "top-1 per class"), estimates, strict=True):
        ends = f" ({found.interval.low:.1%} to {found.interval.high:.1%})" if found.interval else ""
        parts.append(f"{name} {found.value:.1%}{ends}")
    folds, seeds = len(figures["folds"]), [row["top1"] for row in figures["seeds"]]
    said = f"Mean over {folds} folds: {', '.join(parts)}" if folds > 1 else f"One fold: {', '.join(parts)}"
    return f"{said}; {len(seeds)} seeds from {min(seeds):.1%} to {max(seeds):.1%}" if len(seeds) > 1 else said


def choice_facts(measured: CrossValidation) -> dict[str, str]:
    """What was chosen inside each fold, and what was reached on its inner folds, as a report says it."""
    return {f"Chosen inside fold {name}": str(choice) for name, choice in measured.choices.items()}


def write_result(folder: Path, measured: Mapping[str, Any]) -> Path:
    """Write a result under its recipe's (and baseline's) name, whole or not at all."""
    learner = measured["learner"]
    name = measured["recipe"] if learner == "ishara" else f"{measured['recipe']}.{learner}"
    return write_json(folder / f"{name}.json", measured)


def write_json(path: Path, measured: Mapping[str, Any]) -> Path:
    """Write what was measured, whole or not at all."""
    return write_whole(path, json.dumps(measured, indent=1, ensure_ascii=False) + "\n")
