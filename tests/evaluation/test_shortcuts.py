"""Shortcut checks find what was planted, and nothing where nothing was."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ishara.clips.clip import Clip
from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.evaluation.cues import CUES, guess
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.shortcuts import Shortcut, ShortcutCheck, Trial, _at_least
from ishara.evaluation.traits import Traits, of_pose
from ishara.pose.pose import Pose, columns_of
from ishara.recipe import Recipe

GLOSSES = ["A", "B", "C", "D"]
PLANTED = "C"
Plant = Callable[[Pose], Pose]
# Hips and all: as if the camera stood elsewhere on the day when the planted sign was recorded.
OFFSET = np.array([0.7, 0.2, 0.0], np.float32)


@pytest.fixture(scope="module")
def signing() -> list[Pose]:
    """Clips of one sign: what they are called below has nothing to do with what is signed in them."""
    return [synthetic_clip("SYN-01", i % 7 + 1, i + 1) for i in range(160)]


@pytest.fixture(scope="module")
def recipe(tiny_recipe: Recipe) -> Recipe:
    return tiny_recipe


def sides(signing: list[Pose], recipe: Recipe, plant: Plant, signer: Callable[[int, str], str | None]) -> list[Traits]:
    """The first half to learn from, the second to be asked, each sign in turn; only the planted one is changed."""
    clips, each = [], []
    for i, pose in enumerate(signing):
        gloss = GLOSSES[i % 4]
        clips.append(Clip(f"c{i}", f"c{i}.pose", gloss, signer=signer(i, gloss)))
        each.append(of_pose(plant(pose) if gloss == PLANTED else pose, recipe))
    half = len(clips) // 2
    return [Traits(clips[s], each[s], [None] * half) for s in (slice(half), slice(half, None))]


def model_of(clips: list[Clip], skill: float = 2.0) -> Predictions:
    """A recogniser that is right about four times in five."""
    rng = np.random.default_rng(5)
    logits = rng.normal(size=(len(clips), 4))
    logits[np.arange(len(clips)), [GLOSSES.index(clip.gloss) for clip in clips]] += skill
    return Predictions.build(clips, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), GLOSSES)


def checked(
    signing: list[Pose],
    recipe: Recipe,
    plant: Plant = lambda pose: pose,
    signer: Callable[[int, str], str | None] = lambda i, gloss: None,
    hidden: tuple[str, ...] = (),
) -> tuple[ShortcutCheck, dict[str, Shortcut]]:
    training, tested = sides(signing, recipe, plant, signer)
    trial = Trial(model_of(tested.clips), hidden=hidden)
    trial.add(training, tested)
    check = trial.judge(resamples=300)
    return check, {one.cue: one for one in check.shortcuts}


def given_away(one: Shortcut) -> list[str]:
    return [gloss.gloss for gloss in one.given_away]


def moved(pose: Pose) -> Pose:
    return pose.replace(pose.coordinates + OFFSET[: pose.coordinates.shape[2]] * np.ptp(pose.coordinates[..., 0]))


def hands_moved(pose: Pose) -> Pose:
    coordinates = pose.coordinates.copy()
    hands = np.concatenate([columns_of(pose.skeleton, hand) for hand in ("left_hand", "right_hand")])
    coordinates[:, hands, 0] += 0.5 * np.ptp(pose.coordinates[..., 0])
    return pose.replace(coordinates)


def hand_lost(pose: Pose) -> Pose:
    confidence = pose.confidence.copy()
    confidence[: len(pose) // 2, columns_of(pose.skeleton, "right_hand")] = 0
    return pose.replace(pose.coordinates, confidence)


def test_where_nothing_was_planted_nothing_is_found(signing: list[Pose], recipe: Recipe) -> None:
    check, found = checked(signing, recipe)
    assert check.warnings == []
    assert not any(one.given_away for one in check.shortcuts)
    assert {one.verdict for name, one in found.items() if name != "signer"} <= {"no help", "too few clips to say"}
    assert (check.trained_on, check.tested_on, check.folds) == (80, 80, 1)
    assert check.model.value is not None
    assert check.blind == 0.25 < check.model.value
    assert found["signer"].why_not == "the clips do not say who signs"


def test_a_constant_offset_on_one_sign_is_found_by_framing_and_first_frame(signing: list[Pose], recipe: Recipe) -> None:
    check, found = checked(signing, recipe.with_overrides(["pose.normalise=none", "pose.dominant_hand=as-is"]), moved)
    assert given_away(found["framing"]) == given_away(found["first"]) == [PLANTED]
    assert not found["length"].given_away
    assert not found["hands"].given_away
    assert len(check.warnings) == 2
    assert all(f"tells these signs from all others: {PLANTED}." in warning for warning in check.warnings)


def test_an_offset_that_normalisation_takes_away_is_found_but_is_no_warning(
    signing: list[Pose], recipe: Recipe
) -> None:
    check, found = checked(signing, recipe, moved, hidden=("framing",))
    assert given_away(found["framing"]) == [PLANTED]
    assert found["framing"].hidden
    assert not found["first"].given_away
    assert check.warnings == []


@pytest.mark.parametrize(
    ("plant", "cue"),
    [(hands_moved, "first"), (hand_lost, "hands"), (lambda pose: pose.frames(slice(0, len(pose) // 2)), "length")],
)
def test_what_normalisation_does_not_take_away_is_a_warning(
    signing: list[Pose], recipe: Recipe, plant: Plant, cue: str
) -> None:
    check, found = checked(signing, recipe, plant, hidden=("framing",))
    assert given_away(found[cue]) == [PLANTED]
    assert PLANTED in (found[cue].warning or "")
    assert found[cue].warning in check.warnings
    assert not found["framing"].given_away


def test_signers_who_give_one_sign_each_rival_the_recogniser(signing: list[Pose], recipe: Recipe) -> None:
    check, found = checked(signing, recipe, signer=lambda i, gloss: f"{gloss}-{i % 3}")
    assert found["signer"].verdict == "rivals the recogniser"
    assert found["signer"].top1 is not None
    assert found["signer"].top1.value == 1
    assert "Who signs alone names 100 of 100 clips rightly" in check.warnings[0]


def test_signers_on_one_side_only_cannot_help(signing: list[Pose], recipe: Recipe) -> None:
    _, found = checked(signing, recipe, signer=lambda i, gloss: f"{i < 80}-{gloss}")
    assert found["signer"].verdict == "cannot be tried"
    assert "nobody who is tested was trained on" in (found["signer"].why_not or "")


def test_a_handful_of_clips_is_called_that(signing: list[Pose], recipe: Recipe) -> None:
    _, found = checked(signing[:16], recipe)
    assert found["length"].verdict == "too few clips to say"


def test_folds_are_judged_together_and_the_same_again(signing: list[Pose], recipe: Recipe) -> None:
    first, second = sides(signing, recipe, moved, lambda i, gloss: None)
    tables = [model_of(part.clips).table for part in (second, first)]
    model = Predictions.concat(
        Predictions(
            table.with_columns(
                fold=Predictions.build(part.clips, np.eye(4)[[0] * 80], GLOSSES, fold=name).table["fold"]
            )
        )
        for table, part, name in zip(tables, (second, first), ("one", "two"), strict=True)
    )
    checks = []
    for _ in range(2):
        trial = Trial(model)
        trial.add(first, second, fold="one")
        trial.add(second, first, fold="two")
        checks.append(trial.judge(resamples=100))
    assert checks[0] == checks[1]
    assert (checks[0].tested_on, checks[0].folds) == (160, 2)
    assert given_away(next(one for one in checks[0].shortcuts if one.cue == "framing")) == [PLANTED]


def test_a_gloss_that_was_not_learnt_counts_as_missed(signing: list[Pose], recipe: Recipe) -> None:
    training, tested = sides(signing, recipe, moved, lambda i, gloss: None)
    known = training.of(clip.id for clip in training.clips if clip.gloss != PLANTED)
    said = guess(CUES[1], known, tested, GLOSSES)
    assert PLANTED not in said.table["predicted"].to_list()
    assert len(said) == len(tested)


def test_the_odds_of_chance_are_those_of_fishers_exact_test() -> None:
    stats = pytest.importorskip("scipy.stats")
    for right, clips, support, said in [(0, 10, 3, 4), (3, 10, 3, 4), (5, 60, 12, 9), (9, 60, 12, 9)]:
        assert _at_least(right, clips, support, said) == pytest.approx(
            stats.hypergeom.sf(right - 1, clips, support, said)
        )
