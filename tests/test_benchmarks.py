"""The baseline of the benchmarks: the notebook's model and input, and our logits from its weights."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

import bench_folds
import bench_inference
import bench_pixel_training
import measure_install
import measure_looks
import measure_videos
import notebook_baseline
import performance_figures
import performance_page
from inference import contests, costs, recognisers
from inference.race import figure, misses, race, rows
from ishara.clips.clip import Clip
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.evaluation.pages import put_between
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.run import PREDICTIONS
from ishara.models import create_model
from ishara.pose.files import write_pose
from ishara.pose.pose import Pose
from ishara.pose.skeleton import get_skeleton
from ishara.recipe import Recipe
from ishara.training import split_clips
from ishara.training.losses import FocalLoss
from ishara.training.protocol import crossval
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


def test_the_baseline_leaves_what_comparisons_are_made_of(
    tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SETTINGS, "spoter", replace(SETTINGS["spoter"], epochs=1))
    recipe = tiny_recipe.with_overrides(["protocol.name=held-out", "protocol.seeds=[0]"])
    (tmp_path / "tiny.yaml").write_text(recipe.to_yaml(), encoding="utf-8")
    notebook_baseline.main(tmp_path / "tiny.yaml", None, tmp_path / "results", tmp_path / "run", 1)
    predictions = Predictions.read(tmp_path / "run" / PREDICTIONS)
    measured = json.loads((tmp_path / "results" / "tiny.notebook.json").read_text(encoding="utf-8"))
    assert measured["summary"]["clips"] == len(predictions)
    assert measured["learner"] == "notebook"


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


_QUICK = contests.Settings(rounds=1, threads=1, clips=16)


@pytest.mark.parametrize(("name", "title"), list(contests.TITLES.items()))
def test_inference_is_compared_with_the_same_weights(name: str, title: str, tmp_path: Path) -> None:
    bdsl = contests.Twins(name, tmp_path, 1)
    told_apart = {bytes(p.detach().numpy().tobytes()) for p in bdsl.theirs.parameters()}
    assert len(told_apart) == len(list(bdsl.theirs.parameters()))
    for tensor, weights in bdsl.torch.state_dict().items():
        assert weights.numel() == 1 or weights.unique().numel() > 1, f"{tensor} is as it was made"
    measured = contests.fixed(bdsl, 2, _QUICK)
    assert list(measured["rows"]) == ["notebook", "ishara in torch", "ishara", "ishara, int8", "baseline"]
    named = {row["name"].split(", ")[-1].split(" (")[0]: row for row in measured["figures"]}
    assert measured["name"].startswith(f"{title}, 2 × ")
    assert named["against the notebook's eager model"]["at_least"] == (2.5 if name == "bdsl_spoter" else None)
    apart = named["largest difference of a logit from the notebook's"]
    assert apart["met"]
    assert 0 < apart["measured"]["median"] <= contests.TOLERANCE
    x = np.ones((1, 4, FEATURES), np.float32)
    with torch.no_grad():
        last = bdsl.theirs.head if name == "bdsl_spoter" else bdsl.theirs.classifier
        last[-1].bias += 1
    assert recognisers.difference(bdsl.theirs, bdsl.onnx, x) == pytest.approx(1, abs=1e-3)


def test_trained_weights_are_compared_on_the_clips_of_their_run(tiny_run: Path) -> None:
    measured = contests.trained(tiny_run)
    (row,) = measured["figures"]
    assert row["name"].endswith("(test side of the run): largest difference of a logit from PyTorch's")
    assert 0 < row["measured"]["median"] <= row["at_most"] == contests.TOLERANCE


def test_cost_is_judged_by_the_power_of_its_size(tmp_path: Path) -> None:
    linear = {str(n): {"median": 3e-3 * n} for n in (1, 10, 20, 40)}
    assert costs.exponent(linear, 10) == pytest.approx(1)
    with_start = linear | {"1": {"median": 1.0}}
    assert costs.exponent(with_start, 10) == pytest.approx(1)
    assert costs.exponent({n: {"median": row["median"] ** 2} for n, row in linear.items()}, 10) == pytest.approx(2)
    model = create_model("bdsl_spoter", num_classes=3)
    recogniser = recognisers.write(tmp_path / "r", model, recognisers.recipe("bdsl_spoter"), 3)
    measured = costs.growth(recogniser, 1, counts=(8, 9), lengths=(50, 51))
    assert [list(curve["seconds"]) for curve in measured["curves"].values()] == [["8", "9"], ["50", "51"], ["50", "51"]]
    assert all(row["at_most"] for row in measured["figures"])


def test_features_are_timed_for_each_kind_of_recipe() -> None:
    measured = costs.features(2, 1)
    assert measured["clips"] == 2
    assert {row["at_most"] for row in measured["figures"]} == {1}
    for name in ("bones", "angles", "distances", "reaches"):
        assert any(f"(… with {name})" in row["name"] for row in measured["figures"])


def test_works_have_turns_and_their_first_call_is_not_counted() -> None:
    said: list[str] = []
    seconds = race({"a": lambda: said.append("a"), "b": lambda: said.append("b")}, 2, calls=2)
    assert "".join(said) == "aaabbb" + "bbbaaa"
    assert [len(own) for own in seconds.values()] == [2, 2]
    table = rows({"slow": [4.0, 8.0], "fast": [2.0, 2.0]}, "slow")
    assert table["fast"]["times"] == {"median": 3.0, "low": 2.0, "high": 4.0}


def test_a_figure_is_met_missed_or_not_required() -> None:
    value = {"median": 2.0, "low": 1.0, "high": 3.0}
    found = [figure("a", "s", value), figure("b", "s", value, at_most=1), figure("c", "", value, at_least=2)]
    assert [row["met"] for row in found] == [None, False, True]
    assert misses(found) == ["b: 2 s; expected at most 1."]


def test_a_part_that_cannot_be_measured_is_told_and_the_others_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contests, "Twins", lambda *_: None)
    monkeypatch.setattr(contests, "find_root", _nowhere)
    found, left_out = bench_inference.measure(tmp_path, _QUICK, None, ["lengths", "features"])
    assert [part["name"] for part in found] == ["features"]
    assert left_out["lengths"] == "there is no corpus."
    assert left_out["growth"] == "not asked for"


def _nowhere(_: Path) -> Path:
    raise IsharaError("there is no corpus.")


def _inference(*figures: dict[str, object], curves: dict[str, object] | None = None) -> dict[str, object]:
    parts: list[dict[str, object]] = [{"name": "fixed", "figures": list(figures)}]
    parts += [{"name": "growth", "figures": [], "curves": curves}] if curves else []
    return {
        "threads": 2, "rounds": 3, "short": True, "parts": parts, "left_out": {"starts": "not asked for"},
        "versions": {"python": "3.11.7", "torch": "2.13.0", "onnxruntime": "1.2"},
        "machine": {"processor": "Engine & Sons", "cores": 2, "system": "Linux"},
    }  # fmt: skip


def test_the_page_on_performance_says_what_was_met_missed_and_not_measured(tmp_path: Path) -> None:
    value = {"median": 2.0, "low": 1.5, "high": 3.0}
    content = _inference(
        figure("Twice", "times as fast", value, at_least=2.0), figure("Slow", "s", value, at_most=1.0, note="by far")
    )
    (tmp_path / bench_inference.RESULT).write_text(json.dumps(content), encoding="utf-8")
    page = performance_page.page(tmp_path)
    assert "| Twice | 2 times as fast (1.5 to 3) | ≥ 2 | met |" in page
    assert "| Slow<br>by far | 2 s (1.5 to 3) | ≤ 1 | **missed** |" in page
    assert "| Cold starts<br>not asked for | not measured |  |  |" in page
    assert "2 bounds were judged: 1 are met, 1 missed." in page
    assert "**A short run** (3 rounds" in page
    assert "Engine & Sons, 2 cores, 2 threads; python 3.11.7" in page
    assert "Not measured yet: `python benchmarks/bench_training.py`." in page
    assert "- **Slow**: 2 s (1.5 to 3), required ≤ 1. Not explained yet." in page


def test_the_picture_of_cost_is_drawn_and_is_the_same_each_time(tmp_path: Path) -> None:
    seconds = {str(n): {"median": n / 100, "low": 0, "high": 1} for n in (1, 2, 4)}
    content = _inference(curves={"clips": {"from": 2, "power": 1.0, "seconds": seconds}})
    (tmp_path / bench_inference.RESULT).write_text(json.dumps(content), encoding="utf-8")
    drawn = []
    for name in ("a", "b"):
        performance_page.main(tmp_path, tmp_path / name / "page.md")
        drawn.append((tmp_path / name / performance_page.PICTURE).read_bytes())
    assert drawn[0] == drawn[1]
    assert b"<svg" in drawn[0]
    assert f"]({performance_page.PICTURE})" in (tmp_path / "a" / "page.md").read_text(encoding="utf-8")


def test_every_benchmark_has_a_place_on_the_page() -> None:
    scripts = {path.name for path in (Path(__file__).parents[1] / "benchmarks").glob("bench_*.py")}
    assert {Path(source.command.split()[0]).name for source in performance_figures.SOURCES} == scripts


def test_the_page_on_performance_is_what_the_results_give() -> None:
    root = Path(__file__).parents[1]
    assert performance_page.page(root / "results") == (root / performance_page.PAGE).read_text(encoding="utf-8")


def test_what_the_other_benchmarks_wrote_is_judged_as_they_judge_it() -> None:
    results = Path(__file__).parents[1] / "results"
    for source in performance_figures.SOURCES:
        content = performance_figures.read(results, source)
        if content is not None:
            found = list(source.rows(content))
            assert found, source.file
            assert all(row.required or row.met is None for row in found)
    missed = {"contests": [{"name": "step", "precision": "fp32", "wanted": 2.0, "rows": {
        "ishara": {"times_fastest_other": {"median": 1.5, "low": 1, "high": 2}, "peak_bytes": 9},
        "notebook": {"times_fastest_other": {"median": 1, "low": 1, "high": 1}, "peak_bytes": 8},
    }}]}  # fmt: skip
    assert [row.met for row in performance_figures.pixel_models(missed)] == [False, False]


def test_a_fold_is_timed_from_beginning_to_end_and_a_late_one_is_told(
    tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(tiny_recipe.with_overrides(["protocol.seeds=[3, 4]"]).to_yaml(), encoding="utf-8")
    monkeypatch.setattr(bench_folds, "WANTED", 0.001)
    with pytest.raises(IsharaError, match="A fold of tiny takes longer"):
        bench_folds.main([path], tmp_path)
    content = json.loads((tmp_path / "bench-folds.json").read_text(encoding="utf-8"))
    assert content["recipes"]["tiny"]["seconds"] > 0
    assert content["recipes"]["tiny"]["epochs"] == tiny_recipe.train.max_epochs
    (row,) = performance_figures.folds(content)
    assert row.met is False
    assert row.required == "≤ 1.66667e-05 min"


def test_an_installation_is_measured_by_package_and_told_in_a_line(tmp_path: Path) -> None:
    package = tmp_path / "venv" / "lib" / "site-packages" / "numbers"
    package.mkdir(parents=True)
    (package / "a.so").write_bytes(bytes(3 * 2**20))
    (package / "link.so").symlink_to(package / "a.so")
    (tmp_path / "venv" / "bin").mkdir()
    (tmp_path / "venv" / "bin" / "ishara").write_bytes(bytes(10))
    found = measure_install.sizes(tmp_path / "venv")
    assert found == {"numbers": 3 * 2**20, "bin": 10}
    row = {"bytes": found.total(), "predict_seconds": [2.04, 0.5, 0.7, 0.6]}
    line = measure_install.line({"rows": dict.fromkeys(measure_install.EXTRAS, row)})
    assert "takes 3 MiB" in line
    assert "0.6 s after it is typed (2.0 s the first time)" in line


def test_a_line_is_put_between_its_markers_and_nowhere_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n  <a>\n  old\n  <b>\nafter\n", encoding="utf-8")
    assert put_between(page, "<a>", "<b>", "new")
    assert page.read_text(encoding="utf-8") == "before\n  <a>\n  new\n  <b>\nafter\n"
    assert not put_between(page, "<a>", "<b>", "new")
    with pytest.raises(IsharaError, match="<c>"):
        put_between(page, "<c>", "<b>", "new")


def test_several_looks_are_compared_with_one_of_the_same_recognisers(tiny_recipe: Recipe, tmp_path: Path) -> None:
    looking = Recipe.from_dict(
        tiny_recipe.model_dump() | {"inference": {"views": 3}, "protocol": {"name": "held-out", "seeds": [0, 1]}}
    )
    (tmp_path / "looking.yaml").write_text(looking.to_yaml(), encoding="utf-8")
    several = crossval(looking, tmp_path / "looking-crossval").predictions
    several.write(tmp_path / "looking-crossval" / PREDICTIONS)
    places = {"recipes": tmp_path, "runs": tmp_path, "results": tmp_path}
    measure_looks.main(["looking"], **places)
    found = json.loads((tmp_path / "measure-looks-looking.json").read_text())
    assert (found["views"], found["seeds"]) == (3, [0, 1])
    once = [Predictions.read(path) for path in sorted((tmp_path / "looking-crossval").glob("*/views-1.parquet"))]
    assert found["one_look"]["top1"]["value"] == pytest.approx(
        np.mean(np.concatenate([part.table["gloss"] == part.table["predicted"] for part in once]))
    )
    (tmp_path / "gone.yaml").write_text(looking.to_yaml(), encoding="utf-8")
    (tmp_path / "measure-looks-looking.json").unlink()
    measure_looks.main(**places)
    assert [path.name for path in tmp_path.glob("measure-looks-*")] == ["measure-looks-looking.json"]
    (tmp_path / "plain.yaml").write_text(tiny_recipe.to_yaml(), encoding="utf-8")
    with pytest.raises(IsharaError, match="plain: no recipe of this name looks more than once"):
        measure_looks.main(["plain"], **places)
