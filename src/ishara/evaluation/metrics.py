"""`summarise`: every figure of a report from one predictions table.

Counted with NumPy, so that `ishara evaluate` needs no extra and 0 / 0 is null; the tests hold it to scikit-learn.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from ishara.evaluation.calibration import Bin, ece, ece_by_chance, reliability
from ishara.evaluation.intervals import RESAMPLES, Estimate, Units, all_or_nothing, bootstrap, mean_interval
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.scores import TOP, Scores, mean

Array = NDArray[np.float64]


class Figures(BaseModel):
    """A part of a summary; null stands for a figure that is not defined."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class GlossFigures(Figures):
    """One gloss. `support` counts rows; precision is null if it was never predicted, recall if it has no clips."""

    gloss: str
    in_vocabulary: bool
    support: int
    precision: float | None
    recall: float | None
    f1: float | None
    confused_with: str | None
    confused: int


class Part(Figures):
    """The clips of one signer, or of one value of the group column."""

    name: str
    clips: int
    top1: Estimate


class Confusion(Figures):
    """How many rows of a gloss were predicted as a gloss (which may be the same)."""

    gloss: str
    predicted: str
    count: int


class Summary(Figures):
    """What a predictions table says.

    Shares are in [0, 1], NLL in nats. Accuracies count a clip whose gloss the model did not know as missed; NLL leaves
    it out. Top-5 is null where the vocabulary has at most five glosses. Means per class are over the glosses that have
    clips; there, a gloss never predicted has precision 0.
    `chance` is 1 / vocabulary, `largest_class` the share of the commonest true gloss, `ece_by_chance` the calibration
    error that perfect confidences would show on so few clips.
    """

    clips: int
    predictions: int
    signers: int
    glosses: int
    vocabulary: int
    unknown_gloss_predictions: int
    folds: list[str]
    seeds: list[int]
    chance: float
    largest_class: float
    top1: Estimate
    top5: Estimate
    class_top1: Estimate
    class_top5: Estimate
    nll: Estimate
    top1_over_seeds: Estimate | None
    macro_precision: float
    macro_recall: float
    macro_f1: float
    ece: float | None
    ece_by_chance: float | None = None
    reliability: list[Bin]
    worst_signer: Part | None
    worst_group: Part | None
    by_signer: list[Part]
    by_group: list[Part]
    by_gloss: list[GlossFigures]
    confusion: list[Confusion]

    def most_confused(self, most: int = 10) -> list[Confusion]:
        """The pairs of different glosses confused most often, commonest first."""
        wrong = [c for c in self.confusion if c.gloss != c.predicted]
        return sorted(wrong, key=lambda c: (-c.count, c.gloss, c.predicted))[:most]


def summarise(predictions: Predictions, *, resamples: int = RESAMPLES, seed: int = 0) -> Summary:
    """Every figure of a predictions table, with bootstrap 95 % intervals; the order of the rows does not matter.

    Parameters
    ----------
    predictions
        Rows of any number of folds, repeats and seeds.
    resamples, seed
        Of the bootstrap: whole signers, or whole groups, where there are at least five of them, else whole clips.
    """
    # A fixed order makes the bootstrap draw the same units whatever the order of the rows was.
    predictions = Predictions(predictions.table.sort("clip", "fold", "repeat", "seed"))
    scores, table = Scores.of(predictions), predictions.table
    headline = bootstrap(scores.headline, Units.of(predictions), resamples=resamples, seed=seed)
    if len(predictions.labels) <= TOP:
        # Every gloss is among the first five: such a figure would say nothing.
        headline[1] = headline[3] = Estimate(value=None)
    by_gloss, confusion = _by_gloss(predictions, scores)
    with_clips = [g for g in by_gloss if g.support]
    confidence = predictions.probabilities.max(axis=1)
    bins = reliability(confidence, scores.top1)
    signers = _parts(predictions, scores, "signer", resamples, seed)
    groups = _parts(predictions, scores, "group", resamples, seed)
    per_seed = [float(scores.top1[(table["seed"] == s).to_numpy()].mean()) for s in table["seed"].unique().sort()]
    return Summary(
        clips=table["clip"].n_unique(),
        predictions=len(table),
        signers=table["signer"].drop_nulls().n_unique(),
        glosses=len(with_clips),
        vocabulary=len(predictions.labels),
        unknown_gloss_predictions=int((predictions.truth < 0).sum()),
        folds=sorted(table["fold"].unique()),
        seeds=sorted(table["seed"].unique()),
        chance=1 / len(predictions.labels),
        largest_class=max(g.support for g in by_gloss) / len(table),
        **dict(zip(("top1", "top5", "class_top1", "class_top5", "nll"), headline, strict=True)),
        top1_over_seeds=mean_interval(per_seed, "seed") if len(per_seed) > 1 else None,
        macro_precision=float(np.mean([g.precision or 0 for g in with_clips])),
        macro_recall=float(np.mean([g.recall or 0 for g in with_clips])),
        macro_f1=float(np.mean([g.f1 or 0 for g in with_clips])),
        ece=ece(bins),
        ece_by_chance=ece_by_chance(confidence, table["clip"].to_list()),
        reliability=bins,
        worst_signer=_worst(signers),
        worst_group=_worst(groups),
        by_signer=signers,
        by_group=groups,
        by_gloss=by_gloss,
        confusion=confusion,
    )


def _by_gloss(predictions: Predictions, scores: Scores) -> tuple[list[GlossFigures], list[Confusion]]:
    place = {gloss: i for i, gloss in enumerate(scores.glosses)}
    predicted = np.array([place[gloss] for gloss in predictions.table["predicted"]], dtype=np.int64)
    pairs, counts = np.unique(np.stack([scores.gloss, predicted]), axis=1, return_counts=True)
    confusion = [
        Confusion(gloss=scores.glosses[t], predicted=scores.glosses[p], count=int(n))
        for (t, p), n in zip(pairs.T, counts, strict=True)
    ]
    worst: dict[str, Confusion] = {}
    for pair in confusion:
        if pair.gloss != pair.predicted and (pair.gloss not in worst or pair.count > worst[pair.gloss].count):
            worst[pair.gloss] = pair
    size = len(scores.glosses)
    support, chosen = np.bincount(scores.gloss, minlength=size), np.bincount(predicted, minlength=size)
    right = np.bincount(scores.gloss[scores.gloss == predicted], minlength=size)
    known = set(predictions.labels)
    rows = [
        GlossFigures(
            gloss=gloss,
            in_vocabulary=gloss in known,
            support=int(support[i]),
            precision=_share(right[i], chosen[i]),
            recall=_share(right[i], support[i]),
            f1=_share(2 * right[i], support[i] + chosen[i]) if support[i] else None,
            confused_with=worst[gloss].predicted if gloss in worst else None,
            confused=worst[gloss].count if gloss in worst else 0,
        )
        for i, gloss in enumerate(scores.glosses)
    ]
    return rows, confusion


def _share(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None


def _parts(predictions: Predictions, scores: Scores, column: str, resamples: int, seed: int) -> list[Part]:
    """Top-1 for each value of a column, each with an interval over its own clips."""
    values = predictions.table[column]
    return [
        part_of(predictions, scores, name, (values == name).fill_null(False).to_numpy(), resamples=resamples, seed=seed)
        for name in values.drop_nulls().unique().sort()
    ]


def part_of(
    predictions: Predictions,
    scores: Scores,
    name: str,
    inside: NDArray[np.bool_],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Part:
    """Top-1 of some rows, with an interval over their own clips.

    Parameters
    ----------
    predictions, scores
        Of N rows.
    name
        What these rows are called.
    inside
        (N,) which rows; at least one.
    """
    statistic = partial(_mean_column, scores.top1[inside])
    units = Units.of_table(predictions.table.filter(inside), only="clip")
    [estimate] = bootstrap(statistic, units, resamples=resamples, seed=seed)
    if estimate.value in (0.0, 1.0) and estimate.interval is not None:
        estimate = Estimate(value=estimate.value, interval=all_or_nothing(estimate.value, units))
    return Part(name=name, clips=units.count, top1=estimate)


def _mean_column(values: Array, weights: Array) -> Array:
    return mean(values, weights)[:, None]


def _worst(parts: list[Part]) -> Part | None:
    return min(parts, key=lambda part: (part.top1.value or 0, part.name), default=None)
