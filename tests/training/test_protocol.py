"""The folds of a protocol are run and told apart; what fails or stops one loses nothing of the others."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.evaluation.predictions import Predictions
from ishara.recipe import Recipe
from ishara.training.jobs import ERROR, read_seconds
from ishara.training.progress import Standing
from ishara.training.protocol import crossval
from ishara.training.results import over_folds, result


def guess(_: Recipe, manifest: Manifest, folder: Path) -> Predictions:
    """Every gloss is as likely as the others; it leaves a trace in the fold's folder."""
    (folder / "learnt").touch()
    tested = manifest.where(pl.col("split") == "test")
    classes = len(manifest.glosses)
    return Predictions.build(tested, np.full((len(tested), classes), 1 / classes), manifest.glosses)


@pytest.fixture
def by_signer(tiny_recipe: Recipe) -> Recipe:
    """Four folds of a signer each."""
    return tiny_recipe.with_overrides(["split.by=group", "split.validation=0.3"])


def test_every_row_says_of_which_fold_repeat_and_seed_it_is(tiny_recipe: Recipe, tmp_path: Path) -> None:
    protocol = ["protocol.name=stratified-k-fold", "protocol.folds=2", "protocol.repeats=2", "protocol.seeds=[5]"]
    recipe = tiny_recipe.with_overrides([*protocol, "split.by=clip"])
    rows = crossval(recipe, tmp_path, learner=guess).predictions.table
    found = rows.select("fold", "repeat", "seed").unique().sort("fold").rows()
    assert found == [(f"repeat-{r + 1}-fold-{f}", r, 5) for r in (0, 1) for f in (1, 2)]


def failing(*folds: str, error: Exception) -> Callable[[Recipe, Manifest, Path], Predictions]:
    """Fails in some folds, and guesses in the others."""

    def learner(recipe: Recipe, manifest: Manifest, folder: Path) -> Predictions:
        if folder.name in folds:
            raise error
        return guess(recipe, manifest, folder)

    return learner


def test_a_fold_that_fails_does_not_lose_the_others(by_signer: Recipe, tmp_path: Path) -> None:
    told: list[Standing] = []
    broken = failing("signer-02-seed0", "signer-03-seed0", error=RuntimeError("no room\nat all"))
    with pytest.raises(IsharaError) as raised:
        crossval(by_signer, tmp_path, learner=broken, report=told.append)
    assert "2 of 4 jobs failed. signer-02-seed0: RuntimeError: no room at all (more in " in str(raised.value)
    assert "signer-03-seed0: " in str(raised.value)
    assert "the same command goes on with the rest" in str(raised.value)
    assert "raise error" in (tmp_path / "signer-02-seed0" / ERROR).read_text()
    assert [(where.done, where.ended.failure is None) for where in told] == [
        (1, True), (1, False), (1, False), (2, True),
    ]  # fmt: skip
    traces = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/learnt")}
    assert len(traces) == 2
    measured = crossval(by_signer, tmp_path, learner=guess)
    assert len(measured.predictions) == 36
    assert {path: path.stat().st_mtime_ns for path in traces} == traces
    assert not list(tmp_path.glob(f"*/{ERROR}"))


def test_one_reason_of_many_folds_is_said_once(by_signer: Recipe, tmp_path: Path) -> None:
    recipe = by_signer.with_overrides(["protocol.seeds=[0, 1]"])
    names = [f"signer-0{i}-seed{seed}" for seed in (0, 1) for i in range(1, 5)]
    with pytest.raises(IsharaError) as raised:
        crossval(recipe, tmp_path, learner=failing(*names, error=IsharaError("There is no accelerator here.")))
    assert str(raised.value).count("There is no accelerator here.") == 1
    assert "8 of 8 jobs failed. signer-01-seed0, signer-02-seed0, " in str(raised.value)
    assert "and 3 more: There is no" in str(raised.value)
    assert not list(tmp_path.glob(f"*/{ERROR}"))


def test_another_seed_goes_on_from_what_is_done(by_signer: Recipe, tmp_path: Path) -> None:
    """A fold's run is the same run, whatever others its protocol has."""
    crossval(by_signer, tmp_path, learner=guess)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*-seed0/*")}
    told: list[Standing] = []
    more = by_signer.with_overrides(["protocol.seeds=[0, 1, 2]"])
    measured = crossval(more, tmp_path, learner=guess, report=told.append)
    assert (told[0].done, told[0].total) == (4, 12)
    assert len(measured.predictions) == 3 * 36
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_another_runs_folds_are_refused_before_anything_is_done(by_signer: Recipe, tmp_path: Path) -> None:
    crossval(by_signer, tmp_path, learner=guess)
    other = by_signer.with_overrides(["optimizer.lr=0.5", "protocol.seeds=[1, 0]"])
    with pytest.raises(IsharaError, match="signer-01-seed0: holds a run with other settings"):
        crossval(other, tmp_path, learner=guess)
    assert not list(tmp_path.glob("*-seed1"))


def test_a_fold_that_another_process_is_at_is_left_to_it(by_signer: Recipe, tmp_path: Path) -> None:
    def meanwhile(recipe: Recipe, manifest: Manifest, folder: Path) -> Predictions:
        if folder.name == "signer-01-seed0":
            with pytest.raises(IsharaError, match="signer-01-seed0: another process is at this fold"):
                crossval(by_signer, tmp_path, learner=guess)
        return guess(recipe, manifest, folder)

    assert len(crossval(by_signer, tmp_path, learner=meanwhile).predictions) == 36


def test_seconds_are_known_of_what_was_not_gone_on_with(by_signer: Recipe, tmp_path: Path) -> None:
    crossval(by_signer, tmp_path, learner=guess)
    (tmp_path / "signer-01-seed0/predictions.parquet").unlink()
    seconds = crossval(by_signer, tmp_path, learner=guess).seconds
    assert seconds.pop("signer-01-seed0") is None
    assert all(took >= 0 for took in seconds.values())
    (tmp_path / "signer-02-seed0/seconds.json").write_text("")
    assert read_seconds(tmp_path / "signer-02-seed0") is None


def test_a_result_has_each_fold_and_seed_and_means_of_them(by_signer: Recipe, tmp_path: Path) -> None:
    def luck(recipe: Recipe, manifest: Manifest, _: Path) -> Predictions:
        """Right about the first third of the clips with seed 0, and about all with seed 1."""
        tested = manifest.where(pl.col("split") == "test")
        truth = [manifest.glosses.index(clip.gloss) for clip in tested]
        said = [i if n < 3 or recipe.train.seed else (i + 1) % 3 for n, i in enumerate(truth)]
        return Predictions.build(tested, np.eye(3)[said], manifest.glosses)

    recipe = by_signer.with_overrides(["protocol.seeds=[0, 1]"])
    figures = result(recipe, crossval(recipe, tmp_path, learner=luck), learner="ishara")
    json.dumps(figures, allow_nan=False)
    third = 1 / 3
    assert [row["top1_of_seed"] for row in figures["folds"]] == [{"0": pytest.approx(third), "1": 1.0}] * 4
    assert [row["top1"] for row in figures["folds"]] == [pytest.approx((1 + third) / 2)] * 4
    assert [row["top1"] for row in figures["seeds"]] == [pytest.approx(third), 1.0]
    assert figures["top1_over_folds"]["interval"]["units"] == 4
    assert figures["summary"]["top1_over_seeds"]["interval"]["units"] == 2
    assert figures["choices"] == {}
    assert over_folds(figures).startswith("Mean over 4 folds: top-1 66.7% (66.7% to 66.7%), top-1 per class 66.7% (")
    assert over_folds(figures).endswith("; 2 seeds from 33.3% to 100.0%")


def test_one_fold_with_one_seed_has_no_interval_over_either(by_signer: Recipe, tmp_path: Path) -> None:
    recipe = by_signer.with_overrides(["protocol.name=held-out", "split.test=[signer-01]"])
    figures = result(recipe, crossval(recipe, tmp_path, learner=guess), learner="ishara")
    assert figures["top1_over_folds"]["interval"] is None
    assert figures["class_top1_over_folds"]["interval"] is None
    assert figures["summary"]["top1_over_seeds"] is None
    assert " to " not in over_folds(figures)


def test_torchrun_is_for_one_fold_alone(by_signer: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "1")
    with pytest.raises(IsharaError, match=r"torchrun starts processes for one training.*protocol\.only"):
        crossval(by_signer, tmp_path / "all", learner=guess)
    assert not (tmp_path / "all").exists()
    one = crossval(by_signer.with_overrides(["protocol.only=[signer-02]"]), tmp_path / "one", learner=guess)
    assert one.predictions.table["fold"].unique().to_list() == ["signer-02"]
