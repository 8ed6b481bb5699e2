"""What of a recipe can be found wrong before anything is read, written or thrown away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ishara.clips.corpora import get_corpus
from ishara.errors import IsharaError, choices
from ishara.models.options import options_of, sees_pixels
from ishara.pose.features import feature_layout
from ishara.pose.prepare import model_skeleton
from ishara.recipe import Recipe
from ishara.recognizer_folder import find_recognizer


def check_names(recipe: Recipe) -> None:
    """Make sure that everything which a recipe names is there: model, options, landmarks, corpus, pretrained weights.

    A recipe is read without knowing of models, skeletons and corpora, so that it stays at the bottom of the package.

    Raises
    ------
    IsharaError
        That names the key, what was found and the choices.
    """
    options_of(recipe)
    with _under("pose"):
        skeleton = model_skeleton(recipe.pose)
    if not len(feature_layout(skeleton, recipe.features, recipe.pose.dimensions)):
        raise IsharaError(f"features: nothing is left of {recipe.pose.skeleton!r} with these features and landmarks.")
    _check_corpus(recipe)
    # A model of pixels may also begin with published weights, which its making looks for.
    if recipe.model.pretrained is not None and not sees_pixels(recipe):
        with _under("model.pretrained"):
            find_recognizer(Path(recipe.model.pretrained))


def _check_corpus(recipe: Recipe) -> None:
    data = recipe.data
    if data.corpus is None:
        return
    with _under("data.corpus"):
        known = get_corpus(data.corpus).options
    for option in data.options:
        if option not in known:
            which = choices(option, known) if known else "It has none."
            raise IsharaError(f"data.options: the corpus {data.corpus!r} has no option {option!r}. {which}")


@contextmanager
def _under(key: str) -> Iterator[None]:
    """Say which key of the recipe an error is about."""
    try:
        yield
    except IsharaError as error:
        raise IsharaError(f"{key}: {error}") from None
