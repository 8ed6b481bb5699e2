"""From what a person types to a recipe: the clips that are meant, their landmarks, and the choice."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from ishara.clips import load_clips
from ishara.clips.clip import Clip
from ishara.clips.extraction import MANIFEST, ExtractedClips, extract_clips
from ishara.clips.manifest import Manifest
from ishara.clips.source import ClipSource, find_source
from ishara.errors import IsharaError
from ishara.extras import extra
from ishara.pose.estimate import make_estimator
from ishara.pose.extract import Work, settings_of
from ishara.pose.extract.engine import Progress
from ishara.recipe import Data, Recipe
from ishara.training.automatic.choice import AutomaticRecipe
from ishara.training.automatic.choose import choose_recipe
from ishara.training.automatic.survey import survey, videos_in

# What decides which clips there are and what becomes of them before they are looked at.
_FIRST = ("name", "description", "data", "estimator")


def automatic_recipe(
    data: str | Path,
    *,
    corpus: str | None = None,
    overrides: Sequence[str] = (),
    progress: Callable[[Sequence[Clip]], Iterable[Clip]] = iter,
) -> AutomaticRecipe:
    """A recipe for clips of landmarks, chosen from the clips themselves.

    The same clips give the same recipe. ``fit(found.recipe, split_clips(found.recipe), folder)`` then trains it.

    Parameters
    ----------
    data
        A folder with a folder per gloss, a corpus's folder, a manifest (``.csv`` or ``.parquet``) or a ``.npz`` of
        landmarks.
    corpus
        Which corpus it is, where the files do not tell.
    overrides
        Settings of one's own, such as ``train.max_epochs=50``; ``data.options.signer=REGEX`` says who signs in a folder
        per gloss.
    progress
        Goes through the clips that are read, and may show how many are done.

    Raises
    ------
    IsharaError
        If there are no such clips, it is not clear which are meant, they are videos (see `extract_landmarks`), there is
        nothing to learn from them, or an override is wrong.
    """
    start = start_recipe(find_source(data, corpus), overrides)
    return choose_recipe(survey(load_clips(start.data), progress=progress), start, later(overrides))


def start_recipe(source: ClipSource, overrides: Sequence[str] = ()) -> Recipe:
    """A recipe that says which clips, and nothing else, with those overrides that concern them."""
    start = Recipe.from_dict({"name": source.name, "data": source.data.model_dump(exclude_defaults=True)})
    return start.with_overrides([override for override in overrides if _is_first(override)])


def later(overrides: Sequence[str]) -> list[str]:
    """The overrides that `start_recipe` leaves to the choice."""
    return [override for override in overrides if not _is_first(override)]


def _is_first(override: str) -> bool:
    return override.partition("=")[0].partition(".")[0] in _FIRST


def extract_landmarks(
    start: Recipe, videos: Manifest, folder: Path, *, progress: Progress | None = None
) -> ExtractedClips:
    """The landmarks of clips that are videos, in a folder of their own; those that are there already are kept.

    Raises
    ------
    IsharaError
        If MediaPipe is not installed, some clips are landmarks already, the folder holds those of other videos, or not
        one could be extracted.
    """
    found = len(videos_in(videos))
    if found < len(videos):
        raise IsharaError(
            f"{found} of {len(videos)} clips are videos and the others are landmarks; expected clips of one kind. Give "
            "a folder or a manifest of either; `ishara extract MANIFEST -o FOLDER` makes landmarks of videos."
        )
    _refuse_others(folder, videos)
    with extra("mediapipe", "Landmarks of videos"):
        if importlib.util.find_spec("mediapipe") is None:
            raise ModuleNotFoundError(name="mediapipe")
    work = Work(partial(make_estimator, start.estimator), settings_of(start.estimator))
    return extract_clips(videos, folder, work, progress=progress)


def _refuse_others(folder: Path, videos: Manifest) -> None:
    """`IsharaError` if a folder holds the landmarks of other videos: those of the same id would be replaced."""
    if not (folder / MANIFEST).is_file():
        return
    known = Manifest.read(folder / MANIFEST).table
    if "video" in known.columns and not set(known["video"]) & set(videos.table["path"]):
        raise IsharaError(
            f"{folder}: holds the landmarks of other videos (first: {known['video'][0]}). Give this run another name, "
            "such as name=more-signs."
        )


def with_landmarks(start: Recipe, folder: Path) -> Recipe:
    """The same recipe, of the landmarks that `extract_landmarks` left in a folder."""
    return start.model_copy(update={"data": Data(manifest=find_source(folder / MANIFEST).data.manifest)})
