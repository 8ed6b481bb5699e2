"""A recipe chosen from the clips themselves, with a reason for each choice."""

from ishara.training.automatic.choice import AutomaticRecipe, Choice
from ishara.training.automatic.choose import choose_recipe
from ishara.training.automatic.start import automatic_recipe, extract_landmarks
from ishara.training.automatic.survey import Survey, survey

__all__ = [
    "AutomaticRecipe",
    "Choice",
    "Survey",
    "automatic_recipe",
    "choose_recipe",
    "extract_landmarks",
    "survey",
]
