"""Small videos, and an estimator that misbehaves by a video's number of frames."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import av
import cloudpickle
import numpy as np
import pytest

from ishara.pose.extract import Job, OutputFolder, Work

Videos = Callable[..., dict[str, Path]]


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("fake_estimator", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["fake_estimator"] = module
    spec.loader.exec_module(module)
    # The workers cannot import it.
    cloudpickle.register_pickle_by_value(module)
    return module


@pytest.fixture(scope="session")
def fake() -> ModuleType:
    """The module of the estimator."""
    return _load(Path(__file__).with_name("fake_estimator.py"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where the estimator leaves its traces."""
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def work(fake: ModuleType, home: Path) -> Work:
    return Work(fake.MakeFake(home), {"estimator": "fake", "complexity": 1})


def write_video(path: Path, frames: int) -> Path:
    """A grey video of so many frames, 25 a second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for i in range(frames):
            picture = np.full((48, 64, 3), 40 + 10 * i, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def jobs_of(tmp_path: Path) -> Callable[..., list[Job]]:
    """Jobs for videos of so many frames each, in the order given, as clips 0, 1, …"""

    def make(*frames: int, out: Path = tmp_path / "poses") -> list[Job]:
        folder = OutputFolder(out)
        videos = [write_video(tmp_path / "videos" / f"{i}.mp4", count) for i, count in enumerate(frames)]
        return [Job(str(i), str(video), folder.place(f"{i}.pose")) for i, video in enumerate(videos)]

    return make
