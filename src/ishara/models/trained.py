"""From a recipe, or from a trained recogniser's folder, to its model."""

from __future__ import annotations

from pathlib import Path

from ishara.models.contract import SignModel
from ishara.models.options import options_of
from ishara.models.registry import create_model
from ishara.models.weights import WEIGHTS, fit_weights, load_weights
from ishara.pose.prepare import model_layout
from ishara.recipe import Recipe
from ishara.recognizer_folder import CONFIG, read_config, verify


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
    recipe = config.recipe
    # What it started from is in its weights, and need not be there any more.
    model = create_model(
        recipe.model.name, num_classes=len(config.labels), layout=model_layout(recipe), **options_of(recipe)
    )
    fit_weights(model, load_weights(folder / WEIGHTS), folder / WEIGHTS)
    return model.eval()
