from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ishara.errors import IsharaError
from ishara.evaluation.compare import compare
from ishara.evaluation.metrics import summarise
from ishara.evaluation.predictions import Predictions

Make = Callable[..., Predictions]


def test_a_table_does_not_differ_from_itself(make: Make) -> None:
    c = compare(make(), make())
    for difference in (c.top1, c.top5, c.class_top1, c.nll):
        assert difference.difference.value == 0
        assert difference.difference.interval is not None
        assert (difference.difference.interval.low, difference.difference.interval.high) == (0, 0)
        assert difference.p_value == 1
    assert (c.only_a_right, c.only_b_right) == (0, 0)
    assert "No difference" in c.verdict


@pytest.mark.parametrize("rechunk", [True, False])
def test_tables_read_from_disk_are_compared_too(make: Make, tmp_path: Path, rechunk: bool) -> None:
    """Their columns may lie in memory that cannot be written to."""
    a, b = (Predictions.read(make(seed).write(tmp_path / f"{seed}.parquet")) for seed in (1, 2))
    if rechunk:
        a, b = (Predictions(part.table.rechunk()) for part in (a, b))
    assert compare(a, b).top1.difference.value == compare(make(1), make(2)).top1.difference.value


def test_figures_are_those_of_each_summary(make: Make) -> None:
    a, b = make(1), make(2, skill=2.5)
    c, of_a, of_b = compare(a, b), summarise(a), summarise(b)
    for name in ("top1", "top5", "class_top1", "nll"):
        figure = getattr(c, name)
        assert figure.a == pytest.approx(getattr(of_a, name).value)
        assert figure.b == pytest.approx(getattr(of_b, name).value)
        assert figure.difference.value == pytest.approx(figure.b - figure.a)


def test_a_clearly_better_model_is_called_better(make: Make) -> None:
    c = compare(make(1, skill=0.5), make(2, skill=4), name_a="old", name_b="new")
    assert c.top1.difference.value is not None
    assert c.top1.difference.value > 0.3
    assert c.top1.p_value is not None
    assert c.top1.p_value < 0.01
    assert c.verdict.startswith("new is better than old")
    assert "signers" in c.verdict
    mirrored = compare(make(2, skill=4), make(1, skill=0.5), name_a="new", name_b="old")
    assert mirrored.verdict.startswith("new is better than old")
    assert (mirrored.only_a_right, mirrored.only_b_right) == (c.only_b_right, c.only_a_right)


def test_discordant_pairs_account_for_the_difference(make: Make) -> None:
    c = compare(make(1), make(2))
    assert c.top1.difference.value == pytest.approx((c.only_b_right - c.only_a_right) / c.clips)


def test_chance_differences_are_rarely_called_real(make: Make) -> None:
    called = [
        "better"
        in compare(
            make(2 * i, truth_seed=i, signers=None), make(2 * i + 1, truth_seed=i, signers=None), resamples=400
        ).verdict
        for i in range(40)
    ]
    assert sum(called) <= 6


def test_other_seeds_are_averaged_by_clip(make: Make) -> None:
    a = Predictions.concat([make(1, run=0), make(2, run=1)])
    b = make(3, run=7)
    c = compare(a, b)
    assert c.matched_by == ["clip"]
    assert c.clips == 120
    assert c.top1.a == pytest.approx(summarise(a).top1.value)
    assert compare(a, a).matched_by == ["clip", "fold", "repeat", "seed"]


def test_the_order_of_rows_and_labels_does_not_matter(make: Make) -> None:
    a, b = make(1), make(2)
    shuffled = Predictions(b.table.sample(fraction=1, shuffle=True, seed=1).select(reversed(b.table.columns)))
    assert compare(a, shuffled) == compare(a, b)


def test_other_clips_are_refused_with_the_number_in_common(make: Make) -> None:
    a = make(clips=50)
    with pytest.raises(IsharaError, match="50 and 40 clips, 40 in common"):
        compare(a, Predictions(a.table.head(40)))
    changed = Predictions(a.table.with_columns(gloss=pl.lit("G0")))
    with pytest.raises(IsharaError, match="disagree on the true gloss"):
        compare(a, changed)


def test_one_clip_shows_nothing(make: Make) -> None:
    c = compare(make(1, clips=1), make(2, clips=1))
    assert c.top1.difference.interval is None
    assert c.top1.p_value is None
    assert "cannot be told apart" in c.verdict
    assert np.isfinite(c.nll.difference.value or 0)
