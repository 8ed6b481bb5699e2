"""What a run measured on its own test side, as a result that can stand in ``results/``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ishara.evaluation.predictions import Predictions
from ishara.recipe import Recipe
from ishara.training.protocol import CrossValidation
from ishara.training.results import result, write_json

HELD_OUT = "held-out"


def write_held_out(folder: Path, recipe: Recipe, predictions: Predictions, failures: dict[str, str]) -> Path:
    """Write a run's figures on its test side as ``RECIPE.test.json``, beside those of a cross-validation.

    Parameters
    ----------
    folder
        Gets the file.
    recipe
        What the run was trained with.
    predictions
        Of every clip of the test side that could be read.
    failures
        The others, and why.
    """
    measured = CrossValidation(predictions, {}, failures)
    figures: dict[str, Any] = result(recipe, measured, learner="ishara")
    figures["protocol"] = {"name": HELD_OUT, "group": recipe.split.group, "tested": _tested(recipe)}
    return write_json(folder / f"{recipe.name}.test.json", figures)


def _tested(recipe: Recipe) -> str:
    split = recipe.split
    if split.by == "official":
        return "the corpus's own test split"
    if isinstance(split.test, tuple):
        return f"{split.group} {', '.join(split.test)}"
    return f"{split.test:.0%} of the clips" + (f", whole values of {split.group}" if split.by == "group" else "")
