"""What of a recipe can be found wrong before anything is read, written or thrown away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ishara.clips.corpora import get_corpus
from ishara.errors import IsharaError, choices
from ishara.models.options import Sign2TextOptions, model_options, options_of, sees_pixels
from ishara.pose.prepare import model_layout
from ishara.recipe import Recipe
from ishara.recognizer.folder import find_recognizer


def check_names(recipe: Recipe) -> None:
    """Make sure that everything which a recipe names is there: model, options, landmarks, corpus, pretrained weights.

    A recipe is read without knowing of models, skeletons and corpora, so that it stays at the bottom of the package.

    Raises
    ------
    IsharaError
        That names the key, what was found and the choices, or what to do instead.
    """
    options_of(recipe)
    _check_frozen(recipe)
    why_not = why_features_change(recipe)
    if recipe.train.cache_features == "always" and why_not is not None:
        raise IsharaError(
            f"train.cache_features: always was asked for, but {why_not}. Change that, or set train.cache_features=auto."
        )
    if sees_pixels(recipe):
        recipe.pixels.check_looks(recipe.inference.views)
    with _under("pose"):
        layout = model_layout(recipe)
    if not len(layout):
        raise IsharaError(f"features: nothing is left of {recipe.pose.skeleton!r} with these features and landmarks.")
    _check_corpus(recipe)
    if recipe.model.pretrained is not None:
        with _under("model.pretrained"):
            _find_weights(recipe, Path(recipe.model.pretrained))


def why_features_change(recipe: Recipe) -> str | None:
    """Why a frame's features cannot be computed once for all epochs; ``None`` where they can."""
    if not freezes_backbone(recipe):
        return "only a whole ResNet that is frozen (model.options.frozen: all) gives the same in every epoch"
    # A blend of features is not what the ResNet makes of a blend of pictures; cutmix takes whole frames.
    if keys := [*recipe.pixels.random_keys, *(["train.mixup"] if recipe.train.mixup else [])]:
        return f"{', '.join(keys)} {'gives' if len(keys) == 1 else 'give'} other pictures in every epoch"
    return None


def freezes_backbone(recipe: Recipe) -> bool:
    """Whether nothing of what looks at single pictures is trained."""
    options = model_options(recipe.model.name, options_of(recipe))
    return isinstance(options, Sign2TextOptions) and set(options.frozen_parts) == set(options.parts)


def _check_frozen(recipe: Recipe) -> None:
    options = model_options(recipe.model.name, options_of(recipe))
    if isinstance(options, Sign2TextOptions) and options.frozen_parts and recipe.model.pretrained is None:
        raise IsharaError(
            f"model.options.frozen: {', '.join(options.frozen_parts)} would keep random weights, for they are not "
            "trained and model.pretrained names no others. Set model.pretrained to a recogniser, to a folder of "
            "published weights or to an id on the Hugging Face hub such as microsoft/resnet-18, or freeze nothing."
        )


def _find_weights(recipe: Recipe, pretrained: Path) -> None:
    if sees_pixels(recipe):
        from ishara.models.published import find, is_recognizer

        if not is_recognizer(pretrained):
            find(str(pretrained))
            return
    find_recognizer(pretrained)


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
