"""The measurement: streams hold their clips where the truth says, and segments are matched with it once each."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measure_spotting import of_corpus, page, statistic
from spotting.compare import count, f1, matches, shared
from spotting.fixed import Window, chosen, windows
from spotting.streams import CONDITIONS, RATE, Condition, Labelled, Span, among, join, on_one_body, parted, stroke
from spotting.trial import FIXED, OURS

from .conftest import SKELETON, Fake, course, drawn, signs

JOINED = Condition("joined", 0.5, (0.4, 1.0), (0.2, 0.5))


def clips(number: int) -> list[Labelled]:
    heights = course((0, 1.2), (0.3, 0.1), (0.8, 0.1), (1.1, 1.3))
    return [Labelled(on_one_body(drawn(heights, seed=n), SKELETON), f"G{n}") for n in range(number)]


def test_a_stream_holds_each_clip_where_the_truth_says() -> None:
    given = clips(4)
    stream = join("a", given, JOINED, np.random.default_rng(0))
    assert [span.gloss for span in stream.truth] == ["G0", "G1", "G2", "G3"]
    for span, clip in zip(stream.truth, given, strict=True):
        there = stream.pose.stretch(span.start, span.end)
        np.testing.assert_array_equal(there.coordinates, clip.pose.coordinates)
        np.testing.assert_array_equal(there.confidence, clip.pose.confidence)
    steps = np.linalg.norm(np.diff(stream.pose.landmark("right_wrist")[:, :2], axis=0), axis=1)
    assert steps.max() * RATE < 12
    again = join("a", given, JOINED, np.random.default_rng(0))
    np.testing.assert_array_equal(again.pose.coordinates, stream.pose.coordinates)


def test_a_stream_of_another_rate_lasts_as_long() -> None:
    slow = next(condition for condition in CONDITIONS if condition.rate == 15)
    usual = Condition(slow.name, slow.rests, slow.rest, slow.transition)
    one, other = (join("a", clips(3), condition, np.random.default_rng(1)) for condition in (slow, usual))
    assert one.truth == other.truth
    assert one.pose.duration == pytest.approx(other.pose.duration, abs=0.05)
    assert one.pose.fps == pytest.approx(15, rel=0.01)


def test_strangers_are_signed_and_are_no_truth() -> None:
    stranger = Labelled(clips(1)[0].pose, None)
    mixed = among(clips(3), [stranger, stranger], np.random.default_rng(0))
    assert len(mixed) == 5
    assert len(join("a", mixed, JOINED, np.random.default_rng(0)).truth) == 3


def test_a_stroke_is_without_the_ways_up_and_down() -> None:
    clip = clips(1)[0].pose
    cut = stroke(clip)
    heights = -cut.landmark("right_wrist")[:, 1]
    assert len(clip) / 3 < len(cut) < len(clip)
    assert min(heights[0], heights[-1]) >= -0.75
    flat = drawn(np.full(20, 0.3))
    assert len(stroke(flat)) == 20


def test_every_clip_is_in_one_stream() -> None:
    given = clips(11)
    parts = parted(given, 4, np.random.default_rng(0))
    assert sorted(clip.gloss or "" for part in parts for clip in part) == sorted(clip.gloss or "" for clip in given)
    assert {len(part) for part in parts} <= {3, 4}


@given(a=st.floats(0, 10), lasts=st.floats(0.1, 5), moved=st.floats(-6, 6))
def test_what_is_shared_is_symmetric_and_whole_with_oneself(a: float, lasts: float, moved: float) -> None:
    one, other = Span(a, a + lasts, "A"), Span(a + moved, a + moved + lasts, "A")
    assert shared(one, one) == pytest.approx(1)
    assert shared(one, other) == pytest.approx(shared(other, one))
    assert 0 <= shared(one, other) <= 1 + 1e-9


def test_each_segment_and_each_sign_is_matched_once() -> None:
    truth = [Span(0, 1, "A"), Span(1, 2, "B"), Span(5, 6, "C")]
    found = [Span(0, 1.1, "A"), Span(0.1, 0.9, "A"), Span(1.2, 2, "X"), Span(3, 4, "C"), Span(4, 8, "C")]
    assert matches(truth, found) == [(0, 0), (1, 2)]
    counted = count(truth, found)
    assert (counted.signs, counted.found, counted.placed, counted.right) == (3, 5, 2, 1)
    assert f1(counted.placed, counted.found, counted.signs) == pytest.approx(0.5)
    assert f1(0, 0, 0) == 0


def test_figures_of_rows_are_of_their_sums() -> None:
    counts = np.array([[10, 8, 6, 3], [10, 12, 9, 9]], float)
    figures = statistic(counts)(np.array([[1.0, 1.0], [2.0, 0.0]]))
    np.testing.assert_allclose(figures[0], [30 / 40, 24 / 40, 15 / 20, 15 / 20, 12 / 15])
    np.testing.assert_allclose(figures[1], [24 / 36, 12 / 36, 6 / 8, 6 / 10, 3 / 6])


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9), st.floats(0.01, 1)), max_size=10),
    st.sampled_from([0.0, 0.3, 0.6]),
)
def test_the_baseline_keeps_the_best_windows_that_do_not_overlap(
    drawn_windows: list[tuple[int, int, float]], threshold: float
) -> None:
    found = [Window(start, start + size, "A", p) for start, size, p in drawn_windows]
    chain = chosen(found, threshold)
    assert all(a.end <= b.start for a, b in zip(chain, chain[1:], strict=False))
    assert all(window.probability > threshold for window in chain)

    def best(left: list[Window], after: float) -> float:
        gains = [
            w.probability - threshold + best(left[n + 1 :], w.end)
            for n, w in enumerate(left)
            if w.start >= after and w.probability > threshold
        ]
        return max([0.0, *gains])

    ordered = sorted(found, key=lambda window: (window.end, window.start))
    assert sum(w.probability - threshold for w in chain) == pytest.approx(best(ordered, -1), abs=1e-9)


def test_the_baselines_windows_are_half_over_each_other() -> None:
    found = windows(Fake(), drawn(course(*signs(1))), 1.0)  # type: ignore[arg-type]
    starts = [round(window.start * 25) for window in found]
    assert starts == list(range(0, starts[-1] + 1, 12))


def test_the_figures_of_a_corpus_and_its_table() -> None:
    rows = []
    for stream in ("a", "b", "c"):
        for condition in CONDITIONS:
            common = {"stream": stream, "condition": condition.name, "frames": 100, "signs": 9}
            rows.append({**common, "who": OURS, "found": 9, "placed": 8, "right": 6, "delays": [10.0, 20.0],
                         "milliseconds": {"median": 1.0, "mean": 2.0, "most": 9.0}, "merged": 1, "cut": 0})  # fmt: skip
            rows.append({**common, "who": FIXED, "found": 12, "placed": 5, "right": 3, "threshold": 0.3})
    figures = of_corpus(rows)
    assert figures["gain_in_points"]["f1"]["value"] == pytest.approx(100 * (16 / 18 - 10 / 21))
    assert figures["overall"][OURS]["f1"]["interval"]["units"] == 3
    text = page({"corpora": {"letters": figures}})
    assert "| all | 88.9%" in text
    assert "15 frames after its end" in text
    json.dumps(figures, allow_nan=False)


def test_tables_of_one_stream_have_no_interval(tmp_path: Path) -> None:
    table = pl.DataFrame({"stream": ["a"], "signs": [3], "found": [3], "placed": [2], "right": [1]})
    from measure_spotting import summary

    assert summary(table)["f1"]["interval"] is None
