"""`look_across`: what `look_closer` tells of one recogniser, of the folds of a cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence

from ishara.clips.clip import Clip
from ishara.clips.splits import Fold
from ishara.evaluation.closer import MOST_CLIPS, hidden_cues, some
from ishara.evaluation.conditions import by_hand, by_length, by_missed_hands, why_no_hands
from ishara.evaluation.confused import confused_pairs
from ishara.evaluation.embedding_map import spread
from ishara.evaluation.insight import Insight, Views
from ishara.evaluation.metrics import Summary
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.shortcuts import ShortcutCheck, Trial
from ishara.evaluation.traits import Traits, read_traits
from ishara.models.options import sees_pixels
from ishara.recipe import Recipe

Progress = Callable[[str, Sequence[Clip]], Iterable[Clip]]
# The shortcut checks learn from this many clips, all folds together: with a hundred signers left out in turn, each from
# some hundreds, so that a page takes minutes and not an hour.
MOST_LEARNT = 40_000
_FEWEST_GLOSSES = 2
_NO_MAP = (
    "Not drawn: every fold has a recogniser of its own, and what one makes of a clip cannot be laid beside what "
    "another makes of it. ishara evaluate, given the folder of a fold, draws the map of its test clips"
)


def look_across(
    recipe: Recipe,
    predictions: Predictions,
    summary: Summary,
    folds: Sequence[Fold],
    *,
    most: int = MOST_CLIPS,
    progress: Progress = lambda _, clips: clips,
) -> tuple[Insight, Views]:
    """Accuracy by what clips are like, the shortcut checks and the most confused clips, over the test clips of folds.

    Parameters
    ----------
    recipe
        Whose folds they are.
    predictions, summary
        What the folds' recognisers said of their test clips, of all seeds, and the figures.
    folds
        At least one.
    most
        How many clips are read, whatever their side; of more, an even share of each gloss, from a fixed seed.
    progress
        Wraps the clips, which it is told the title of.

    Raises
    ------
    IsharaError
        If the extra ``report`` is not installed.
    """
    pixels, clips = sees_pixels(recipe), folds[0].manifest
    chosen = some(clips, most)
    traits, unreadable = read_traits(
        chosen, recipe, pixels=pixels, progress=lambda clips: progress("Looking at clips", clips)
    )
    check = check_folds(recipe, predictions, folds, traits, unreadable)
    insight = Insight(
        by_length=by_length(predictions, traits),
        by_missed_hands=by_missed_hands(predictions, traits),
        by_hand=by_hand(predictions, traits),
        why_no_hands=why_no_hands(traits, pixels=pixels),
        shortcuts=check,
        why_no_shortcuts=None if check else "the clips that the recognisers learnt from cannot be read any more",
    )
    pairs, problems = confused_pairs(predictions, summary, recipe, clips, clips)
    return insight, Views(pairs, None, problems, why_no_map=_NO_MAP)


def check_folds(
    recipe: Recipe,
    predictions: Predictions,
    folds: Sequence[Fold],
    traits: Traits,
    unreadable: Container[str] = (),
    *,
    most: int = MOST_LEARNT,
) -> ShortcutCheck | None:
    """The shortcut checks on each fold's own sides; ``None`` where no fold has clips to learn from and to test.

    Parameters
    ----------
    predictions
        What the recognisers of the folds said, of all seeds.
    traits
        Of the folds' clips, or of some of them.
    unreadable
        The ids of clips that cannot be read.
    most
        How many clips are learnt from, all folds together.
    """
    trial = Trial(predictions, hidden=hidden_cues(recipe, pixels=sees_pixels(recipe)))
    tried = False
    for fold in folds:
        sides = fold.manifest.table.partition_by("split", as_dict=True)
        listed = [
            [name for name in sides[side,]["id"] if name not in unreadable] if (side,) in sides else []
            for side in ("train", "test")
        ]
        training, tested = (traits.of(ids) for ids in listed)
        rows = spread([clip.gloss for clip in training.clips], most // len(folds))
        training = traits.of(training.clips[row].id for row in rows)
        if len({clip.gloss for clip in training.clips}) < _FEWEST_GLOSSES or not len(tested):
            continue
        drawn = [len(training), len(tested)] != [len(ids) for ids in listed]
        trial.add(training, tested, fold=fold.name, repeat=fold.repeat, drawn=drawn)
        tried = True
    return trial.judge() if tried else None
