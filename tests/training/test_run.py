"""A run: the same seed gives the same weights, and a killed run ends as an uninterrupted one does."""

import csv
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.numpy import load_file

from ishara.clips.splits import Fold
from ishara.errors import IsharaError
from ishara.evaluation.metrics import summarise
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.run import predict_clips
from ishara.pose.files import read_pose
from ishara.recipe import Recipe
from ishara.recognizer import Recognizer
from ishara.recognizer.gallery import GALLERY, read_gallery
from ishara.training import crossval, fit, split_clips
from ishara.training.callbacks import HISTORY
from ishara.training.jobs import Job, learn, work_on
from ishara.training.run import CALIBRATION_RUN

WEIGHTS = Path("recognizer") / "model.safetensors"


def weights(run: Path) -> dict[str, np.ndarray]:
    return load_file(run / WEIGHTS)


def assert_same_weights(a: Path, b: Path) -> None:
    left, right = weights(a), weights(b)
    assert left.keys() == right.keys()
    for name in left:
        np.testing.assert_array_equal(left[name], right[name], err_msg=name)


def history(run: Path) -> list[dict[str, str]]:
    with (run / HISTORY).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_same_seed_gives_the_same_weights(tiny_recipe: Recipe, tiny_run: Path, tmp_path: Path) -> None:
    fit(tiny_recipe, split_clips(tiny_recipe), tmp_path / "again")
    assert_same_weights(tiny_run, tmp_path / "again")
    assert history(tiny_run) == history(tmp_path / "again")


def test_another_seed_gives_others(tiny_recipe: Recipe, tiny_run: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe.with_overrides(["train.seed=1", "train.max_epochs=1"])
    fit(recipe, split_clips(tiny_recipe), tmp_path / "other")
    assert any(
        not np.array_equal(weights(tiny_run)[name], value) for name, value in weights(tmp_path / "other").items()
    )


@pytest.mark.parametrize(
    "overrides",
    [
        ["schedule.name=cosine", "train.accumulate=2"],
        ["schedule.name=plateau", "schedule.patience=1", "train.keep=best"],
        ["train.workers=1"],
    ],
    ids=lambda overrides: overrides[0],
)
def test_a_killed_run_ends_as_an_uninterrupted_one(
    tiny_recipe: Recipe, tmp_path: Path, kill: Callable[[Recipe, Path], None], overrides: list[str]
) -> None:
    recipe = tiny_recipe.with_overrides(["train.max_epochs=4", *overrides])
    manifest = split_clips(recipe)
    fit(recipe, manifest, tmp_path / "whole")
    run = tmp_path / "killed"
    kill(recipe, run)
    torch.manual_seed(999)
    fit(recipe, manifest, run)
    assert_same_weights(tmp_path / "whole", run)
    assert history(tmp_path / "whole") == history(run)


def test_a_recogniser_knows_how_long_its_clips_last(tiny_recipe: Recipe, tiny_run: Path) -> None:
    clips = split_clips(tiny_recipe).where(pl.col("split") == "train")
    poses = [read_pose(clip.path, clip.start, clip.end) for clip in clips]
    seconds = Recognizer.load(tiny_run).config.clip_seconds
    assert seconds == pytest.approx(np.median([len(pose) / pose.fps for pose in poses]), rel=0.01)


def test_a_run_that_is_fitted_again_learns_from_all_and_keeps_what_validation_found(
    tiny_recipe: Recipe, tmp_path: Path, kill: Callable[[Recipe, Path], None]
) -> None:
    recipe = tiny_recipe.with_overrides(["train.refit=true", "train.max_epochs=4"])
    manifest = split_clips(recipe)
    fit(recipe, manifest, tmp_path / "whole")
    once = fit(recipe.with_overrides(["train.refit=false"]), manifest, tmp_path / "once")
    first, second = Recognizer.load(tmp_path / "whole" / CALIBRATION_RUN), Recognizer.load(tmp_path / "whole")
    assert_same_weights(tmp_path / "once", tmp_path / "whole" / CALIBRATION_RUN)
    assert any(
        not np.array_equal(weights(tmp_path / "whole")[name], value)
        for name, value in weights(tmp_path / "once").items()
    )
    assert (
        (second.temperature, second.open_set)
        == (first.temperature, first.open_set)
        == (once.temperature, once.open_set)
    )
    learnt = manifest.table.filter(pl.col("split").is_in(("train", "validation")))["id"]
    gallery = read_gallery(second.folder / GALLERY, len(second.labels))
    assert sorted(gallery.clip) == sorted(learnt)
    assert not gallery.validated.any()
    assert "learnt from both" in (second.folder / "README.md").read_text(encoding="utf-8")
    # It is killed while it learns from all clips.
    shutil.copytree(tmp_path / "whole" / CALIBRATION_RUN, tmp_path / "killed" / CALIBRATION_RUN)
    kill(recipe, tmp_path / "killed")
    fit(recipe, manifest, tmp_path / "killed")
    assert_same_weights(tmp_path / "whole", tmp_path / "killed")


def test_a_run_that_is_fitted_again_cannot_choose_its_epoch(tiny_recipe: Recipe, tmp_path: Path) -> None:
    for overrides, word in (
        (["train.keep=best"], "set keep to last"),
        (["train.patience=3"], "no patience"),
        (["train.devices=2"], "trains twice"),
    ):
        with pytest.raises(IsharaError, match=word):
            tiny_recipe.with_overrides(["train.refit=true", *overrides])
    recipe = tiny_recipe.with_overrides(["train.refit=true", "schedule.name=plateau"])
    with pytest.raises(IsharaError, match=r"train\.refit learns from them too"):
        fit(recipe, split_clips(recipe), tmp_path)
    assert not (tmp_path / "recipe.yaml").exists()


def test_a_finished_run_is_not_trained_again(tiny_recipe: Recipe, tiny_run: Path) -> None:
    before = (tiny_run / WEIGHTS).stat().st_mtime_ns
    fit(tiny_recipe, split_clips(tiny_recipe), tiny_run)
    assert (tiny_run / WEIGHTS).stat().st_mtime_ns == before


def test_a_run_of_an_older_ishara_is_known_again_by_its_recipe(tiny_recipe: Recipe, tiny_run: Path) -> None:
    written = (tiny_run / "recipe.yaml").read_text(encoding="utf-8")
    lines = [line for line in written.splitlines(keepends=True) if "body_depth" not in line]
    assert len(lines) == len(written.splitlines()) - 1
    try:
        (tiny_run / "recipe.yaml").write_text("".join(lines), encoding="utf-8")
        fit(tiny_recipe, split_clips(tiny_recipe), tiny_run)
    finally:
        (tiny_run / "recipe.yaml").write_text(written, encoding="utf-8")


def test_a_folder_keeps_to_its_recipe_and_clips(tiny_recipe: Recipe, tiny_run: Path) -> None:
    with pytest.raises(IsharaError, match="holds a run with other settings"):
        fit(tiny_recipe.with_overrides(["optimizer.lr=0.5"]), split_clips(tiny_recipe), tiny_run)
    fewer = split_clips(tiny_recipe).where(pl.col("take") > 1)
    with pytest.raises(IsharaError, match="other clips or another split"):
        fit(tiny_recipe, fewer, tiny_run)


@pytest.mark.parametrize(
    "overrides",
    [
        ["train.keep=best", "train.monitor=validation/top1", "train.patience=1"],
        ["model.name=bdsl_spoter", "loss.name=focal", "schedule.name=linear", "schedule.interval=epoch"],
        ["train.precision=bf16-mixed", "train.accumulate=2", "loss.class_weights=balanced", "train.ema=0"],
        ["train.validate_every=2", "train.keep=best", "schedule.name=plateau"],
        ["train.batch_size=17"],
        ["train.loggers=[tensorboard]"],
    ],
    ids=lambda overrides: overrides[0],
)
def test_every_setting_trains(tiny_recipe: Recipe, tmp_path: Path, overrides: list[str]) -> None:
    """The last batch has one clip where the batch size is 17 of 18 clips."""
    recipe = tiny_recipe.with_overrides(["train.max_epochs=2", *overrides])
    recognizer = fit(recipe, split_clips(recipe), tmp_path / "run")
    assert np.isfinite(recognizer.temperature)
    rows = history(tmp_path / "run")
    assert len(rows) == 2
    assert all(float(row["train/loss"]) > 0 for row in rows)
    assert bool(rows[0]["validation/loss"]) == (recipe.train.validate_every == 1)


def test_wandb_stays_offline_and_asks_nothing(tiny_recipe: Recipe, tmp_path: Path) -> None:
    pytest.importorskip("wandb")
    recipe = tiny_recipe.with_overrides(["train.max_epochs=1", "train.loggers=[wandb]"])
    fit(recipe, split_clips(recipe), tmp_path / "run")
    assert any((tmp_path / "run" / "wandb").glob("offline-run-*"))


def test_it_learns(tiny_recipe: Recipe, tmp_path: Path) -> None:
    """Three very different signs are told apart on the training signers after some epochs."""
    recipe = tiny_recipe.with_overrides(
        ["train.max_epochs=40", "optimizer.lr=0.003", "train.ema=0", "augment.preset=none"]
    )
    manifest = split_clips(recipe)
    recognizer = fit(recipe, manifest, tmp_path / "run")
    predictions, failures = predict_clips(recognizer, manifest.where(pl.col("split") == "train"))
    assert failures == {}
    assert (predictions.table["predicted"] == predictions.table["gloss"]).mean() > 0.9


def test_a_bad_clip_is_left_out_and_listed(tiny_recipe: Recipe, tmp_path: Path) -> None:
    manifest = split_clips(tiny_recipe)
    (tmp_path / "bad.pose").write_bytes(b"no pose")
    train = manifest.table["split"] == "train"
    first = manifest.table.filter(train)["id"][0]
    paths = [str(tmp_path / "bad.pose") if clip.id == first else clip.path for clip in manifest]
    recipe = tiny_recipe.with_overrides(["train.max_epochs=1"])
    fit(recipe, manifest.with_column("path", paths), tmp_path / "run")
    table = pl.read_csv(tmp_path / "run" / "failures.csv")
    assert table["id"].to_list() == [first]
    assert "bad.pose" in table["reason"][0]


def test_a_run_that_stopped_early_stays_stopped(tiny_recipe: Recipe, tmp_path: Path) -> None:
    """Killed after its last epoch and before the export, it is exported and not trained further."""
    recipe = tiny_recipe.with_overrides(["train.max_epochs=30", "train.patience=1", "optimizer.lr=1e-9", "train.ema=0"])
    manifest = split_clips(recipe)
    fit(recipe, manifest, tmp_path / "run")
    before, epochs = weights(tmp_path / "run"), len(history(tmp_path / "run"))
    assert epochs < 30
    shutil.rmtree(tmp_path / "run" / "recognizer")
    fit(recipe, manifest, tmp_path / "run")
    assert len(history(tmp_path / "run")) == epochs
    for name, value in weights(tmp_path / "run").items():
        np.testing.assert_array_equal(value, before[name])


def test_ctrl_c_reaches_the_caller_and_the_run_goes_on(tiny_recipe: Recipe, tmp_path: Path, monkeypatch) -> None:
    manifest = split_clips(tiny_recipe)
    # A background job may have been started with Ctrl-C switched off; then it stays off.
    handler = signal.getsignal(signal.SIGINT)

    def stop(self, trainer, *_) -> None:
        if trainer.current_epoch == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("ishara.training.callbacks.EpochBar.on_train_batch_end", stop, raising=False)
        with pytest.raises(KeyboardInterrupt):
            fit(tiny_recipe, manifest, tmp_path / "run")
    assert signal.getsignal(signal.SIGINT) == handler
    fit(tiny_recipe, manifest, tmp_path / "run")
    assert len(history(tmp_path / "run")) == 3


@pytest.mark.parametrize("failing", [False, True])
def test_who_is_told_to_end_ends_with_that_status_and_goes_on_later(
    tiny_recipe: Recipe, tmp_path: Path, monkeypatch, failing: bool
) -> None:
    """Whatever comes of it first: a scheduler ends the processes that load clips at the same moment."""

    def told(self, trainer, *_) -> None:
        if trainer.current_epoch == 1:
            os.kill(os.getpid(), signal.SIGTERM)
            if failing:
                raise RuntimeError("a process that loads clips was killed")

    home = tmp_path / "folds"
    job = Job("fold", tiny_recipe, Fold("fold", split_clips(tiny_recipe)))
    with monkeypatch.context() as patched:
        patched.setattr("ishara.training.callbacks.EpochBar.on_train_batch_end", told, raising=False)
        with pytest.raises(SystemExit) as ended:
            work_on(job, home, learn)
    assert ended.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert work_on(job, home, learn).failure is None
    assert len(history(home / "fold")) == 3


@pytest.mark.parametrize("override", ["train.keep=best", "schedule.name=plateau"])
def test_a_recipe_that_cannot_run_claims_no_folder(tiny_recipe: Recipe, tmp_path: Path, override: str) -> None:
    only = split_clips(tiny_recipe).where(pl.col("split") != "validation")
    with pytest.raises(IsharaError, match="needs validation clips"):
        fit(tiny_recipe.with_overrides([override]), only, tmp_path / "run")
    fit(tiny_recipe.with_overrides(["train.max_epochs=1"]), only, tmp_path / "run")


def test_a_gloss_without_training_clips_is_told_and_not_learnt(tiny_recipe: Recipe, tmp_path: Path, capsys) -> None:
    manifest = split_clips(tiny_recipe)
    gone = manifest.where(~((pl.col("gloss") == "SYN-02") & (pl.col("split") == "train")))
    recognizer = fit(tiny_recipe.with_overrides(["train.max_epochs=1"]), gone, tmp_path / "run")
    assert recognizer.labels == ["SYN-01", "SYN-03"]
    assert "1 glosses (SYN-02) have no readable training clip" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"words", None], ids=["empty", "text", "truncated"])
def test_a_damaged_checkpoint_says_what_to_do(
    tiny_recipe: Recipe, tiny_run: Path, tmp_path: Path, content: bytes | None
) -> None:
    run = shutil.copytree(tiny_run, tmp_path / "run")
    shutil.rmtree(run / "recognizer")
    last = run / "checkpoints" / "last.ckpt"
    last.write_bytes(last.read_bytes()[:2000] if content is None else content)
    with pytest.raises(IsharaError, match=r"last\.ckpt: is damaged.*Delete it"):
        fit(tiny_recipe, split_clips(tiny_recipe), run)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
@pytest.mark.parametrize("override", ["train.accelerator=gpu", "train.num_nodes=2"])
def test_hardware_that_is_not_there_is_refused_before_the_folder_is_claimed(
    tiny_recipe: Recipe, tmp_path: Path, override: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MASTER_ADDR", "SLURM_NTASKS"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(IsharaError, match=override.split("=")[0]):
        fit(tiny_recipe.with_overrides([override]), split_clips(tiny_recipe), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_one_gloss_is_not_enough(tiny_recipe: Recipe, tmp_path: Path) -> None:
    only = split_clips(tiny_recipe).where(pl.col("gloss") == "SYN-01")
    with pytest.raises(IsharaError, match=r"Only one gloss \(SYN-01\)"):
        fit(tiny_recipe, only, tmp_path / "run")


def test_without_validation_the_last_weights_are_kept(tiny_recipe: Recipe, tmp_path: Path) -> None:
    manifest = split_clips(tiny_recipe)
    only = manifest.where(pl.col("split") != "validation")
    recipe = tiny_recipe.with_overrides(["train.max_epochs=1"])
    assert fit(recipe, only, tmp_path / "last").temperature == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here, on which half precision works")
def test_half_precision_without_a_gpu_says_what_to_choose(tiny_recipe: Recipe, tmp_path: Path) -> None:
    recipe = tiny_recipe.with_overrides(["train.precision=16-mixed"])
    with pytest.raises(IsharaError, match="Choose bf16-mixed or 32"):
        fit(recipe, split_clips(recipe), tmp_path / "run")


def test_a_gloss_never_seen_in_training_counts_as_missed(tiny_run: Path, tiny_recipe: Recipe) -> None:
    test = split_clips(tiny_recipe).where(pl.col("split") == "test")
    strange = ["SYN-99" if clip.gloss == "SYN-01" else clip.gloss for clip in test]
    predictions, _ = predict_clips(Recognizer.load(tiny_run), test.with_column("gloss", strange))
    summary = summarise(predictions, resamples=20)
    assert summary.unknown_gloss_predictions == 3
    assert {g.gloss: g.recall for g in summary.by_gloss}["SYN-99"] == 0
    assert np.isfinite(summary.nll.value)


def test_folds_resume_where_they_were(tiny_recipe: Recipe, tmp_path: Path) -> None:
    recipe = tiny_recipe.with_overrides(
        ["split.by=group", "split.validation=0.3", "train.max_epochs=1", "protocol.name=leave-one-group-out"]
    )
    learnt: list[str] = []

    def learner(recipe: Recipe, manifest, folder: Path) -> Predictions:
        if len(learnt) == 2:
            raise KeyboardInterrupt
        learnt.append(folder.name)
        test = manifest.where(pl.col("split") == "test")
        probabilities = np.eye(3)[[manifest.glosses.index(clip.gloss) for clip in test]]
        return Predictions.build(test, probabilities, manifest.glosses)

    with pytest.raises(KeyboardInterrupt):
        crossval(recipe, tmp_path, learner=learner)
    first = list(learnt)
    learnt.clear()
    measured = crossval(recipe, tmp_path, learner=learner)
    assert len(first) == 2
    assert set(first).isdisjoint(learnt)
    assert len(measured.predictions) == 36
    assert set(measured.seconds) == set(first) | set(learnt)
    assert measured.predictions.table["fold"].n_unique() == 4


def test_a_fold_is_a_run_of_its_own(tiny_recipe: Recipe, tmp_path: Path) -> None:
    recipe = tiny_recipe.with_overrides(["split.by=group", "split.validation=0.3", "train.max_epochs=1"])
    measured = crossval(recipe, tmp_path)
    assert len(measured.predictions) == 36
    assert measured.failures == {}
    assert len([path for path in (tmp_path / ".store").iterdir() if path.is_dir()]) == 1
    runs = sorted(path.parent for path in tmp_path.glob("*/recognizer"))
    assert len(runs) == 4
    assert all(len(Recognizer.load(run).labels) == 3 for run in runs)


def test_a_test_clip_that_cannot_be_read_is_told(tiny_recipe: Recipe, corpus: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(corpus, tmp_path / "corpus")
    bad = next(copy.rglob("*.pose"))
    bad.write_bytes(bad.read_bytes()[:1000])
    overrides = ["split.by=group", "split.validation=0", "train.max_epochs=1", f"data.root={copy}"]
    measured = crossval(tiny_recipe.with_overrides(overrides), tmp_path / "folds")
    assert len(measured.predictions) == 35
    assert len(measured.failures) == 1
    assert bad.name in next(iter(measured.failures.values()))
