"""When a sign counts as known: the stated share of unknown ones passes, and no threshold is invented."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from ishara.errors import IsharaError
from ishara.evaluation.open_set import FEWEST, auroc, find_threshold, join, pairs
from ishara.recognizer.inputs import ModelInput
from ishara.recognizer.open_set import OpenSet, read_open_set

scores = st.lists(st.floats(0, 1, width=16), min_size=FEWEST, max_size=60).map(np.array)


@given(scores, scores, st.sampled_from([0.05, 0.1, 0.2, 0.5]))
def test_no_more_unknown_signs_pass_than_was_stated(known, unknown, share: float) -> None:
    found = find_threshold(known, unknown, share)
    if found.threshold is None:
        assert found.reason is not None
        assert found.auroc is not None
        return
    assert np.mean([found.knows(score) for score in unknown if score < 1] or [0]) <= share
    assert found.refused == pytest.approx(np.mean([not found.knows(score) for score in known]), abs=0.05)


@given(scores, scores)
def test_auroc_is_scikit_learns(known, unknown) -> None:
    truth = np.r_[np.ones(len(known)), np.zeros(len(unknown))]
    assert auroc(known, unknown) == pytest.approx(roc_auc_score(truth, np.r_[known, unknown]))


def test_a_threshold_that_cannot_be_had_is_none_with_the_reason() -> None:
    rng = np.random.default_rng(0)
    few = find_threshold(rng.random(FEWEST - 1), rng.random(100))
    assert few.threshold is None
    assert few.auroc is None
    assert "19 validation clips are too few" in (few.reason or "")
    same = np.linspace(0, 1, 100)
    blind = find_threshold(same, same)
    assert blind.threshold is None
    assert blind.auroc == pytest.approx(0.5)
    assert "does not tell known from unknown" in (blind.reason or "")
    assert few.knows(1.0) is None
    # Most known signs score higher than most unknown ones, but a fifth of these as high as the highest.
    high = np.r_[np.full(30, 0.9), np.full(70, 0.1)]
    strict = find_threshold(np.r_[np.full(40, 0.95), np.full(60, 0.5)], high)
    assert strict.threshold is None
    assert "would call 60% of known ones unknown" in (strict.reason or "")


def test_signs_that_do_not_exist_are_halves_of_two_glosses() -> None:
    glosses = [0, 0, 1, 2]
    found = pairs(glosses, seed=0)
    assert found == pairs(glosses, seed=0)
    assert len(set(found)) == 10
    assert all(glosses[a] != glosses[b] for a, b in found)
    clips = [ModelInput(np.full((length, 2), length, np.float32), np.zeros(length, np.float32)) for length in (5, 4)]
    assert join(*clips).x[:, 0].tolist() == [5, 5, 5, 4, 4]
    one = ModelInput(np.ones((1, 2), np.float32), np.zeros(1, np.float32))
    assert len(join(one, one)) == 2


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"threshold": 2}, "threshold: Input should be less than or equal to 1"),
        ({"format": 9}, "has format 9"),
        ({"more": 1}, "more: Extra inputs"),
    ],
)
def test_a_file_that_does_not_say_is_refused_in_one_line(tmp_path: Path, change, expected: str) -> None:
    good = OpenSet(threshold=0.5, false_accept=0.2, known_clips=1, unknown_clips=1, unknown="x").model_dump()
    path = tmp_path / "open_set.json"
    path.write_text(json.dumps(good), encoding="utf-8")
    assert read_open_set(path).threshold == 0.5
    path.write_text(json.dumps(good | change), encoding="utf-8")
    with pytest.raises(IsharaError, match=expected) as caught:
        read_open_set(path)
    assert "\n" not in str(caught.value)
