"""From what a corpus is to a recipe for it: the same survey always gives the same recipe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ishara.errors import IsharaError
from ishara.models.options import sees_pixels
from ishara.recipe import Recipe
from ishara.training.automatic.choice import AutomaticRecipe, Choice, build, with_own
from ishara.training.automatic.constants import MANY_UNREADABLE
from ishara.training.automatic.effort import choose_learning, choose_model
from ishara.training.automatic.landmarks import choose_landmarks, warn_of_landmarks
from ishara.training.automatic.parting import choose_sides
from ishara.training.automatic.survey import Survey


def choose_recipe(survey: Survey, start: Recipe, overrides: Sequence[str] = ()) -> AutomaticRecipe:
    """A recipe for a corpus.

    Parameters
    ----------
    survey
        What the corpus is.
    start
        Its name and clips; what else it sets is taken over.
    overrides
        What the person sets, such as ``train.max_epochs=50``; it wins over what is chosen.

    Raises
    ------
    IsharaError
        If no sign can be told by what was seen, or an override is wrong.
    """
    parting = choose_sides(survey)
    chosen = [*parting.choices, *choose_landmarks(survey), *_model(survey, parting.training, overrides)]
    chosen += choose_learning(survey, parting.training)
    if not start.description:
        glosses = f"{survey.clips} clips of {survey.vocabulary} glosses"
        start = start.model_copy(update={"description": f"Chosen by `ishara train` for {glosses}."})
    recipe = build(start, chosen, overrides)
    if sees_pixels(recipe):
        raise IsharaError(
            f"model.name: {recipe.model.name} sees pictures, and what is chosen here is for landmarks. Write a recipe "
            "for it, after recipes/wlasl100-sign2text.yaml."
        )
    warnings = (*_warn_of_files(survey), *parting.warnings, *warn_of_landmarks(survey))
    return AutomaticRecipe(recipe, with_own(chosen, overrides), warnings, survey)


def _model(survey: Survey, training: int, overrides: Sequence[str]) -> Iterator[Choice]:
    """The model, without sizes where the person takes another: they would not be its own."""
    another = any(override.partition("=")[0] in ("model", "model.name") for override in overrides)
    for choice in choose_model(survey, training):
        if not (another and choice.key.startswith("model.options.")):
            yield choice


def _warn_of_files(survey: Survey) -> Iterator[str]:
    if survey.unreadable > MANY_UNREADABLE * survey.sampled:
        yield (
            f"{survey.unreadable} of {survey.sampled} clips that were looked at could not be read; the run lists the "
            "reasons in failures.csv."
        )
