"""A recogniser that comes with Ishara: it learnt from everything, and its card says whose accuracy it gives."""

import json
from pathlib import Path

import polars as pl
import pytest

from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.evaluation.metrics import summarise
from ishara.evaluation.run import predict_clips
from ishara.recipe import Recipe
from ishara.recognizer import Recognizer
from ishara.recognizer.gallery import GALLERY
from ishara.training.ship import ship


@pytest.fixture
def measured(tiny_recipe: Recipe, tiny_run: Path, tmp_path: Path) -> Path:
    """What a cross-validation of the recipe could have written."""
    manifest = Manifest.read(tiny_run / "manifest.csv").where(pl.col("split") == "test")
    predictions, _ = predict_clips(Recognizer.load(tiny_run), manifest)
    content = {
        "recipe_hash": tiny_recipe.hash,
        "protocol": {"name": "leave-one-group-out", "group": "signer"},
        "folds": [{}, {}, {}],
        "summary": summarise(predictions).model_dump(mode="json"),
    }
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_it_learns_from_all_clips_and_says_so(tiny_recipe: Recipe, measured: Path, tmp_path: Path) -> None:
    shipped = ship(tiny_recipe, measured, tmp_path / "letters", tmp_path / "run")
    sides = Manifest.read(tmp_path / "run" / "manifest.csv").table["split"]
    assert set(sides) == {"train", "validation"}
    names = {path.name for path in shipped.folder.iterdir()}
    assert GALLERY in names
    assert "model.safetensors" not in names
    card = (shipped.folder / "README.md").read_text(encoding="utf-8")
    assert "those of 3 other models of the same recipe: each left out one signer" in " ".join(card.split())
    assert "| top-1 per instance |" in card
    assert "## Licence" in card
    assert "Not measured yet" not in card


def test_figures_of_another_recipe_are_refused(tiny_recipe: Recipe, measured: Path, tmp_path: Path) -> None:
    other = tiny_recipe.with_overrides(["train.max_epochs=4"])
    with pytest.raises(IsharaError, match="was measured with another recipe than tiny"):
        ship(other, measured, tmp_path / "letters", tmp_path / "run")
    measured.write_text("{}", encoding="utf-8")
    with pytest.raises(IsharaError, match="is not what `ishara crossval` measured"):
        ship(tiny_recipe, measured, tmp_path / "letters", tmp_path / "run")
    with pytest.raises(IsharaError, match="is not the name of a recogniser"):
        ship(tiny_recipe, measured, tmp_path / "Our Letters", tmp_path / "run")
    assert not (tmp_path / "run").exists()
