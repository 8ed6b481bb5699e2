"""From a recogniser and labelled clips to a predictions table, and from that to a report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
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
from ishara.recipe import Recipe
from ishara.recognizer import Outputs, Recognizer, softmax
from ishara.recognizer_inputs import ModelInput
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
    """

    predictions: Predictions
    failures: dict[str, str]
    embedding: NDArray[np.float32]


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
    read, frames, logits, embedding, failures = _run_clips(recognizer, progress(list(manifest)))
    if not read:
        raise IsharaError(f"Not one of {len(failures)} clips could be read. The first: {next(iter(failures.values()))}")
    probabilities = softmax(logits, recognizer.temperature)
    groups = None
    if group is not None and group in manifest.table.columns:
        of = dict(zip(manifest.table["id"], manifest.table[group], strict=True))
        groups = [of[clip.id] for clip in read]
    predictions = Predictions.build(
        read, probabilities, recognizer.labels, groups=groups, frames=frames,
        fold=fold, seed=seed,
    )  # fmt: skip
    return Evaluated(predictions, failures, embedding)


def _run_clips(
    recognizer: Recognizer, clips: Iterable[Clip]
) -> tuple[list[Clip], list[int], NDArray[np.float32], NDArray[np.float32], dict[str, str]]:
    """The clips that could be read, their lengths, logits (N, C) and embeddings (N, E), and why the others could not.

    No more clips are held at once than the recogniser says: pictures are large.
    """
    read: list[Clip] = []
    frames: list[int] = []
    failures: dict[str, str] = {}
    outputs: list[Outputs] = []
    waiting: list[ModelInput] = []
    for clip in clips:
        try:
            box = Box.parse(clip.box) if clip.box else None
            waiting.append(recognizer.prepare(clip.path, clip.start, clip.end, box=box))
        except IsharaError as error:
            failures[clip.id] = str(error)
            continue
        read.append(clip)
        frames.append(len(waiting[-1]))
        if len(waiting) == recognizer.together:
            outputs.append(recognizer.run(waiting))
            waiting = []
    if waiting:
        outputs.append(recognizer.run(waiting))
    logits, embedding = (
        np.concatenate([getattr(one, name) for one in outputs]) if outputs else np.zeros((0, 0), np.float32)
        for name in ("logits", "embedding")
    )
    return read, frames, logits, embedding, failures


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
