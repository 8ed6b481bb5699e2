"""The closer look over the folds of a cross-validation: each fold by its own clips, the page over all of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ishara.clips.manifest import Manifest
from ishara.clips.splits import Fold
from ishara.evaluation.across import check_folds, look_across
from ishara.evaluation.insight import NOT_ASKED
from ishara.evaluation.metrics import summarise
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.run import publish
from ishara.evaluation.traits import read_traits
from ishara.recipe import Recipe
from ishara.training.folds import make_folds


@pytest.fixture(scope="module")
def by_signer(tiny_recipe: Recipe) -> tuple[Recipe, list[Fold]]:
    """Four folds of a signer each."""
    recipe = tiny_recipe.with_overrides(["split.by=group", "split.validation=0.3", "protocol.name=leave-one-group-out"])
    return recipe, make_folds(recipe)


def said(folds: list[Fold], seeds: int = 1) -> Predictions:
    """Every clip is taken for the next gloss, by the recognisers of all seeds."""
    glosses = folds[0].manifest.glosses
    parts = []
    for fold in folds:
        tested = fold.manifest.where(pl.col("split") == "test")
        p = np.eye(len(glosses))[[(glosses.index(clip.gloss) + 1) % len(glosses) for clip in tested]]
        parts += [
            Predictions.build(tested, p, glosses, fold=fold.name, repeat=fold.repeat, seed=seed)
            for seed in range(seeds)
        ]
    return Predictions.concat(parts)


def test_the_page_of_all_folds_tells_of_their_clips(by_signer: tuple[Recipe, list[Fold]], tmp_path: Path) -> None:
    recipe, folds = by_signer
    predictions = said(folds, seeds=2)
    summary = summarise(predictions, resamples=20)
    insight, views = look_across(recipe, predictions, summary, folds)
    # A clip counts once, however many seeds speak of it.
    assert sum(part.clips for part in insight.by_length) == 36
    assert sum(part.clips for part in insight.by_missed_hands) == 36
    assert sum(part.clips for part in insight.by_hand) == 36
    assert insight.why_no_hands is None
    check = insight.shortcuts
    assert check is not None
    assert (check.folds, check.tested_on, check.drawn) == (4, 36, False)
    assert check.model.value == 0
    assert len(views.pairs) == 3
    assert all(pair.other is not None for pair in views.pairs)
    page, _ = publish(tmp_path, predictions, recipe, measured={}, summary=summary, insight=insight, views=views)
    html = page.read_text(encoding="utf-8")
    assert all(f'<h2 id="{target}">' in html for target in ("clips", "shortcuts", "map"))
    assert html.count('class="pair"') == 3
    assert "every fold has a recogniser of its own" in html
    assert NOT_ASKED not in html


def test_of_many_clips_some_are_read_and_learnt_from(by_signer: tuple[Recipe, list[Fold]]) -> None:
    recipe, folds = by_signer
    predictions = said(folds)
    insight, _ = look_across(recipe, predictions, summarise(predictions, resamples=20), folds, most=24)
    assert insight.shortcuts is not None
    assert (insight.shortcuts.tested_on, insight.shortcuts.drawn) == (24, True)
    traits, _ = read_traits(folds[0].manifest, recipe)
    few = check_folds(recipe, predictions, folds, traits, most=4 * 6)
    assert few is not None
    assert (few.trained_on, few.tested_on, few.drawn) == (6, 36, True)


def test_clips_that_are_gone_leave_what_predictions_tell(by_signer: tuple[Recipe, list[Fold]]) -> None:
    recipe, folds = by_signer
    gone = [Fold(fold.name, _gone(fold.manifest), fold.repeat) for fold in folds]
    predictions = said(folds)
    insight, views = look_across(recipe, predictions, summarise(predictions, resamples=20), gone)
    assert insight.shortcuts is None
    assert "cannot be read any more" in (insight.why_no_hands or "")
    assert "cannot be read any more" in (insight.why_no_shortcuts or "")
    assert views.pairs == []
    assert "is not drawn" in views.problems[0]


def _gone(manifest: Manifest) -> Manifest:
    return manifest.with_column("path", [f"/gone/{i}.pose" for i in range(len(manifest))])
