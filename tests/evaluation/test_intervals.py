from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from scipy import stats

from ishara.errors import IsharaError
from ishara.evaluation.intervals import Units, all_or_nothing, bootstrap, mean_interval, resample, student_t_quantile
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.scores import class_mean, mean

Make = Callable[..., Predictions]


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 9, 10, 30, 101])
def test_students_quantile_is_scipys(freedom: int) -> None:
    assert student_t_quantile(freedom) == pytest.approx(stats.t.ppf(0.975, freedom))


def test_a_mean_over_folds_has_students_interval() -> None:
    values = [0.71, 0.66, 0.75, 0.7]
    estimate = mean_interval(values, "fold")
    expected = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    assert estimate.interval is not None
    assert (estimate.interval.low, estimate.interval.high) == pytest.approx(expected)
    assert (estimate.interval.unit, estimate.interval.units) == ("fold", 4)
    assert mean_interval([0.5]).interval is None
    with pytest.raises(IsharaError, match="finite"):
        mean_interval([0.5, float("nan")])
    with pytest.raises(IsharaError, match="at least one"):
        mean_interval([])


@pytest.mark.parametrize(("signers", "unit", "count"), [(6, "signer", 6), (4, "clip", 120), (None, "clip", 120)])
def test_signers_are_resampled_from_five_on(make: Make, signers: int | None, unit: str, count: int) -> None:
    units = Units.of(make(signers=signers))
    assert (units.name, units.count) == (unit, count)


def test_groups_serve_where_signers_are_unknown(make: Make) -> None:
    predictions = make(signers=6)
    table = predictions.table.with_columns(group=pl.col("signer"), signer=pl.lit(None, pl.String))
    units = Units.of(Predictions(table))
    assert (units.name, units.count) == ("group", 6)


def test_whole_units_are_drawn_and_as_many_as_there_are() -> None:
    units = Units("signer", np.array([0, 0, 1, 2, 2, 2]))
    weights = resample(lambda w: w, units, resamples=300)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 3] == weights[:, 5]).all()
    assert (weights[:, [0, 2, 3]].sum(axis=1) == 3).all()
    assert weights.mean() == pytest.approx(1, abs=0.1)
    assert (resample(lambda w: w, units, resamples=300) == weights).all()
    assert not (resample(lambda w: w, units, resamples=300, seed=1) == weights).all()


def test_the_interval_of_a_mean_has_the_known_width() -> None:
    values = np.random.default_rng(0).normal(size=400)
    [estimate] = bootstrap(lambda w: mean(values, w)[:, None], Units("clip", np.arange(400)))
    assert estimate.interval is not None
    width = estimate.interval.high - estimate.interval.low
    assert width == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_a_share_of_none_and_of_all_has_the_exact_interval() -> None:
    units = Units("clip", np.arange(10))
    none, every = all_or_nothing(0.0, units), all_or_nothing(1.0, units)
    assert (none.low, every.high) == (0, 1)
    # Ten failures in a row come in 2.5 % of the cases where a success has this chance.
    assert (1 - none.high) ** 10 == pytest.approx(0.025)
    assert every.low == pytest.approx(1 - none.high)


def test_people_who_differ_widen_the_interval() -> None:
    signer = np.repeat(np.arange(8), 50)
    values = (signer % 2).astype(float)
    clustered, naive = (
        bootstrap(lambda w: mean(values, w)[:, None], units)[0].interval
        for units in (Units("signer", signer), Units("clip", np.arange(400)))
    )
    assert clustered is not None
    assert naive is not None
    assert clustered.high - clustered.low > 3 * (naive.high - naive.low)


def test_weighted_means_are_means_of_repeated_rows() -> None:
    rng = np.random.default_rng(3)
    values, classes, weights = rng.random(30), rng.integers(0, 4, 30), rng.integers(0, 3, (5, 30))
    for row, by_row, by_class in zip(weights, mean(values, weights), class_mean(values, classes, weights), strict=True):
        v, c = np.repeat(values, row), np.repeat(classes, row)
        assert by_row == pytest.approx(v.mean())
        assert by_class == pytest.approx(np.mean([v[c == k].mean() for k in np.unique(c)]))


def test_no_resamples_are_refused() -> None:
    with pytest.raises(IsharaError, match="at least 1"):
        resample(lambda w: w, Units("clip", np.arange(3)), resamples=0)
