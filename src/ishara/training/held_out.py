"""What a run measured on its own test side, as a result that can stand in ``results/``."""

from __future__ import annotations

from pathlib import Path

from ishara.evaluation.predictions import Predictions
from ishara.recipe import Recipe
from ishara.training.protocol import CrossValidation
from ishara.training.results import result, write_json


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
    held_out = recipe.with_overrides(["protocol.name=held-out", f"protocol.seeds=[{recipe.train.seed}]"])
    figures = result(held_out, measured, learner="ishara")
    return write_json(folder / f"{recipe.name}.test.json", figures)
