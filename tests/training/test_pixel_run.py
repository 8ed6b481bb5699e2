"""Models of pixels go the whole way: videos in, a recogniser out that predicts videos without torch."""

import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import polars as pl
import pytest

from ishara.clips.clip import Clip
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.evaluation.run import predict_clips
from ishara.pose.pose import Pose
from ishara.pose.skeleton import Skeleton
from ishara.recipe import Recipe
from ishara.recognizer import Recognizer
from ishara.training import fit

MODELS = {
    "sign2text": {"stem": 8, "widths": [8, 8], "depths": [1, 1], "features": 8, "hidden": 8, "layers": 1},
    "timesformer": {"d_model": 16, "heads": 2, "layers": 2, "feedforward": 32},
}


def film(path: Path, *, rightwards: bool, seed: int) -> str:
    """A bright square that crosses a noisy picture, one way or the other."""
    rng = np.random.default_rng(seed)
    frames = 7 + seed % 3
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=25, options={"qscale": "2"})
        stream.width = stream.height = 48
        stream.pix_fmt = "yuv420p"
        for t in range(frames):
            picture = rng.integers(0, 60, (48, 48, 3), dtype=np.uint8)
            left = round(36 * t / (frames - 1))
            left = left if rightwards else 36 - left
            picture[18:30, left : left + 12] = 230
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                file.mux(packet)
        for packet in stream.encode():
            file.mux(packet)
    return str(path)


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    folder = tmp_path_factory.mktemp("videos")
    clips = []
    for i in range(16):
        gloss = ("COME", "GO")[i % 2]
        path = film(folder / f"{i}.mp4", rightwards=gloss == "GO", seed=i // 2)
        split = "test" if i < 4 else "validation" if i < 8 else "train"
        clips.append(Clip(str(i), path, gloss, signer=f"s{i // 4}", split=split))
    manifest = Manifest.from_clips(clips)
    manifest.write(folder / "videos.csv")
    return manifest


def recipe(name: str, epochs: int = 2) -> Recipe:
    return Recipe.from_dict(
        {
            "name": f"tiny-{name}",
            "data": {"manifest": "videos.csv"},
            "split": {"by": "official"},
            "pixels": {"frames": 5, "size": 32, "sampling": "segments", "augment": "default"},
            "model": {"name": name, "options": MODELS[name]},
            "optimizer": {"lr": 0.003},
            "train": {"max_epochs": epochs, "batch_size": 4, "keep": "last"},
        }
    )


@pytest.fixture(scope="module", params=sorted(MODELS))
def run(request: pytest.FixtureRequest, videos: Manifest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / request.param
    fit(recipe(request.param), videos, folder)
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


def test_one_size_is_said_once(videos: Manifest) -> None:
    with pytest.raises(IsharaError, match=r"model\.options\.size is 64 and pixels\.size is 32; leave out the first"):
        fit(recipe("sign2text").with_overrides(["model.options.size=64"]), videos, Path("nowhere"))


def test_a_run_that_was_stopped_ends_with_the_same_weights(videos: Manifest, tmp_path: Path) -> None:
    chosen = recipe("sign2text", epochs=3)
    fit(chosen, videos, tmp_path / "whole")
    first, stopped = True, False

    def stop(*_: object) -> None:
        nonlocal first, stopped
        if not first:
            stopped = True
            raise KeyboardInterrupt
        first = False

    from ishara.training.module import RecognitionModule

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RecognitionModule, "on_train_epoch_start", stop, raising=False)
        with pytest.raises(KeyboardInterrupt):
            fit(chosen, videos, tmp_path / "parts")
    assert stopped
    fit(chosen, videos, tmp_path / "parts")
    whole, parts = ((tmp_path / name / "recognizer/model.safetensors").read_bytes() for name in ("whole", "parts"))
    assert whole == parts
