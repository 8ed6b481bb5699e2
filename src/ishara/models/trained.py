"""From a recipe, or from a trained recogniser's folder, to its model."""

from __future__ import annotations

from pathlib import Path

import torch

from ishara.models.contract import SignModel
from ishara.models.options import options_of
from ishara.models.registry import create_model
from ishara.models.weights import WEIGHTS, check_fit, fit_weights, load_weights
from ishara.pose.prepare import model_layout
from ishara.recipe import Recipe
from ishara.recognizer.folder import CONFIG, Config, read_config, verify


def recipe_model(recipe: Recipe, num_classes: int) -> SignModel:
    """A recipe's model with new weights, or those that it starts from; errors as for `create_model`."""
    pretrained = Path(recipe.model.pretrained) if recipe.model.pretrained else None
    return create_model(
        recipe.model.name,
        num_classes=num_classes,
        layout=model_layout(recipe),
        pretrained=pretrained,
        **options_of(recipe),
    )


def trained_model(folder: Path) -> SignModel:
    """The model of a recogniser's folder that training wrote, with its weights, in evaluation mode.

    Raises
    ------
    IsharaError
        If its weights are missing, are not those that were exported, or do not fit its recipe's model.
    """
    config = read_config(folder / CONFIG)
    verify(folder, WEIGHTS, config)
    weights = load_weights(folder / WEIGHTS)
    # First without memory for its numbers: a configuration may name a model far larger than its weights are.
    with torch.device("meta"):
        check_fit(_model_of(config), weights, folder / WEIGHTS)
    model = _model_of(config)
    fit_weights(model, weights, folder / WEIGHTS)
    return model.eval()


def _model_of(config: Config) -> SignModel:
    """With new weights: what it started from is in its own, and need not be there any more."""
    recipe = config.recipe
    return create_model(
        recipe.model.name, num_classes=len(config.labels), layout=model_layout(recipe), **options_of(recipe)
    )
