"""Training, cross-validation and checks: with the models and the export, the part of Ishara that needs torch."""

from ishara.training.automatic import AutomaticRecipe, automatic_recipe
from ishara.training.folds import split_clips
from ishara.training.protocol import crossval
from ishara.training.run import fit

__all__ = ["AutomaticRecipe", "automatic_recipe", "crossval", "fit", "split_clips"]
