"""From a recogniser and labelled clips to a predictions table, and from that to a report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ishara import __version__
from ishara.clips.clip import Clip
from ishara.clips.corpora.base import SYNTHETIC
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.evaluation.insight import Insight, Views
from ishara.evaluation.metrics import Summary, summarise
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.protocol_words import NEAR_DUPLICATES, folds_of, side_of
from ishara.evaluation.report import write_report
from ishara.evaluation.traits import ClipTraits, of_pose
from ishara.pose.files import is_landmark_file
from ishara.recipe import Recipe
from ishara.recognizer import Outputs, Recognizer, softmax
from ishara.recognizer.inputs import ModelInput
from ishara.video.box import Box

PREDICTIONS = "predictions.parquet"


@dataclass(frozen=True, eq=False)
class Evaluated:
    """What a recogniser says of clips.

    Parameters
    ----------
    predictions
        One row per clip that could be read.
    failures
        The id of each clip that could not, and why.
    embedding
        (N, E) what the model makes of each clip, in the order of the rows.
    traits
        By id, what was seen of each clip whose landmarks were estimated on the way: to look again would take as long.
    """

    predictions: Predictions
    failures: dict[str, str]
    embedding: NDArray[np.float32]
    traits: Mapping[str, ClipTraits] = field(default_factory=dict)


def predict_clips(
    recognizer: Recognizer,
    manifest: Manifest,
    *,
    group: str | None = None,
    fold: str = "test",
    seed: int = 0,
    progress: Callable[[Sequence[Clip]], Iterable[Clip]] = iter,
) -> tuple[Predictions, dict[str, str]]:
    """What a recogniser says of every clip of a manifest, and why some could not be read; see `evaluate_clips`."""
    found = evaluate_clips(recognizer, manifest, group=group, fold=fold, seed=seed, progress=progress)
    return found.predictions, found.failures


def evaluate_clips(
    recognizer: Recognizer,
    manifest: Manifest,
    *,
    group: str | None = None,
    fold: str = "test",
    seed: int = 0,
    progress: Callable[[Sequence[Clip]], Iterable[Clip]] = iter,
) -> Evaluated:
    """What a recogniser says of every clip of a manifest, and what it makes of it.

    Parameters
    ----------
    group
        The column whose value is kept as each clip's group.
    fold, seed
        Kept with every row.
    progress
        Wraps the clips to show progress.

    Raises
    ------
    IsharaError
        If not one clip could be read.
    """
    run = _run_clips(recognizer, progress(list(manifest)))
    if not run.read:
        first = next(iter(run.failures.values()))
        raise IsharaError(f"Not one of {len(run.failures)} clips could be read. The first: {first}")
    probabilities = softmax(run.joined("logits"), recognizer.temperature)
    groups = None
    if group is not None and group in manifest.table.columns:
        of = dict(zip(manifest.table["id"], manifest.table[group], strict=True))
        groups = [of[clip.id] for clip in run.read]
    predictions = Predictions.build(
        run.read, probabilities, recognizer.labels, groups=groups, frames=run.frames,
        fold=fold, seed=seed,
    )  # fmt: skip
    return Evaluated(predictions, run.failures, run.joined("embedding"), run.traits)


@dataclass
class _Run:
    """The clips that could be read, their lengths and the model's outputs; why the others could not be."""

    read: list[Clip] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)
    outputs: list[Outputs] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    traits: dict[str, ClipTraits] = field(default_factory=dict)

    def joined(self, name: str) -> NDArray[np.float32]:
        """One of the outputs, of all clips."""
        return np.concatenate([getattr(one, name) for one in self.outputs])


def _run_clips(recognizer: Recognizer, clips: Iterable[Clip]) -> _Run:
    """Read clips and run the model on them.

    No more clips are held at once than the recogniser says: pictures are large.
    """
    run = _Run()
    waiting: list[ModelInput] = []
    for clip in clips:
        try:
            prepared, seen = _prepare(recognizer, clip)
        except IsharaError as error:
            run.failures[clip.id] = str(error)
            continue
        if seen is not None:
            run.traits[clip.id] = seen
        waiting.append(prepared)
        run.read.append(clip)
        run.frames.append(len(prepared))
        if len(waiting) == recognizer.together:
            run.outputs.append(recognizer.run(waiting))
            waiting = []
    if waiting:
        run.outputs.append(recognizer.run(waiting))
    return run


def _prepare(recognizer: Recognizer, clip: Clip) -> tuple[ModelInput, ClipTraits | None]:
    """A clip as the model sees it and, where its landmarks had to be estimated, what they tell of it."""
    box = Box.parse(clip.box) if clip.box else None
    if recognizer.config.input == "pixels" or is_landmark_file(clip.path):
        return recognizer.prepare(clip.path, clip.start, clip.end, box=box), None
    pose = recognizer.landmarks(clip.path, clip.start, clip.end, box=box)
    try:
        return recognizer.prepare(pose), of_pose(pose, recognizer.recipe)
    except IsharaError as error:
        raise IsharaError(f"{clip.path}: {error}") from None


def publish(
    folder: Path,
    predictions: Predictions,
    recipe: Recipe,
    *,
    measured: dict[str, str],
    history: Path | None = None,
    summary: Summary | None = None,
    insight: Insight | None = None,
    views: Views | None = None,
) -> tuple[Path, Summary]:
    """Write a predictions table, its report and its figures into a folder.

    Parameters
    ----------
    folder
        Gets ``predictions.parquet``, ``report.html`` and ``summary.json``.
    recipe
        What the predictions were made with; the report names its corpus, split, model and seed.
    measured
        What else the report says of how this was measured, by name; it stands in place of what the recipe says under
        the same name, as for clips that are not the recipe's own: ``Corpus``, ``Who is tested``.
    history
        The run's ``history.csv``, for the curves.
    summary
        The figures of the predictions, where they are there already.
    insight, views
        What was found in the clips themselves, and what is drawn of them; see `look_closer`.

    Returns
    -------
    The page's path, and the figures.
    """
    predictions.write(folder / PREDICTIONS)
    summary = summary or summarise(predictions)
    folds = summary.folds if len(summary.folds) > 1 else None
    facts = {
        "Corpus": str(recipe.data.corpus or recipe.data.manifest),
        "Who is tested": folds_of(recipe) if folds else side_of(recipe),
        "Near-identical clips": NEAR_DUPLICATES[recipe.split.near_duplicates],
        "Model": recipe.model.name,
        "Recipe": f"{recipe.name} ({recipe.hash})",
        "Seeds": ", ".join(map(str, summary.seeds)),
        "Ishara": __version__,
    }
    own = {name: value for name, value in measured.items() if name not in facts}
    page = write_report(
        folder,
        predictions,
        summary,
        title=recipe.name,
        facts=own | facts | measured,
        history=pl.read_csv(history, glob=False) if history is not None and history.is_file() else None,
        synthetic=recipe.data.corpus in SYNTHETIC and "Corpus" not in measured,
        insight=insight or Insight.of(predictions),
        views=views or Views(),
    )
    return page, summary


def find_predictions(path: Path) -> Path:
    """The predictions table at a path: the file itself, or the one in a run's or an evaluation's folder."""
    places = [path / PREDICTIONS, path / "evaluation-test" / PREDICTIONS]
    return path if path.is_file() else next((place for place in places if place.is_file()), places[0])
