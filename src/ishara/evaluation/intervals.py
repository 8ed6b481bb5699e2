"""95 % intervals: a clustered percentile bootstrap, and Student's t for means over folds or seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from ishara.errors import IsharaError
from ishara.evaluation.predictions import Predictions

Array = NDArray[np.float64]
Statistic = Callable[[Array], Array]
LEVEL = 0.95
RESAMPLES = 2000
# Below this many signers, resampling them says more about the few than about signers at large.
FEWEST_CLUSTERS = 5
_WEIGHTS_AT_ONCE = 4_000_000


class Interval(BaseModel):
    """A 95 % interval, and what was taken as independent to find it.

    ``unit`` is what was resampled (``signer``, ``group`` or ``clip``), or what a mean was taken over (``fold``,
    ``seed``); ``units`` is how many of them there were.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: float
    high: float
    unit: str
    units: int
    method: Literal["bootstrap", "student-t", "clopper-pearson"]


class Estimate(BaseModel):
    """A figure with its interval; ``value`` is null where it is not defined, ``interval`` where none can be had."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float | None
    interval: Interval | None = None


@dataclass(frozen=True, eq=False)
class Units:
    """What is resampled.

    Parameters
    ----------
    name
        ``signer``, ``group`` or ``clip``.
    ids
        (N,) int: which of the units each row belongs to, from 0.
    """

    name: str
    ids: NDArray[np.int64]

    @property
    def count(self) -> int:
        """How many units there are."""
        return int(self.ids.max()) + 1

    @classmethod
    def of(cls, predictions: Predictions, *, only: str | None = None) -> Units:
        """Signers if every row has one and there are at least five, else groups by the same rule, else clips.

        ``only`` fixes the column. All rows of a unit (seeds, repeats, folds) stay together in a resample.
        """
        return cls.of_table(predictions.table, only=only)

    @classmethod
    def of_table(cls, table: pl.DataFrame, *, only: str | None = None) -> Units:
        """The same for any table with the columns ``clip``, ``signer`` and ``group``."""
        for name in ("signer", "group"):
            column = table[name]
            if only is None and not column.null_count() and column.n_unique() >= FEWEST_CLUSTERS:
                only = name
        name = only or "clip"
        ids = np.unique(table[name].fill_null("").to_numpy(), return_inverse=True)[1]
        return cls(name, ids.astype(np.int64).reshape(-1))


def resample(statistic: Statistic, units: Units, *, resamples: int = RESAMPLES, seed: int = 0) -> Array:
    """The statistic on bootstrap resamples of whole units.

    Parameters
    ----------
    statistic
        From row weights (R, N) to (R, M) figures; NaN where one is not defined.
    units
        What is drawn with replacement; a row's weight is how often its unit was drawn.

    Returns
    -------
    (resamples, M); the same seed gives the same numbers.
    """
    if resamples < 1:
        raise IsharaError(f"{resamples} bootstrap resamples were asked for; expected at least 1.")
    rng = np.random.default_rng(seed)
    count = units.count
    step = max(1, _WEIGHTS_AT_ONCE // max(count, len(units.ids)))
    parts = []
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        drawn = rng.integers(0, count, (size, count)) + np.arange(size)[:, None] * count
        weights = np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count)
        parts.append(statistic(weights[:, units.ids].astype(np.float64)))
    return np.concatenate(parts)


def percentile_interval(value: float, draws: Array, units: Units) -> Interval | None:
    """The middle 95 % of bootstrap draws (R,); None with fewer than two units or an undefined value.

    Where a skewed statistic puts the value itself just outside, the interval is widened to hold it.
    """
    draws = draws[np.isfinite(draws)]
    if units.count < 2 or not len(draws) or not math.isfinite(value):
        return None
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(
        low=min(float(low), value), high=max(float(high), value), unit=units.name, units=units.count, method="bootstrap"
    )


def bootstrap(statistic: Statistic, units: Units, *, resamples: int = RESAMPLES, seed: int = 0) -> list[Estimate]:
    """M figures with their percentile intervals (Efron and Tibshirani, 1993); see `resample`."""
    values = statistic(np.ones((1, len(units.ids))))[0]
    if units.count < 2:
        return [estimate(float(value)) for value in values]
    draws = resample(statistic, units, resamples=resamples, seed=seed)
    return [
        estimate(float(value), percentile_interval(float(value), draws[:, i], units)) for i, value in enumerate(values)
    ]


def all_or_nothing(value: float, units: Units) -> Interval:
    """The interval of a share of which every unit is right, or none: of these no resample shows how few they are.

    Clopper and Pearson (1934): the shares at which so many units all alike would come in at least 2.5 % of the cases.
    """
    bound = ((1 - LEVEL) / 2) ** (1 / units.count)
    low, high = (0.0, 1 - bound) if value == 0 else (bound, 1.0)
    return Interval(low=low, high=high, unit=units.name, units=units.count, method="clopper-pearson")


def estimate(value: float, interval: Interval | None = None) -> Estimate:
    """An `Estimate` in which NaN has become null."""
    return Estimate(value=value, interval=interval) if math.isfinite(value) else Estimate(value=None)


def mean_interval(values: Sequence[float], unit: str = "fold") -> Estimate:
    """The mean of independent runs (folds, seeds) with Student's t interval; no interval for fewer than two.

    Raises
    ------
    IsharaError
        If there is no value, or one is not finite.
    """
    x = np.asarray(values, dtype=np.float64)
    if not x.size or not np.isfinite(x).all():
        raise IsharaError(f"A mean over {unit}s needs finite numbers, at least one; found {list(values)}.")
    mean = float(x.mean())
    if len(x) < 2:
        return Estimate(value=mean)
    half = student_t_quantile(len(x) - 1) * float(x.std(ddof=1)) / math.sqrt(len(x))
    return Estimate(
        value=mean,
        interval=Interval(low=mean - half, high=mean + half, unit=unit, units=len(x), method="student-t"),
    )


def student_t_quantile(freedom: int, level: float = LEVEL) -> float:
    """t for which ``P(|T| < t) = level`` with ``freedom`` degrees of freedom, by bisection."""
    low, high = 0.0, math.pi / 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _central_probability(middle, freedom) < level else (low, middle)
    return math.sqrt(freedom) * math.tan(low)


def _central_probability(angle: float, freedom: int) -> float:
    """``P(|T| < t)`` for ``tan(angle) = t / sqrt(freedom)``: Abramowitz and Stegun 26.7.3 and 26.7.4."""
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = term if freedom > 1 else 0.0
    for k in range(3 if odd else 2, freedom - 1, 2):
        term *= cosine * cosine * (k - 1) / k
        total += term
    return 2 / math.pi * (angle + sine * total) if odd else sine * total
