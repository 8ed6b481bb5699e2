"""The ablation: what is measured is what the plan says, each change against the recipe, and the page says it."""

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import ablation_page
import measure_ablation
from ablation import runs
from ablation.plan import Plan
from ishara.clips.clip import Clip
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.run import predict_clips
from ishara.recipe import Recipe
from ishara.recognizer import Recognizer
from looks import with_views

ROOT = Path(__file__).parents[1]
GLOSSES = ["hello", "thanks"]
FOLDS = ["signer-01", "signer-02", "signer-03", "signer-04"]


def predictions(right: float, seed: int) -> Predictions:
    """Ten clips of each fold, so many of them right."""
    parts = []
    for fold in FOLDS:
        clips = [Clip(id=f"{fold}-{i}", path=f"{i}.pose", gloss=GLOSSES[i % 2], signer=fold) for i in range(10)]
        probability = np.array([[0.9, 0.1] if (i % 2 == 0) == (i < right * 10) else [0.1, 0.9] for i in range(10)])
        parts.append(Predictions.build(clips, probability, GLOSSES, groups=[fold] * 10, fold=fold, seed=seed))
    return Predictions.concat(parts)


@pytest.fixture
def plan(tiny_recipe: Recipe, tmp_path: Path) -> Path:
    (tmp_path / "tiny.yaml").write_text(tiny_recipe.to_yaml(), encoding="utf-8")
    path = tmp_path / "plan.yaml"
    path.write_text(
        json.dumps(
            {
                "seeds": [0, 1, 2],
                "corpora": {"tiny": {"recipe": str(tmp_path / "tiny.yaml"), "folds": FOLDS}},
                "changes": [
                    {"name": "Worse!", "group": "A", "overrides": ["train.ema=0.5"]},
                    {"name": "only bone vectors", "group": "A", "overrides": ["train.ema=0.7"]},
                    {"name": "the recipe's own", "group": "A", "overrides": [f"train.ema={tiny_recipe.train.ema}"]},
                    {"name": "elsewhere", "group": "A", "overrides": ["train.ema=0.6"], "corpora": ["other"]},
                ],
            }
        )
    )
    return path


def test_changes_are_compared_with_the_recipe_on_the_plans_folds_and_seeds(
    plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run: dict[str, Recipe] = {}

    class Measured:
        def __init__(self, right: float) -> None:
            self.predictions = Predictions.concat(predictions(right, seed) for seed in (0, 1, 2))

    def crossval(recipe: Recipe, folder: Path, **_: object) -> Measured:
        run[folder.name] = recipe
        return Measured(0.8 if folder.name == "base" else 0.5)

    monkeypatch.setattr(runs, "crossval", crossval)
    monkeypatch.setattr(runs, "with_views", lambda base, folder, views: base)
    measure_ablation.main(plan=plan, results=tmp_path, out=tmp_path / "runs")
    assert list(run) == ["base", "worse", "only-bone-vectors"]
    assert all(list(recipe.protocol.only) == FOLDS and recipe.protocol.seeds == (0, 1, 2) for recipe in run.values())
    assert run["worse"].train.ema == 0.5
    found = json.loads((tmp_path / "measure-ablation-tiny.json").read_text())
    change, _ = found["changes"]
    assert change["difference"]["value"] == pytest.approx(-0.3)
    assert change["of_seeds"] == pytest.approx([-0.3] * 3)
    assert [row["name"] for row in found["together"]][2:] == [runs.STREAMS["only-bone-vectors"]]
    assert [row["difference"]["value"] for row in found["together"][:2]] == [0, 0]
    page = ablation_page.page(tmp_path)
    assert "| Worse!<br>`train.ema=0.5` | 50.0% | -30.0 (" in page
    assert ") | -30.0 -30.0 -30.0 | **hurts** |" in page
    assert "| 3 seeds, averaged | 80.0% | +0.0 (+0.0 to +0.0) |  | cannot be told |" in page

    run.clear()
    measure_ablation.main(plan=plan, results=tmp_path, out=tmp_path / "runs that are lost")
    # The second is needed once more, for what it and the recipe give together.
    assert list(run) == ["base", "only-bone-vectors"]
    assert json.loads((tmp_path / "measure-ablation-tiny.json").read_text()) == found
    run.clear()
    found["base"]["top1"]["value"] = 0.7
    (tmp_path / "measure-ablation-tiny.json").write_text(json.dumps(found))
    measure_ablation.main(plan=plan, results=tmp_path, out=tmp_path / "runs of a recipe that has changed")
    assert list(run) == ["base", "worse", "only-bone-vectors"]


def test_a_plan_that_cannot_be_measured_is_refused(plan: Path, tmp_path: Path) -> None:
    with pytest.raises(IsharaError, match="there is no corpus 'tyni'"):
        measure_ablation.main(corpora=["tyni"], plan=plan, results=tmp_path)
    plan.write_text("seeds: [0]\ncorpora: {}\nchanges: []\n")
    with pytest.raises(IsharaError, match=r"plan\.yaml: seeds"):
        Plan.read(plan)
    with pytest.raises(IsharaError, match="no ablation was measured"):
        ablation_page.page(tmp_path)


def test_a_stream_that_is_averaged_with_the_recipe_is_a_change_of_the_plan() -> None:
    assert set(runs.STREAMS) <= {change.slug for change in Plan.read(measure_ablation.PLAN).changes}


def test_the_plan_is_of_recipes_and_folds_that_are_there_and_every_change_changes_one() -> None:
    measured = Plan.read(measure_ablation.PLAN)
    assert {change.name for corpus in measured.corpora for change, _ in measured.changed(corpus)} == {
        change.name for change in measured.changes
    }


def test_views_are_of_the_same_clips_and_without_others_the_clip_as_it_is_counts(
    tiny_run: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(tiny_run, tmp_path / "test-seed0")
    tested = Manifest.read(run / "manifest.csv").where(pl.col("split") == "test")
    plain, _ = predict_clips(Recognizer.load(run), tested)
    np.testing.assert_allclose(with_views(plain, tmp_path, 1).probabilities, plain.probabilities, atol=1e-5)
    several = with_views(plain, tmp_path, 3)
    facts = ["clip", "gloss", "signer", "fold", "repeat", "seed"]
    assert several.table.select(facts).equals(plain.table.select(facts))
    assert not np.allclose(several.probabilities, plain.probabilities)
