"""An ensemble says the mean of what its members say, of the same clips."""

import numpy as np
import pytest

from ishara.clips.clip import Clip
from ishara.errors import IsharaError
from ishara.evaluation.ensemble import average
from ishara.evaluation.predictions import Predictions

CLIPS = [Clip("a", "a.pose", "HELLO", signer="s1"), Clip("b", "b.pose", "THANKS", signer="s2")]
LABELS = ("HELLO", "THANKS")


def said(*hello: float, seed: int = 0, fold: str = "test", clips: list[Clip] = CLIPS) -> Predictions:
    p = np.array([[h, 1 - h] for h in hello])
    return Predictions.build(clips, p, LABELS, seed=seed, fold=fold)


def test_probabilities_are_averaged_clip_by_clip() -> None:
    together = average([said(0.9, 0.6), said(0.5, 0.2)])
    np.testing.assert_allclose(together.probabilities, [[0.7, 0.3], [0.4, 0.6]], atol=1e-6)
    assert together.table["predicted"].to_list() == ["HELLO", "THANKS"]
    assert together.table["signer"].to_list() == ["s1", "s2"]


def test_seeds_of_one_table_are_averaged_too() -> None:
    both = Predictions.concat([said(0.9, 0.6), said(0.5, 0.2, seed=1)])
    np.testing.assert_allclose(average([both]).probabilities, [[0.7, 0.3], [0.4, 0.6]], atol=1e-6)


def test_folds_stay_apart() -> None:
    folds = Predictions.concat([said(0.9, 0.6, fold="one"), said(0.5, 0.2, fold="two")])
    together = average([folds, folds])
    assert together.table["fold"].to_list() == ["one", "one", "two", "two"]
    np.testing.assert_allclose(together.probabilities[:, 0], [0.9, 0.6, 0.5, 0.2], atol=1e-6)


def test_a_gloss_that_one_member_does_not_know_has_half_its_probability() -> None:
    other = Predictions.build(CLIPS, np.array([[0.5, 0.5], [1.0, 0.0]]), ("HELLO", "PLEASE"))
    together = average([said(0.8, 0.1), other])
    assert together.labels == ["HELLO", "THANKS", "PLEASE"]
    np.testing.assert_allclose(together.probabilities, [[0.65, 0.1, 0.25], [0.55, 0.45, 0]], atol=1e-6)


def test_members_of_other_clips_are_refused() -> None:
    with pytest.raises(IsharaError, match="'b' on fold 'test' has 1 predictions; expected one of each of 2 "):
        average([said(0.9, 0.6), said(0.5, clips=CLIPS[:1])])
    with pytest.raises(IsharaError, match="'a' on fold 'one' has 1 predictions"):
        average([said(0.9, 0.6, fold="one"), said(0.9, 0.6, fold="two")])
    renamed = [Clip("a", "a.pose", "THANKS"), CLIPS[1]]
    with pytest.raises(IsharaError, match="'a' has more than one gloss"):
        average([said(0.9, 0.6), said(0.9, 0.6, clips=renamed)])
    with pytest.raises(IsharaError, match="no predictions to average"):
        average([])
