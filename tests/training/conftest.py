"""A corpus of tiny videos, and recipes that train models of pixels on it in seconds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import polars as pl
import pytest

from ishara.clips.clip import Clip
from ishara.clips.manifest import Manifest
from ishara.recipe import Recipe
from ishara.training.callbacks import HISTORY

SMALL = {
    "sign2text": {"stem": 8, "widths": [8, 8], "depths": [1, 1], "features": 8, "hidden": 8, "layers": 1},
    "timesformer": {"d_model": 16, "heads": 2, "layers": 2, "feedforward": 32},
}


_KILLED = """
import os, signal, sys
from pathlib import Path
from lightning.pytorch.callbacks import Callback
from ishara.recipe import Recipe
from ishara.training import split_clips
from ishara.training import run as run_module, trainer as trainer_module

class Kill(Callback):
    def on_train_batch_end(self, trainer, *_):
        if trainer.current_epoch == 2:
            os.kill(os.getpid(), signal.SIGKILL)

make = trainer_module._make_trainer
def dying(*args, **kwargs):
    trainer = make(*args, **kwargs)
    trainer.callbacks.insert(0, Kill())
    return trainer
trainer_module._make_trainer = dying
recipe = Recipe.read(sys.argv[1])
run_module.fit(recipe, split_clips(recipe), Path(sys.argv[2]))
"""


@pytest.fixture
def kill(tmp_path: Path) -> Callable[[Recipe, Path], None]:
    """Train in a process of its own, which ``kill -9`` ends after the first batch of the third epoch."""

    def start_and_kill(recipe: Recipe, run: Path) -> None:
        (tmp_path / "recipe.yaml").write_text(recipe.to_yaml(), encoding="utf-8")
        child = [sys.executable, "-c", _KILLED, str(tmp_path / "recipe.yaml"), str(run)]
        ended = subprocess.run(child, check=False, capture_output=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
        assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
        assert len(pl.read_csv(run / HISTORY)) == 2
        assert not (run / "recognizer").exists()

    return start_and_kill


def write_film(
    path: Path, *, rightwards: bool, seed: int, frames: int | None = None, width: int = 48, height: int = 48,
    rate: int = 25, pixels: str = "yuv420p",
) -> str:  # fmt: skip
    """A bright square that crosses a noisy picture, one way or the other; 7 to 9 frames where no number is given."""
    rng = np.random.default_rng(seed)
    frames = frames or 7 + seed % 3
    codec, options = ("mpeg4", {"qscale": "2"}) if pixels == "yuv420p" else ("libx264", {"crf": "10"})
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        for t in range(frames):
            picture = rng.integers(0, 60, (height, width, 3), dtype=np.uint8)
            left = round((width - 12) * t / max(1, frames - 1))
            left = left if rightwards else width - 12 - left
            picture[18:30, left : left + 12] = 230
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                file.mux(packet)
        for packet in stream.encode():
            file.mux(packet)
    return str(path)


@pytest.fixture
def film() -> Callable[..., str]:
    """`write_film`."""
    return write_film


@pytest.fixture(scope="session")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """Sixteen videos of two signs: four to test, four to validate, eight to train on; ``videos.csv`` lists them."""
    folder = tmp_path_factory.mktemp("videos")
    clips = []
    for i in range(16):
        gloss = ("COME", "GO")[i % 2]
        path = write_film(folder / f"{i}.mp4", rightwards=gloss == "GO", seed=i // 2)
        split = "test" if i < 4 else "validation" if i < 8 else "train"
        clips.append(Clip(str(i), path, gloss, signer=f"s{i // 4}", split=split))
    manifest = Manifest.from_clips(clips)
    manifest.write(folder / "videos.csv")
    return manifest


@pytest.fixture(scope="session")
def pixel_recipe(videos: Manifest) -> Callable[..., Recipe]:
    """From a model's name, and overrides such as ``train.max_epochs=3``, to a recipe for `videos`."""

    def make(name: str, *overrides: str) -> Recipe:
        recipe = Recipe.from_dict(
            {
                "name": f"tiny-{name}",
                "data": {"manifest": str(Path(next(iter(videos)).path).with_name("videos.csv"))},
                "split": {"by": "official"},
                "pixels": {"frames": 5, "size": 32, "sampling": "segments", "augment": "default"},
                "model": {"name": name, "options": SMALL[name]},
                "optimizer": {"lr": 0.003},
                "train": {"max_epochs": 2, "batch_size": 4, "keep": "last"},
            }
        )
        return recipe.with_overrides(list(overrides))

    return make
