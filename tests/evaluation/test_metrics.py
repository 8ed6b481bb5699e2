from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from ishara.clips.clip import Clip
from ishara.evaluation.metrics import Summary, summarise
from ishara.evaluation.predictions import Predictions

Make = Callable[..., Predictions]


FEW = 50


@pytest.mark.parametrize("seed", range(4))
def test_figures_agree_with_scikit_learn(make: Make, seed: int) -> None:
    predictions = make(seed, clips=200, glosses=8, truth_seed=seed)
    s = summarise(predictions, resamples=FEW)
    truth, said = predictions.table["gloss"].to_list(), predictions.table["predicted"].to_list()
    labels, p = predictions.labels, predictions.probabilities.astype(float)
    p /= p.sum(axis=1, keepdims=True)
    assert s.top1.value == pytest.approx(sk.accuracy_score(truth, said))
    assert s.class_top1.value == pytest.approx(sk.balanced_accuracy_score(truth, said))
    assert s.top5.value == pytest.approx(sk.top_k_accuracy_score(predictions.truth, p, k=5, labels=range(8)))
    assert s.nll.value == pytest.approx(sk.log_loss(predictions.truth, p, labels=range(8)), rel=1e-5)
    expected = sk.precision_recall_fscore_support(truth, said, labels=labels, zero_division=np.nan)
    for i, row in enumerate(s.by_gloss):
        assert row.gloss == labels[i]
        for ours, theirs in zip(
            (row.precision, row.recall, row.f1, row.support), np.array(expected)[:, i], strict=True
        ):
            assert ours == pytest.approx(theirs)
    macro = sk.precision_recall_fscore_support(truth, said, labels=labels, average="macro", zero_division=0)
    assert (s.macro_precision, s.macro_recall, s.macro_f1) == pytest.approx(macro[:3])
    matrix = sk.confusion_matrix(truth, said, labels=labels)
    assert {(c.gloss, c.predicted): c.count for c in s.confusion} == {
        (labels[i], labels[j]): matrix[i, j] for i, j in np.argwhere(matrix)
    }


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    clips=st.integers(1, 60),
    glosses=st.integers(1, 7),
    signers=st.sampled_from([None, 1, 3, 8]),
)
def test_the_order_of_rows_changes_nothing(
    make: Make, seed: int, clips: int, glosses: int, signers: int | None
) -> None:
    predictions = make(seed, clips=clips, glosses=glosses, signers=signers, truth_seed=seed)
    shuffled = Predictions(predictions.table.sample(fraction=1, shuffle=True, seed=seed))
    assert summarise(shuffled, resamples=FEW) == summarise(predictions, resamples=FEW)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    clips=st.integers(1, 60),
    glosses=st.integers(1, 7),
    signers=st.sampled_from([None, 1, 3, 8]),
)
def test_intervals_hold_their_figure(make: Make, seed: int, clips: int, glosses: int, signers: int | None) -> None:
    predictions = make(seed, clips=clips, glosses=glosses, signers=signers, truth_seed=seed)
    s = summarise(predictions, resamples=FEW)
    assert s.ece is not None
    assert 0 <= s.ece <= 1
    top5 = [s.top5, s.class_top5]
    assert all((estimate.value is None) == (glosses <= 5) for estimate in top5)
    always = [s.top1, s.class_top1, s.nll, *(part.top1 for part in s.by_signer)]
    for estimate in always if glosses <= 5 else [*always, *top5]:
        assert estimate.value is not None
        if estimate.interval is not None:
            assert estimate.interval.low <= estimate.value <= estimate.interval.high


def test_a_gloss_never_taught_is_missed_and_divides_nothing_by_zero() -> None:
    clips = [Clip("a", "a", "TEA"), Clip("b", "b", "TEA"), Clip("c", "c", "WATER")]
    p = np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.9, 0.1, 0.0]])
    s = summarise(Predictions.build(clips, p, ["TEA", "MILK", "RICE"]))
    rows = {row.gloss: row for row in s.by_gloss}
    assert s.top1.value == pytest.approx(1 / 3)
    assert s.class_top1.value == pytest.approx(1 / 4)
    assert s.nll.value == pytest.approx(-(math.log(0.6) + math.log(0.2)) / 2, rel=1e-5)
    assert s.unknown_gloss_predictions == 1
    assert not rows["WATER"].in_vocabulary
    assert (rows["WATER"].precision, rows["WATER"].recall, rows["WATER"].confused_with) == (None, 0.0, "TEA")
    assert (rows["MILK"].precision, rows["MILK"].recall, rows["MILK"].f1) == (0.0, None, None)
    assert (rows["RICE"].precision, rows["RICE"].recall, rows["RICE"].support) == (None, None, 0)
    assert "NaN" not in s.model_dump_json()


def test_only_unknown_glosses_leave_the_loss_undefined() -> None:
    s = summarise(Predictions.build([Clip("a", "a", "WATER"), Clip("b", "b", "RICE")], np.eye(2), ["TEA", "MILK"]))
    assert s.nll.value is None
    assert s.top1.value == 0


def test_one_clip_has_figures_but_no_interval() -> None:
    s = summarise(Predictions.build([Clip("a", "a", "TEA", signer="s1")], np.array([[0.8, 0.2]]), ["TEA", "MILK"]))
    assert (s.clips, s.top1.value, s.top1.interval) == (1, 1.0, None)
    assert s.chance == 0.5


def test_the_worst_signer_is_named(make: Make) -> None:
    s = summarise(make(signers=4), resamples=FEW)
    assert s.worst_signer is not None
    assert s.worst_signer.top1.value == min(part.top1.value for part in s.by_signer)
    assert s.worst_group is None
    assert sum(part.clips for part in s.by_signer) == s.clips


def test_seeds_of_a_clip_are_not_more_clips(make: Make) -> None:
    one = make(run=0)
    copies = Predictions.concat([one, Predictions(one.table.with_columns(seed=pl.lit(1, pl.Int64)))])
    single, double = summarise(one), summarise(copies)
    assert (double.clips, double.predictions, double.seeds) == (single.clips, 2 * single.predictions, [0, 1])
    assert double.top1.interval == single.top1.interval
    assert double.top1_over_seeds is not None
    assert double.top1_over_seeds.value == pytest.approx(single.top1.value)


def test_the_json_gives_the_summary_back(make: Make) -> None:
    s = summarise(make(), resamples=FEW)
    assert Summary.model_validate_json(s.model_dump_json()) == s
    assert json.loads(s.model_dump_json())["top1"]["interval"]["unit"] == "signer"
