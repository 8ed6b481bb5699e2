"""What a recogniser could go by instead of the sign, and a small classifier that goes by one of these alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ishara.evaluation.predictions import Predictions
from ishara.evaluation.traits import Traits
from ishara.extras import extra

SIGNER = "signer"
# Of the forest: enough for steady shares; a leaf of three clips, since clips of one exact length are chance.
_TREES, _LEAF = 150, 3


@dataclass(frozen=True)
class Cue:
    """Something beside the sign.

    Parameters
    ----------
    name
        ``signer``, or one of `ClipTraits.cues`.
    title
        In a table.
    subject
        At the beginning of a sentence.
    advice
        What it may mean that it tells signs apart, and what to do.
    """

    name: str
    title: str
    subject: str
    advice: str


CUES = (
    Cue(
        SIGNER,
        "Who signs",
        "Who signs",
        "Some signers give only some of the signs, so that to know the person is to know the sign. Test on signers "
        "that the model never saw (split.group: signer), and collect every sign from every signer.",
    ),
    Cue(
        "length",
        "How long the clip is",
        "The length of the clip",
        "Some signs do take longer; but if clips of some signs were cut otherwise, or come from another source, that "
        "is no part of the sign. Compare how they were recorded and cut.",
    ),
    Cue(
        "hands",
        "When a hand was not seen",
        "When a hand was not seen",
        "Whether a sign takes one hand or two is part of it; that the estimator loses a hand in the clips of some "
        "signs is not. Look at these clips (ishara inspect).",
    ),
    Cue(
        "first",
        "The first frame alone",
        "The first frame",
        "A sign that is held still shows in every frame, so it may be the sign itself. But where the signs move, clips "
        "that begin differently (another place, another day, cut in the middle of the sign) tell what was not signed. "
        "Look at the first frames of these signs.",
    ),
    Cue(
        "framing",
        "Where the signer stands in the picture",
        "Where the signer stands in the picture, and how large,",
        "Clips of these signs were framed differently, as when one sign is recorded a day. Record all signs in every "
        "setting.",
    ),
)
# To guess by nothing: the commonest gloss of the training side.
BLIND = Cue("", "A blind guess", "A blind guess", "")


def why_not(cue: Cue, training: Traits, tested: Traits) -> str | None:
    """Why a cue cannot be tried on these clips; ``None`` where it can."""
    if cue.name != SIGNER:
        mine, other = training.cue(cue.name), tested.cue(cue.name)
        there = mine is not None and other is not None and mine.shape[1] == other.shape[1]
        return None if there else "not known for these clips"
    known = {clip.signer for clip in training.clips} - {None}
    asked = {clip.signer for clip in tested.clips} - {None}
    if not known or not asked:
        return "the clips do not say who signs"
    return None if known & asked else "nobody who is tested was trained on, so it cannot help here: as it should be"


def guess(
    cue: Cue, training: Traits, tested: Traits, labels: Sequence[str], *, fold: str = "test", repeat: int = 0
) -> Predictions:
    """What a small classifier says of the tested clips that learnt from the training clips and knows one cue alone.

    A forest of randomised trees (Geurts et al., 2006) with a fixed seed; for the signer, how often each gloss was
    signed by them, smoothed.

    Parameters
    ----------
    training, tested
        At least one clip each; `why_not` must have nothing to say.
    labels
        The vocabulary of the recogniser that the guesses are compared with.
    fold, repeat
        Kept with every row.

    Raises
    ------
    IsharaError
        If the extra ``report`` is not installed.
    """
    glosses = [clip.gloss for clip in training.clips]
    if cue is BLIND:
        classes, p = _by_nothing(glosses, len(tested))
    elif cue.name == SIGNER:
        classes, p = _by_signer(glosses, training, tested)
    else:
        classes, p = _by_numbers(glosses, training.cue(cue.name), tested.cue(cue.name))
    place = {label: i for i, label in enumerate(labels)}
    known = [i for i, gloss in enumerate(classes) if gloss in place]
    full = np.zeros((len(tested), len(labels)))
    full[:, [place[classes[i]] for i in known]] = p[:, known]
    total = full.sum(axis=1, keepdims=True)
    full = np.where(total > 0, full / np.maximum(total, np.finfo(np.float64).tiny), 1 / len(labels))
    frames = [one.frames for one in tested.each]
    return Predictions.build(
        tested.clips, full, labels, groups=tested.groups, frames=frames, fold=fold, repeat=repeat
    )  # fmt: skip


def _by_nothing(glosses: list[str], number: int) -> tuple[list[str], NDArray[np.float64]]:
    names, counts = np.unique(glosses, return_counts=True)
    return names.tolist(), np.tile(counts / counts.sum(), (number, 1))


def _by_signer(glosses: list[str], training: Traits, tested: Traits) -> tuple[list[str], NDArray[np.float64]]:
    names, gloss = np.unique(glosses, return_inverse=True)
    signers = sorted({clip.signer for clip in training.clips if clip.signer is not None})
    place = {signer: i for i, signer in enumerate(signers)}
    # A last row for whoever is not known: it learns nothing but how common glosses are.
    count = np.zeros((len(signers) + 1, len(names)))
    for clip, sign in zip(training.clips, gloss, strict=True):
        if clip.signer is not None:
            count[place[clip.signer], sign] += 1
    count += np.bincount(gloss) / len(gloss)
    share = count / count.sum(axis=1, keepdims=True)
    return names.tolist(), share[[place.get(clip.signer or "", len(signers)) for clip in tested.clips]]


def _by_numbers(
    glosses: list[str], known: NDArray[np.float32] | None, asked: NDArray[np.float32] | None
) -> tuple[list[str], NDArray[np.float64]]:
    with extra("report", "Shortcut checks"):
        from sklearn.ensemble import ExtraTreesClassifier
    forest = ExtraTreesClassifier(_TREES, min_samples_leaf=_LEAF, random_state=0, n_jobs=1)
    forest.fit(known, glosses)
    return [str(gloss) for gloss in forest.classes_], np.asarray(forest.predict_proba(asked), np.float64)
