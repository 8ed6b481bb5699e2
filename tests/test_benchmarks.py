"""The baseline of the benchmarks: the notebook's model and input, and our logits from its weights."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

import bench_pixel_training
import measure_videos
from ishara.clips.clip import Clip
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.models import create_model
from ishara.pose.files import write_pose
from ishara.pose.pose import Pose
from ishara.pose.skeleton import get_skeleton
from ishara.recipe import Recipe
from ishara.training import split_clips
from ishara.training.losses import FocalLoss
from notebook.data import FRAMES, NotebookDataset, notebook_features
from notebook.model import FEATURES, LANDMARKS, NotebookBdslSpoter, NotebookSpoter, to_ishara
from notebook.train import BATCH, SETTINGS, Settings, Trainer, evaluate, notebook_loss
from notebook_baseline import HISTORY, notebook_learner, settings_of

CLASSES = 60
# Where each feature of a frame that alternates x and y stands in one that is all x, then all y.
SPLIT_AXES = [*range(0, FEATURES, 2), *range(1, FEATURES, 2)]


@pytest.mark.parametrize(("model", "expected"), [(NotebookSpoter, 973_674), (NotebookBdslSpoter, 1_041_990)])
def test_the_baseline_has_the_notebooks_parameters(model: type[NotebookSpoter], expected: int) -> None:
    assert sum(p.numel() for p in model(CLASSES).parameters()) == expected


@pytest.mark.parametrize(("name", "model"), [("spoter", NotebookSpoter), ("bdsl_spoter", NotebookBdslSpoter)])
@pytest.mark.parametrize("frames", [1, 40])
def test_our_models_are_the_notebooks_on_clips_without_padding(
    name: str, model: type[NotebookSpoter], frames: int
) -> None:
    torch.manual_seed(0)
    theirs = model(CLASSES).eval()
    ours = create_model(name, num_classes=CLASSES).eval()
    x = torch.randn(3, frames, FEATURES)
    given = x
    weights = to_ishara(theirs)
    if isinstance(theirs, NotebookBdslSpoter):
        # Its landmark weights fit an input of all x, then all y: only there can it agree with ours.
        theirs.signing_space_weights.data = torch.rand(LANDMARKS) + 0.5
        weights = to_ishara(theirs)
        given = x[..., SPLIT_AXES]
        weights["encoder.project.weight"] = torch.empty(FEATURES, FEATURES)
        weights["encoder.project.weight"][:, SPLIT_AXES] = theirs.input_projection.weight.data
    ours.load_state_dict(weights)
    with torch.no_grad():
        expected = theirs(given)
        found = ours(x, torch.ones(3, frames, dtype=torch.bool)).logits
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_the_notebooks_landmark_weights_meet_other_landmarks_in_its_own_input() -> None:
    model = NotebookBdslSpoter(CLASSES).eval()
    moved = torch.zeros(1, 5, FEATURES)
    moved[..., 2 * 3] = 1
    with torch.no_grad():
        before = model(moved)
        model.signing_space_weights[3] = 0
        assert torch.equal(model(moved), before)
        model.signing_space_weights[6] = 0
        assert not torch.allclose(model(moved), before)


def test_zero_padding_changes_the_notebooks_logits() -> None:
    torch.manual_seed(0)
    model = NotebookSpoter(CLASSES).eval()
    x = torch.randn(1, 20, FEATURES)
    with torch.no_grad():
        assert not torch.allclose(model(x), model(torch.nn.functional.pad(x, (0, 0, 0, 80))), atol=1e-3)


def _pose(skeleton: str, scale: float = 1.0, dimensions: int = 2, frames: int = 4) -> Pose:
    rng = np.random.default_rng(0)
    shape = (frames, len(get_skeleton(skeleton)))
    coordinates = rng.uniform(0.1, 0.9, (*shape, dimensions)) * scale
    return Pose(coordinates.astype(np.float32), np.ones(shape, np.float32), 25.0, get_skeleton(skeleton))


def test_features_are_x_and_y_of_each_of_the_54_landmarks_in_turn(tmp_path: Path) -> None:
    pose = _pose("holistic", dimensions=3)
    hidden = pose.confidence.copy()
    hidden[1, pose.skeleton.index("nose")] = 0
    pose = pose.replace(pose.coordinates, hidden)
    features = notebook_features(str(write_pose(pose, tmp_path / "a.pose")))
    assert features.shape == (4, FEATURES)
    wrist = get_skeleton("spoter54").index("left_hand.wrist")
    np.testing.assert_allclose(features[:, 2 * wrist : 2 * wrist + 2], pose.landmark("left_hand.wrist")[:, :2])
    nose = get_skeleton("spoter54").index("nose")
    assert (features[1, 2 * nose : 2 * nose + 2] == 0).all()


def test_pixels_become_image_coordinates(tmp_path: Path) -> None:
    features = notebook_features(str(write_pose(_pose("holistic", scale=640.0), tmp_path / "a.pose")))
    assert features.max() <= 1
    assert features.max() > 0.9


def test_joints_without_hands_are_laid_flat_and_filled_with_zeros(tmp_path: Path) -> None:
    pose = _pose("kinect20", dimensions=3)
    names = np.array([name.replace("palm", "hand") for name in pose.skeleton.landmarks])
    np.savez(tmp_path / "a.npz", frames=pose.coordinates, offsets=np.array([0, 4]), landmarks=names)
    features = notebook_features(f"{tmp_path / 'a.npz'}#0")
    assert features.shape == (4, FEATURES)
    assert (features[:, 60:] == 0).all()
    np.testing.assert_allclose(np.abs(features[:, :60]), pose.coordinates.reshape(4, 60))


def _clips(count: int, frames: int = 12) -> NotebookDataset:
    """Clips of two classes that differ in the sign of their features."""
    rng = np.random.default_rng(0)
    labels = [i % 2 for i in range(count)]
    sequences = [rng.normal(1 - 2 * label, 0.1, (frames, FEATURES)).astype(np.float32) for label in labels]
    return NotebookDataset(sequences, labels)


@pytest.mark.parametrize("frames", [3, FRAMES, FRAMES + 20])
def test_clips_are_padded_or_cut_to_100_frames(frames: int) -> None:
    clips = _clips(1, frames)
    given = clips[0]["pose_sequence"]
    kept = min(frames, FRAMES)
    assert given.shape == (FRAMES, FEATURES)
    assert torch.equal(given[:kept], torch.from_numpy(clips.sequences[0][:kept]))
    assert (given[kept:] == 0).all()


def test_the_baseline_learns_and_keeps_the_last_epoch() -> None:
    torch.manual_seed(0)
    # The last batch holds one clip.
    clips = _clips(BATCH + 1, FRAMES)
    settings = Settings(epochs=6, lr=1e-3, weight_decay=1e-5, warmup_steps=1, watch_every=2)
    trainer = Trainer(NotebookSpoter(2), clips, settings)
    epochs = list(trainer.run(clips))
    assert [epoch.watched_loss is not None for epoch in epochs] == [False, True] * 3
    assert trainer.schedule.get_last_lr() == [0]
    logits, labels = evaluate(trainer.model, clips)
    assert epochs[-1].watched_loss == pytest.approx(float(notebook_loss(logits, labels, 0)), rel=1e-5)
    assert epochs[-1].watched_accuracy == 1


def test_the_notebooks_focal_loss_is_ours() -> None:
    logits, labels = torch.randn(8, 5), torch.arange(8) % 5
    gamma = SETTINGS["bdsl_spoter"].focal_gamma
    torch.testing.assert_close(notebook_loss(logits, labels, gamma), FocalLoss(gamma)(logits, labels))


def test_the_baseline_predicts_the_test_side_of_a_recipes_fold(
    tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SETTINGS, "spoter", replace(SETTINGS["spoter"], epochs=2, watch_every=2))
    manifest = split_clips(tiny_recipe)
    predictions = notebook_learner(tiny_recipe, manifest, tmp_path)
    tested = manifest.table.filter(pl.col("split") == "test")
    assert predictions.table["clip"].to_list() == tested["id"].to_list()
    assert predictions.table["group"].to_list() == tested["signer"].to_list()
    assert predictions.labels == manifest.glosses
    history = pl.read_csv(tmp_path / HISTORY)
    assert history["watched_accuracy"].is_null().to_list() == [True, False]
    right = (predictions.table["predicted"] == predictions.table["gloss"]).mean()
    assert history["watched_accuracy"][-1] == pytest.approx(right)


def test_a_model_that_the_notebook_lacks_is_refused(tiny_recipe: Recipe) -> None:
    with pytest.raises(IsharaError, match="spoter"):
        settings_of(tiny_recipe.with_overrides(["model.name=stgcn"]))


def test_a_missing_clip_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(IsharaError, match=r"gone\.pose"):
        notebook_features(str(tmp_path / "gone.pose"))


def test_the_page_on_videos_says_what_was_measured() -> None:
    root = Path(__file__).parents[1]
    measured = json.loads((root / "results" / measure_videos.RESULT).read_text(encoding="utf-8"))
    assert measure_videos.page(measured) in (root / "docs/videos.md").read_text(encoding="utf-8")


def test_a_video_is_judged_only_by_folds_that_learnt_from_none_of_its_twins(tmp_path: Path) -> None:
    for fold, sides in {"a": ("test", "test", "train"), "b": ("test", "train", "test")}.items():
        (tmp_path / fold).mkdir()
        clips = [Clip(name, f"{name}.pose", "TEA", split=side) for name, side in zip("xyz", sides, strict=True)]
        Manifest.from_clips(clips).write(tmp_path / fold / "manifest.csv")
    folds = [tmp_path / "a", tmp_path / "b"]
    assert measure_videos.judges(folds, ("x", "y")) == [tmp_path / "a"]
    assert measure_videos.judges(folds, ("x",)) == folds
    assert measure_videos.judges(folds, ("y", "z")) == []
    assert measure_videos.judges(folds, ()) == folds


def test_shares_are_of_videos_and_not_of_answers() -> None:
    def said(clip: str, rank: int) -> measure_videos.Found:
        return measure_videos.Found(clip, "TEA", (), "fold", "as it is", "TEA", 0.5, rank, 10, 1.0)

    rows = [said("a", 1), said("a", 1), said("a", 7), said("b", 2)]
    assert measure_videos.shares(rows) == {
        "as it is": {"clips": 2, "top1": pytest.approx(1 / 3), "top5": pytest.approx(5 / 6)}
    }


def test_pixel_training_says_what_is_not_as_it_should_be() -> None:
    assert bench_pixel_training.growth([[9, 9], [100, 100], [100, 100], [110, 110]]) == pytest.approx(1.05)
    row = {
        "epoch": {"peak_bytes": 5 * 2**30, "allowed_bytes": bench_pixel_training.ALLOWED},
        "killed_and_resumed": {"differing": ["head.weight"]},
        "loader_processes": {"growth": 1.2},
        "waiting": {"share": 0.5},
    }
    said = " ".join(bench_pixel_training.failures({"sign2text": row}, judged=True))
    assert all(what in said for what in ("5120 MiB", "(head.weight)", "1.20 times", "50% of a step"))
    assert len(bench_pixel_training.failures({"sign2text": row}, judged=False)) == 2
