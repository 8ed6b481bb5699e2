"""`look_closer`: read the clips of an evaluation once more, for what predictions alone do not tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import polars as pl

from ishara.clips.clip import Clip
from ishara.clips.manifest import Manifest
from ishara.evaluation.conditions import by_hand, by_length, by_missed_hands, why_no_hands
from ishara.evaluation.confused import confused_pairs
from ishara.evaluation.embedding_map import embedding_map, spread
from ishara.evaluation.insight import Insight, Views
from ishara.evaluation.metrics import Summary
from ishara.evaluation.run import Evaluated
from ishara.evaluation.shortcuts import ShortcutCheck, Trial
from ishara.evaluation.traits import Traits, read_traits
from ishara.recipe import Recipe
from ishara.recognizer import Recognizer

Progress = Callable[[str, Sequence[Clip]], Iterable[Clip]]
# Of more clips on a side, this many are drawn for the shortcut checks, and for accuracy by what clips are like.
MOST_CLIPS = 4000


def look_closer(
    recognizer: Recognizer,
    found: Evaluated,
    summary: Summary,
    tested: Manifest,
    training: Manifest | None,
    *,
    most: int = MOST_CLIPS,
    progress: Progress = lambda _, clips: clips,
) -> tuple[Insight, Views]:
    """Accuracy by what clips are like, the shortcut checks, the most confused clips and the map.

    Parameters
    ----------
    found, summary
        What `evaluate_clips` gave of the clips of `tested`, and its figures.
    training
        The clips that the recogniser learnt from, where they are known.
    most
        How many clips of a side are read; of more, an even share of each gloss, from a fixed seed.
    progress
        Wraps the clips of a side, which it is told the title of.

    Raises
    ------
    IsharaError
        If the extra ``report`` is not installed.
    """
    recipe, pixels = recognizer.recipe, recognizer.config.input == "pixels"
    chosen = some(tested.where(pl.col("id").is_in(found.predictions.table["clip"].to_list())), most)
    mine, _ = read_traits(
        chosen, recipe, pixels=pixels, known=found.traits, progress=lambda clips: progress("Looking at clips", clips)
    )
    check, why_not = None, _why_not(tested, training)
    if why_not is None and training is not None:
        other, failures = read_traits(
            some(training, most), recipe, pixels=pixels, progress=lambda clips: progress("Training clips", clips)
        )
        drawn = len(chosen) < len(tested) or len(other) + len(failures) < len(training)
        check, why_not = _check(recipe, pixels, found, other, mine, drawn)
    insight = Insight(
        by_length=by_length(found.predictions, mine),
        by_missed_hands=by_missed_hands(found.predictions, mine),
        by_hand=by_hand(found.predictions, mine),
        why_no_hands=why_no_hands(mine, pixels=pixels),
        shortcuts=check,
        why_no_shortcuts=why_not,
    )
    pairs, problems = confused_pairs(found.predictions, summary, recipe, tested, training)
    return insight, Views(pairs, embedding_map(found.predictions, found.embedding), problems)


def hidden_cues(recipe: Recipe, *, pixels: bool) -> tuple[str, ...]:
    """The cues that a recipe's model is never given: measured from the shoulders, nobody stands anywhere."""
    return () if pixels or recipe.pose.normalise == "none" else ("framing",)


def some(manifest: Manifest, most: int) -> Manifest:
    """At most so many clips of a manifest, an even share of each gloss."""
    rows = spread(manifest.table["gloss"].to_list(), most)
    return manifest if len(rows) == len(manifest) else Manifest(manifest.table[rows])


def _why_not(tested: Manifest, training: Manifest | None) -> str | None:
    if training is None or not len(training):
        return "the clips that the recogniser learnt from are not listed beside it"
    if set(tested.table["id"]) & set(training.table["id"]):
        return "the recogniser learnt from some of these very clips, and so would a check"
    return None


def _check(
    recipe: Recipe, pixels: bool, found: Evaluated, training: Traits, tested: Traits, drawn: bool
) -> tuple[ShortcutCheck | None, str | None]:
    if len({clip.gloss for clip in training.clips}) < 2 or not len(tested):
        return None, "the clips that the recogniser learnt from cannot be read any more"
    trial = Trial(found.predictions, hidden=hidden_cues(recipe, pixels=pixels))
    row = found.predictions.table.row(0, named=True)
    trial.add(training, tested, fold=row["fold"], repeat=row["repeat"], drawn=drawn)
    return trial.judge(), None
