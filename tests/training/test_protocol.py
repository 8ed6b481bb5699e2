"""Splits of a run are checked for leaks, and the folds of a protocol are run and told apart."""

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.evaluation.predictions import Predictions
from ishara.recipe import Recipe
from ishara.training.protocol import crossval, make_folds, split_clips


@pytest.fixture
def planted(tiny_recipe: Recipe, corpus: Path, tmp_path: Path) -> Recipe:
    """A manifest in which a training clip comes again as a test clip of another signer, under another name."""
    manifest = Manifest.read(corpus / "index.csv")
    source = manifest.table.filter(pl.col("split") == "train")["path"][0]
    copy = manifest.table.filter(pl.col("split") == "test")["id"][0]
    shutil.copy(source, tmp_path / "copy.pose")
    paths = [str(tmp_path / "copy.pose") if clip.id == copy else clip.path for clip in manifest]
    manifest.with_column("path", paths).write(tmp_path / "clips.csv")
    data = ["data.corpus=null", "data.root=null", f"data.manifest={tmp_path / 'clips.csv'}"]
    return tiny_recipe.with_overrides(data)


def test_a_leak_in_an_official_split_is_told(planted: Recipe, capsys: pytest.CaptureFixture[str]) -> None:
    split_clips(planted)
    assert "near-identical clips stand on two sides" in capsys.readouterr().err


def test_signers_with_a_clip_in_common_are_tested_together(planted: Recipe) -> None:
    recipe = planted.with_overrides(["split.by=group", "split.validation=0.3"])
    names = [fold.name for fold in make_folds(recipe)]
    assert len(names) == 3
    assert sum("+" in name for name in names) == 1


def test_an_unjoined_leak_is_told_for_every_fold_that_has_it(
    planted: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = planted.with_overrides(["split.by=group", "split.validation=0.3", "split.near_duplicates=report"])
    assert len(make_folds(recipe)) == 4
    assert "The split leaks" in capsys.readouterr().err


def test_nothing_is_looked_for_where_the_recipe_says_so(planted: Recipe, capsys: pytest.CaptureFixture[str]) -> None:
    split_clips(planted.with_overrides(["split.near_duplicates=ignore"]))
    assert capsys.readouterr().err == ""


def test_a_split_without_the_group_column_is_refused(tiny_recipe: Recipe) -> None:
    with pytest.raises(IsharaError, match=r"village"):
        split_clips(tiny_recipe.with_overrides(["split.by=group", "split.group=village"]))


def test_clips_without_files_are_told_and_none_at_all_is_refused(
    planted: Recipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "copy.pose").unlink()
    split_clips(planted)
    assert "1 of 36 clips have no file; the first that is not there" in capsys.readouterr().err
    manifest = Manifest.read(tmp_path / "clips.csv")
    manifest.with_column("path", [f"/nowhere/{clip.id}.pose" for clip in manifest]).write(tmp_path / "clips.csv")
    with pytest.raises(IsharaError, match="36 of 36 clips have no file"):
        split_clips(planted)


def test_a_held_out_split_is_one_fold_of_the_groups_it_names(tiny_recipe: Recipe, corpus: Path) -> None:
    signers = sorted(Manifest.read(corpus / "index.csv").table["signer"].unique())
    overrides = ["split.by=group", f"split.test=[{signers[0]}, {signers[3]}]", "split.validation=0.3"]
    recipe = tiny_recipe.with_overrides([*overrides, "protocol.name=held-out", "protocol.seeds=[0, 1]"])
    (fold,) = make_folds(recipe)
    tested = fold.manifest.where(pl.col("split") == "test").table["signer"].unique()
    assert sorted(tested) == [signers[0], signers[3]]
    with pytest.raises(IsharaError, match="cannot be repeated"):
        make_folds(recipe.with_overrides(["protocol.repeats=2"]))


def test_every_row_says_of_which_fold_repeat_and_seed_it_is(tiny_recipe: Recipe, tmp_path: Path) -> None:
    def guess(_: Recipe, manifest: Manifest, __: Path) -> Predictions:
        tested = manifest.where(pl.col("split") == "test")
        classes = len(manifest.glosses)
        return Predictions.build(tested, np.full((len(tested), classes), 1 / classes), manifest.glosses)

    protocol = ["protocol.name=stratified-k-fold", "protocol.folds=2", "protocol.repeats=2", "protocol.seeds=[5]"]
    recipe = tiny_recipe.with_overrides([*protocol, "split.by=clip"])
    rows = crossval(recipe, tmp_path, learner=guess).predictions.table
    found = rows.select("fold", "repeat", "seed").unique().sort("fold").rows()
    assert found == [(f"repeat-{r + 1}-fold-{f}", r, 5) for r in (0, 1) for f in (1, 2)]
