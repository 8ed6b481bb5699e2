"""`compare`: is the difference between two predictions tables real? A paired, clustered bootstrap on the same clips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from ishara.errors import IsharaError
from ishara.evaluation.intervals import RESAMPLES, Estimate, Units, estimate, percentile_interval, resample
from ishara.evaluation.predictions import KEY, Predictions
from ishara.evaluation.scores import Scores, class_mean, mean

Array = NDArray[np.float64]


class Difference(BaseModel):
    """One figure of both tables and their difference, B minus A; `p_value` is null where no interval can be had."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    a: float | None
    b: float | None
    difference: Estimate
    p_value: float | None


class Comparison(BaseModel):
    """B against A on the same clips.

    `matched_by` names the columns that pair the rows; with ``clip`` alone, each clip's scores were averaged over seeds,
    folds and repeats first. `only_a_right` and `only_b_right` are McNemar's discordant counts: pairs (or clips) that A
    got right more often than B, and the other way round.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name_a: str
    name_b: str
    clips: int
    matched_by: list[str]
    top1: Difference
    top5: Difference
    class_top1: Difference
    nll: Difference
    only_a_right: int
    only_b_right: int
    verdict: str


@dataclass(frozen=True, eq=False)
class _Pairs:
    """(N, 3) top-1, top-5 and NLL of A and of B on the same N rows, and the rows' gloss."""

    a: Array
    b: Array
    gloss: NDArray[np.int64]
    units: Units

    def differences(self, weights: Array) -> Array:
        """(R, N) row weights → (R, 4): B minus A in top-1, top-5, per-class top-1, NLL."""
        return _figures(self.b - self.a, self.gloss, weights)


def compare(
    a: Predictions,
    b: Predictions,
    *,
    name_a: str = "A",
    name_b: str = "B",
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """The difference B minus A, with paired bootstrap 95 % intervals and two-sided p-values.

    Rows are paired by clip, fold, repeat and seed where both tables have exactly the same of these, else by clip, with
    its scores averaged. Signers, groups or clips are resampled whole, as in `intervals`.

    Raises
    ------
    IsharaError
        If the tables are not about the same clips, or a clip has another true gloss in the other.
    """
    key = _shared_key(a, b, name_a, name_b)
    pairs = _pair(a, b, key)
    pick = pairs.units
    draws = resample(pairs.differences, pick, resamples=resamples, seed=seed) if pick.count > 1 else np.empty((0, 4))
    ones = np.ones((1, len(pairs.gloss)))
    values = [_figures(x, pairs.gloss, ones)[0] for x in (pairs.a, pairs.b)]
    change = pairs.differences(ones)[0]
    top1, top5, class_top1, nll = (
        Difference(
            a=estimate(float(values[0][i])).value,
            b=estimate(float(values[1][i])).value,
            difference=estimate(float(change[i]), percentile_interval(float(change[i]), draws[:, i], pick)),
            p_value=_p_value(draws[:, i]),
        )
        for i in range(4)
    )
    return Comparison(
        name_a=name_a,
        name_b=name_b,
        clips=a.table["clip"].n_unique(),
        matched_by=list(key),
        top1=top1,
        top5=top5,
        class_top1=class_top1,
        nll=nll,
        only_a_right=int((pairs.a[:, 0] > pairs.b[:, 0]).sum()),
        only_b_right=int((pairs.b[:, 0] > pairs.a[:, 0]).sum()),
        verdict=_verdict(top1, name_a, name_b),
    )


def _shared_key(a: Predictions, b: Predictions, name_a: str, name_b: str) -> tuple[str, ...]:
    clips_a, clips_b = set(a.table["clip"]), set(b.table["clip"])
    if clips_a != clips_b:
        raise IsharaError(
            f"{name_a} and {name_b} are not about the same clips: {len(clips_a)} and {len(clips_b)} clips, "
            f"{len(clips_a & clips_b)} in common. Evaluate both on the same split, with the same protocol."
        )
    truth = [set(zip(t.table["clip"], t.table["gloss"], strict=True)) for t in (a, b)]
    if truth[0] != truth[1]:
        clip, gloss = min(truth[0] ^ truth[1])
        raise IsharaError(
            f"{name_a} and {name_b} disagree on the true gloss of clips (first: {clip!r}, {gloss!r} in one of them); "
            f"expected the same manifest."
        )
    same = set(a.table.select(KEY).iter_rows()) == set(b.table.select(KEY).iter_rows())
    return KEY if same else ("clip",)


def _pair(a: Predictions, b: Predictions, key: tuple[str, ...]) -> _Pairs:
    tables = []
    for predictions in (a, b):
        scores = Scores.of(predictions)
        nll = pl.Series("nll", scores.nll, nan_to_null=True)
        table = predictions.table.select(*KEY, "gloss", "signer", "group").with_columns(
            top1=pl.Series(scores.top1), top5=pl.Series(scores.top5), nll=nll
        )
        means = [pl.col("top1", "top5", "nll").mean(), pl.col("gloss", "signer", "group").first()]
        tables.append(table.group_by(key).agg(means).sort(key))
    first = tables[0]
    gloss = np.unique(first["gloss"].to_numpy(), return_inverse=True)[1].astype(np.int64).reshape(-1)
    scored = [t.select(pl.col("top1", "top5", "nll").fill_null(float("nan"))) for t in tables]
    values = [table.to_numpy(writable=True) for table in scored]
    # The NLL can be compared only where both models know the gloss.
    unknown = np.isnan(values[0][:, 2]) | np.isnan(values[1][:, 2])
    for one in values:
        one[unknown, 2] = np.nan
    return _Pairs(values[0], values[1], gloss, Units.of_table(first))


def _figures(scores: Array, gloss: NDArray[np.int64], weights: Array) -> Array:
    top1, top5, nll = scores.T
    return np.stack(
        [mean(top1, weights), mean(top5, weights), class_mean(top1, gloss, weights), mean(nll, weights)], axis=1
    )


def _p_value(draws: Array) -> float | None:
    """Two-sided: twice the share of draws beyond 0; one more is counted there, so that it is never 0."""
    draws = draws[np.isfinite(draws)]
    if not len(draws):
        return None
    tail = min(int((draws <= 0).sum()), int((draws >= 0).sum()))
    return min(1.0, 2 * (tail + 1) / (len(draws) + 1))


def _verdict(top1: Difference, name_a: str, name_b: str) -> str:
    value, interval = top1.difference.value or 0.0, top1.difference.interval
    if interval is None:
        return f"{name_a} and {name_b} cannot be told apart: there is only one clip to compare them on."
    evidence = (
        f"{100 * value:+.1f} points of top-1, 95 % interval {100 * interval.low:+.1f} to "
        f"{100 * interval.high:+.1f}, p = {top1.p_value:.3f}, resampled over {interval.units} {interval.unit}s"
    )
    if interval.low <= 0 <= interval.high:
        return f"No difference between {name_a} and {name_b} can be shown on these clips ({evidence})."
    better, worse = (name_b, name_a) if value > 0 else (name_a, name_b)
    return f"{better} is better than {worse} on these clips ({name_b} minus {name_a}: {evidence})."
