from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ishara.clips.clip import Clip
from ishara.errors import IsharaError
from ishara.evaluation.predictions import Predictions

CLIPS = [Clip("a", "a.pose", "TEA", signer="s1"), Clip("b", "b.pose", "MILK")]
GOOD = [[0.7, 0.3], [0.4, 0.6]]


def test_a_table_keeps_what_it_was_built_from() -> None:
    table = Predictions.build(CLIPS, np.array(GOOD), ["TEA", "MILK"], groups=["x", None], frames=[20, 31], seed=3)
    assert table.labels == ["TEA", "MILK"]
    assert table.truth.tolist() == [0, 1]
    assert table.probabilities.dtype == np.float32
    np.testing.assert_allclose(table.probabilities, GOOD, rtol=1e-6)
    row = table.table.row(0, named=True)
    assert (row["clip"], row["signer"], row["group"], row["predicted"], row["frames"]) == ("a", "s1", "x", "TEA", 20)
    assert (row["fold"], row["repeat"], row["seed"]) == ("test", 0, 3)


def test_written_and_read_is_the_same(tmp_path: Path) -> None:
    table = Predictions.build(CLIPS, np.array(GOOD), ["চা", "MILK"])
    path = table.write(tmp_path / "new" / "predictions.parquet")
    assert Predictions.read(path).table.equals(table.table)
    assert [p.name for p in path.parent.iterdir()] == ["predictions.parquet"]


def test_a_gloss_that_the_model_does_not_know_is_minus_one() -> None:
    clips = [*CLIPS, Clip("c", "c.pose", "WATER")]
    table = Predictions.build(clips, np.array([*GOOD, [0.5, 0.5]]), ["TEA", "MILK"])
    assert table.truth.tolist() == [0, 1, -1]


def test_joined_vocabularies_remember_who_knew_what() -> None:
    first = Predictions.build(CLIPS, np.array(GOOD), ["TEA", "MILK"], fold="0")
    second = Predictions.build([Clip("c", "c.pose", "MILK")], np.array([[0.2, 0.8]]), ["TEA", "WATER"], fold="1")
    both = Predictions.concat([first, second])
    assert both.labels == ["TEA", "MILK", "WATER"]
    assert both.truth.tolist() == [0, 1, -1]
    np.testing.assert_allclose(both.probabilities[2], [0.2, 0, 0.8], rtol=1e-6)


@pytest.mark.parametrize(
    ("probabilities", "message"),
    [
        ([[0.7, 0.3], [np.nan, 1]], "NaN"),
        ([[0.7, 0.3], [-0.5, 1.5]], "negative"),
        ([[0.7, 0.3], [0.7, 0.7]], "do not sum to 1.*'b'"),
        ([[70.0, 30.0], [40.0, 60.0]], "do not sum to 1"),
        ([[0.7, 0.3]], r"shape \(1, 2\); expected \(2 clips, 2 labels\)"),
    ],
)
def test_what_is_no_probability_is_refused(probabilities: list[list[float]], message: str) -> None:
    with pytest.raises(IsharaError, match=message):
        Predictions.build(CLIPS, np.array(probabilities), ["TEA", "MILK"])


def test_other_faults_are_named(tmp_path: Path) -> None:
    good = Predictions.build(CLIPS, np.array(GOOD), ["TEA", "MILK"])
    with pytest.raises(IsharaError, match="share clip, fold, repeat and seed"):
        Predictions.concat([good, good])
    with pytest.raises(IsharaError, match="no column signer"):
        Predictions(good.table.drop("signer"))
    with pytest.raises(IsharaError, match="highest probability"):
        Predictions(good.table.with_columns(predicted=pl.lit("TEA")))
    with pytest.raises(IsharaError, match="no rows"):
        good.where(pl.col("clip") == "nobody")
    with pytest.raises(IsharaError, match="twice"):
        Predictions.build(CLIPS, np.array(GOOD), ["TEA", "TEA"])
    with pytest.raises(IsharaError, match="1 values of frames"):
        Predictions.build(CLIPS, np.array(GOOD), ["TEA", "MILK"], frames=[3])
    with pytest.raises(IsharaError, match="there are no such predictions"):
        Predictions.read(tmp_path / "no.parquet")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(IsharaError, match=r"bad\.parquet: cannot be read"):
        Predictions.read(tmp_path / "bad.parquet")


def test_a_table_without_repeats_is_the_first_repeat() -> None:
    good = Predictions.build(CLIPS, np.array(GOOD), ["TEA", "MILK"])
    assert Predictions(good.table.drop("repeat")).table["repeat"].to_list() == [0, 0]
