"""Models of pixels go the whole way: videos in, a recogniser out that predicts videos without torch."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.evaluation.run import predict_clips
from ishara.models import create_model, list_models
from ishara.models.options import options_of
from ishara.models.weights import load_weights
from ishara.pose.pose import Pose
from ishara.pose.skeleton import Skeleton
from ishara.recipe import Recipe
from ishara.recognizer import Recognizer
from ishara.training import fit
from ishara.training.callbacks import HISTORY
from ishara.training.data import ClipKey
from ishara.training.sides import load_sides

Make = Callable[..., Recipe]


@pytest.fixture(scope="module", params=list_models("pixels"))
def run(
    request: pytest.FixtureRequest, videos: Manifest, pixel_recipe: Make, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("runs") / request.param
    fit(pixel_recipe(request.param), videos, folder)
    return folder


def test_the_recogniser_takes_videos_and_says_when_its_frames_are(run: Path, videos: Manifest) -> None:
    recognizer = Recognizer.load(run)
    assert recognizer.config.frame == (3, 32, 32)
    paths = [clip.path for clip in videos]
    for path, prediction in zip(paths[:3], recognizer.predict(paths[:3]), strict=True):
        assert sorted(candidate.gloss for candidate in prediction.ranked) == ["COME", "GO"]
        assert prediction.attention.shape == prediction.times.shape == (5,)
        assert prediction.attention.sum() == pytest.approx(1, abs=1e-4)
        assert (np.diff(prediction.times) > 0).all()
        assert prediction.probability == pytest.approx(recognizer.predict(path).probability, abs=1e-4)
    predictions, failures = predict_clips(recognizer, videos.where(pl.col("split") == "test"))
    assert (len(predictions.table), failures) == (4, {})
    assert "Pictures: 5 a clip, 32×32" in (recognizer.folder / "README.md").read_text(encoding="utf-8")


def test_it_runs_without_torch(run: Path, videos: Manifest) -> None:
    code = (
        "import sys, ishara; ishara.load(sys.argv[1]).predict(sys.argv[2]);"
        "print(sorted({'torch', 'mediapipe', 'transformers'} & set(sys.modules)))"
    )
    words = [sys.executable, "-c", code, str(run), next(iter(videos)).path]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_landmarks_are_refused_by_a_model_of_pixels(run: Path) -> None:
    recognizer = Recognizer.load(run)
    for source in ("clip.pose", Pose(np.ones((2, 1, 2)), np.ones((2, 1)), 25, Skeleton("nose", ("nose",)))):
        with pytest.raises(IsharaError, match="holds landmarks, and this recogniser looks at videos"):
            recognizer.predict(source)
    with pytest.raises(IsharaError, match="looks at pictures and has no landmarks"):
        recognizer.landmarks("clip.mp4")


def test_one_size_is_said_once(videos: Manifest, pixel_recipe: Make) -> None:
    with pytest.raises(IsharaError, match=r"model\.options\.size is 64 and pixels\.size is 32; leave out the first"):
        fit(pixel_recipe("sign2text", "model.options.size=64"), videos, Path("nowhere"))


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("name", "overrides"),
    [
        ("sign2text", ["train.workers=1", "schedule.name=plateau", "train.ema=0.9"]),
        (
            "timesformer",
            ["model.options.checkpointing=true", "model.options.dropout=0.1", "model.options.stochastic_depth=0.2",
             "train.batch_size=1", "train.accumulate=5"],
        ),
    ],
)  # fmt: skip
def test_a_killed_run_ends_with_the_same_weights(
    videos: Manifest, pixel_recipe: Make, kill: Callable[[Recipe, Path], None], tmp_path: Path,
    name: str, overrides: list[str],
) -> None:  # fmt: skip
    """All is on that a resumed run must restore; it dies after the first batch of an epoch and of an accumulation."""
    recipe = pixel_recipe(name, "train.max_epochs=4", *overrides)
    fit(recipe, videos, tmp_path / "whole")
    kill(recipe, tmp_path / "killed")
    fit(recipe, videos, tmp_path / "killed")
    whole, killed = ((tmp_path / run / "recognizer/model.safetensors").read_bytes() for run in ("whole", "killed"))
    assert whole == killed
    assert pl.read_csv(tmp_path / "whole" / HISTORY).equals(pl.read_csv(tmp_path / "killed" / HISTORY))


def test_another_recogniser_is_started_from_and_what_does_not_fit_is_named(
    run: Path, tiny_run: Path, tiny_recipe: Recipe
) -> None:
    recipe = Recognizer.load(run).recipe
    options, name = options_of(recipe), recipe.model.name
    model = create_model(name, num_classes=5, pretrained=run, **options)
    given = load_weights(run / "recognizer/model.safetensors")
    last = [f"{model.classifier}.weight", f"{model.classifier}.bias"]
    assert all(torch.equal(tensor, given[key]) for key, tensor in model.state_dict().items() if key not in last)
    assert f"{last[0]} and {last[1]} are new" in model.origin[0]
    assert "2 classes and this model 5" in model.origin[0]
    wider = {"sign2text": {"hidden": 16}, "timesformer": {"size": 64}}[name]
    tensor = {"sign2text": r"lstm\.weight_ih_l0 has shape", "timesformer": "space_positions has shape"}[name]
    with pytest.raises(IsharaError, match=f"does not fit this model: .*{tensor}"):
        create_model(name, num_classes=2, pretrained=run, **{**options, **wider})
    with pytest.raises(IsharaError, match="looks at landmarks, and this model at pixels"):
        create_model(name, num_classes=3, pretrained=tiny_run, **options)
    with pytest.raises(IsharaError, match="looks at pixels, and this model at landmarks"):
        create_model("spoter", num_classes=2, pretrained=run, **tiny_recipe.model.options)


@pytest.mark.parametrize("name", list_models("pixels"))
def test_videos_of_all_kinds_come_together(
    videos: Manifest, pixel_recipe: Make, film: Callable[..., str], tmp_path: Path, name: str
) -> None:
    """One frame, oblong ones, one rate each, grey: in the same batches, in training and in use."""
    kinds = {
        "one frame": {"frames": 1},
        "wide": {"width": 96, "rate": 50},
        "tall": {"height": 112, "rate": 10, "frames": 30},
        "grey": {"pixels": "gray", "rate": 24},
    }
    odd = [film(tmp_path / f"{kind}.mp4", rightwards=True, seed=0, **settings) for kind, settings in kinds.items()]
    paths = [odd[i % len(odd)] if clip.split == "train" else clip.path for i, clip in enumerate(videos)]
    manifest = videos.with_column("path", paths)
    sides = load_sides(pixel_recipe(name), manifest, tmp_path)
    batch = sides.training[[ClipKey(clip, 0) for clip in range(len(odd))]]
    assert tuple(batch.x.shape) == (4, 5, 3, 32, 32)
    assert batch.mask.sum(1).tolist() == [1, 5, 5, 5]
    grey = batch.x[3].float()
    assert (grey[:, :1] - grey).abs().max() <= 2
    recognizer = fit(pixel_recipe(name), manifest, tmp_path / "run")
    assert pl.read_csv(tmp_path / "run" / HISTORY)["train/loss"].is_finite().all()
    for path, prediction in zip(odd, recognizer.predict(odd), strict=True):
        assert prediction.attention.sum() == pytest.approx(1, abs=1e-4)
        assert len(prediction.times) == (1 if "one frame" in path else 5)


@pytest.mark.parametrize("name", list_models("pixels"))
def test_half_precision_trains(videos: Manifest, pixel_recipe: Make, tmp_path: Path, name: str) -> None:
    recipe = pixel_recipe(name, "train.precision=bf16-mixed", "train.accumulate=2", "model.options.checkpointing=true")
    recognizer = fit(recipe, videos, tmp_path / "run")
    table = pl.read_csv(tmp_path / "run" / HISTORY)
    losses = table.select("train/loss", "validation/loss").to_numpy()
    assert losses.shape == (2, 2)
    assert ((losses > 0.1) & (losses < 5)).all()
    assert np.isfinite(recognizer.predict(next(iter(videos)).path).probability)
