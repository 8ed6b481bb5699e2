"""Shortcut checks: how well signs can be told without looking at the signing, beside the recogniser's own accuracy.

A recogniser that is right for the wrong reason fails where that reason is gone. So small classifiers that know one
thing alone (who signs, how long the clip is, when a hand was missed, the first frame, the framing) learn from the same
clips as the recogniser and are tested on the same clips. That one of them does well does not prove that the recogniser
goes by it; it says that nothing in these clips keeps it from doing so.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from typing import Literal

import numpy as np
import polars as pl

from ishara.evaluation.cues import BLIND, CUES, SIGNER, Cue, guess, why_not
from ishara.evaluation.intervals import RESAMPLES, Estimate, Units, bootstrap
from ishara.evaluation.metrics import Array, Figures
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.scores import Scores, mean
from ishara.evaluation.traits import Traits

Verdict = Literal["no help", "too few clips to say", "helps a little", "rivals the recogniser", "cannot be tried"]
# From what part of the recogniser's gain over a blind guess a cue is called its rival.
RIVALS = 0.5
# When a gloss counts as given away: at least half of it found and said rightly, nearly as well as by the recogniser,
# and surely not by chance (of all glosses together, once in a hundred such checks).
_LEAST_F1, _NEARLY, _CHANCE = 0.5, 0.8, 0.01
_MOST_NAMED = 6
# Of fewer tested clips no interval can be trusted: none right of five would have the interval 0 to 0.
_FEWEST = 20


class GivenAway(Figures):
    """A gloss that a cue alone tells from the others; F1 in [0, 1], `model_f1` the recogniser's own."""

    gloss: str
    clips: int
    f1: float
    model_f1: float


class Shortcut(Figures):
    """How one cue fared; figures are null where it could not be tried, and `why_not` says why."""

    cue: str
    title: str
    top1: Estimate | None
    verdict: Verdict
    given_away: list[GivenAway]
    hidden: bool
    why_not: str | None
    warning: str | None


class ShortcutCheck(Figures):
    """Every cue beside the recogniser, on the same clips.

    `trained_on` and `tested_on` count clips, `folds` over how many folds; `drawn` says that not all clips were taken.
    `blind` is the share right of naming the commonest gloss of the training side, or chance where that is more.
    """

    trained_on: int
    tested_on: int
    folds: int
    drawn: bool
    blind: float
    model: Estimate
    shortcuts: list[Shortcut]

    @property
    def warnings(self) -> list[str]:
        """What is worth a warning, in plain language."""
        return [one.warning for one in self.shortcuts if one.warning is not None]


class Trial:
    """Guesses by every cue, fold by fold, beside a recogniser's predictions of the same clips.

    Parameters
    ----------
    model
        What the recogniser said; every fold, repeat and seed.
    hidden
        Names of cues that the recogniser is never given, such as the framing after normalisation.
    """

    def __init__(self, model: Predictions, *, hidden: Sequence[str] = ()) -> None:
        self._model = model
        self._hidden = hidden
        self._guesses: dict[str, list[Predictions]] = {cue.name: [] for cue in (BLIND, *CUES)}
        self._why_not: dict[str, str] = {}
        self._trained: list[int] = []
        self._drawn = False

    def add(
        self, training: Traits, tested: Traits, *, fold: str = "test", repeat: int = 0, drawn: bool = False
    ) -> None:
        """Learn every cue from a fold's training clips, and guess its test clips."""
        self._trained.append(len(training))
        self._drawn |= drawn
        for cue in (BLIND, *CUES):
            reason = None if cue is BLIND else why_not(cue, training, tested)
            if reason is None:
                labels = self._model.labels
                self._guesses[cue.name].append(guess(cue, training, tested, labels, fold=fold, repeat=repeat))
            else:
                self._why_not.setdefault(cue.name, reason)

    def judge(self, *, resamples: int = RESAMPLES, seed: int = 0) -> ShortcutCheck:
        """What was found; at least one fold must have been added."""
        blindly = _as_asked(self._guesses[""], self._model)
        model = _same_rows(self._model, blindly)
        figure = _top1(model, resamples, seed)
        blind = max(_top1(blindly, 1, seed).value or 0, 1 / len(self._model.labels))
        found = []
        for cue in CUES:
            guesses = self._guesses[cue.name]
            # A cue that some folds cannot try is compared on no others.
            if len(guesses) < len(self._trained):
                found.append(_untried(cue, self._why_not[cue.name]))
                continue
            table = _as_asked(guesses, self._model)
            found.append(_judged(cue, table, model, figure, blind, cue.name in self._hidden, resamples, seed))
        return ShortcutCheck(
            trained_on=round(float(np.mean(self._trained))),
            tested_on=blindly.table["clip"].n_unique(),
            folds=len(self._trained),
            drawn=self._drawn,
            blind=blind,
            model=figure,
            shortcuts=found,
        )


def _same_rows(model: Predictions, guesses: Predictions) -> Predictions:
    """The recogniser's rows, of all seeds, about the clips, folds and repeats that were guessed."""
    key = ["clip", "fold", "repeat"]
    return Predictions(model.table.join(guesses.table.select(key), on=key, how="semi"))


def _as_asked(guesses: Sequence[Predictions], model: Predictions) -> Predictions:
    """All folds' guesses about what the recogniser was asked too, each with the signer and group that it has there."""
    key = ["clip", "fold", "repeat"]
    who = model.table.select(*key, "signer", "group").unique(key, keep="first")
    table = Predictions.concat(guesses).table.drop("signer", "group")
    return Predictions(table.join(who, on=key, how="inner", maintain_order="left"))


def _untried(cue: Cue, reason: str) -> Shortcut:
    return Shortcut(
        cue=cue.name, title=cue.title, top1=None, verdict="cannot be tried", given_away=[], hidden=False,
        why_not=reason, warning=None,
    )  # fmt: skip


def _judged(
    cue: Cue, guesses: Predictions, model: Predictions, figure: Estimate, blind: float, hidden: bool,
    resamples: int, seed: int,
) -> Shortcut:  # fmt: skip
    found = _top1(guesses, resamples, seed)
    verdict = _verdict(found, figure, blind, guesses.table["clip"].n_unique())
    given_away = _given_away(guesses, model) if cue.name != SIGNER else []
    warning = None if hidden else _warning(cue, found, verdict, given_away, figure)
    return Shortcut(
        cue=cue.name, title=cue.title, top1=found, verdict=verdict, given_away=given_away, hidden=hidden,
        why_not=None, warning=warning,
    )  # fmt: skip


def _top1(predictions: Predictions, resamples: int, seed: int) -> Estimate:
    scores = Scores.of(predictions)

    def statistic(weights: Array) -> Array:
        return mean(scores.top1, weights)[:, None]

    return bootstrap(statistic, Units.of(predictions), resamples=resamples, seed=seed)[0]


def _verdict(found: Estimate, model: Estimate, blind: float, clips: int) -> Verdict:
    value, low = found.value or 0, found.interval.low if found.interval else 0
    rival = blind + RIVALS * max((model.value or 0) - blind, 0)
    if found.interval is None or clips < _FEWEST or (low <= blind and found.interval.high >= rival):
        return "too few clips to say"
    if low <= blind:
        return "no help"
    return "rivals the recogniser" if value >= rival else "helps a little"


def _given_away(guesses: Predictions, model: Predictions) -> list[GivenAway]:
    """The glosses that a cue tells from all others, the best first; each clip counts once."""
    table = guesses.table.unique("clip", keep="first", maintain_order=True)
    own = model.table
    found = []
    for gloss in guesses.labels:
        right, support, said = _counts(table, gloss)
        if not right:
            continue
        f1, model_f1 = 2 * right / (support + said), _f1(own, gloss)
        by_chance = _at_least(right, len(table), support, said) * len(guesses.labels)
        if f1 >= max(_LEAST_F1, _NEARLY * model_f1) and by_chance < _CHANCE:
            found.append(GivenAway(gloss=gloss, clips=support, f1=f1, model_f1=model_f1))
    return sorted(found, key=lambda one: (-one.f1, one.gloss))


def _counts(table: pl.DataFrame, gloss: str) -> tuple[int, int, int]:
    """How many rows of a gloss were right, how many there are, and how often it was said."""
    truth, said = table["gloss"] == gloss, table["predicted"] == gloss
    return int((truth & said).sum()), int(truth.sum()), int(said.sum())


def _f1(table: pl.DataFrame, gloss: str) -> float:
    right, support, said = _counts(table, gloss)
    return 2 * right / (support + said) if support + said else 0.0


def _at_least(right: int, clips: int, support: int, said: int) -> float:
    """Fisher's exact test: how likely so many are right or more if what is said has nothing to do with the truth."""
    most = min(support, said)
    ways = sum(comb(support, k) * comb(clips - support, said - k) for k in range(right, most + 1))
    return ways / comb(clips, said)


def _warning(
    cue: Cue, found: Estimate, verdict: Verdict, given_away: Sequence[GivenAway], model: Estimate
) -> str | None:
    """In plain language, where a cue rivals the recogniser or gives signs away."""
    if verdict != "rivals the recogniser" and not given_away:
        return None
    sentences = []
    if verdict == "rivals the recogniser":
        sentences.append(
            f"{cue.subject} alone names {_of_hundred(found)} of 100 clips rightly, where the recogniser names "
            f"{_of_hundred(model)}. So that figure may owe less to the signing than it seems."
        )
    if given_away:
        names = ", ".join(one.gloss for one in given_away[:_MOST_NAMED])
        more = f" and {len(given_away) - _MOST_NAMED} more" if len(given_away) > _MOST_NAMED else ""
        sentences.append(f"{cue.subject} alone tells these signs from all others: {names}{more}.")
    return " ".join([*sentences, cue.advice])


def _of_hundred(estimate: Estimate) -> str:
    return f"{100 * (estimate.value or 0):.0f}"
