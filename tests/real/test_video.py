"""Reading the real clips of WLASL."""

import json
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from ishara.video import read_video
from ishara.video.backends import torchcodec_problem

pytestmark = pytest.mark.real
_FUZZ = Path(__file__).parents[1] / "video" / "fuzz.py"
MUTANTS = 240


@pytest.fixture(scope="module")
def clips(data: Path) -> list[Path]:
    """All clips, the smallest first."""
    found = sorted((data / "wlasl" / "videos").glob("*.mp4"), key=lambda path: path.stat().st_size)
    assert len(found) == 113
    return found


def test_every_frame_is_counted_and_comes_at_its_time(clips: list[Path]) -> None:
    for path in clips[::4]:
        with av.open(str(path)) as container:
            stamps = [float(frame.time) for frame in container.decode(video=0) if frame.time is not None]
        frames = read_video(path, 3, short_side=16)
        assert frames.info.frames == len(stamps)
        assert frames.index.tolist() == [0, (len(stamps) - 1) // 2, len(stamps) - 1]
        np.testing.assert_allclose(frames.times, np.array(stamps)[frames.index] - stamps[0], atol=1e-9)


def test_frames_that_are_skipped_change_nothing(clips: list[Path]) -> None:
    for path in clips[:60:10]:
        every = read_video(path, short_side=64)
        some = read_video(path, 9, short_side=64)
        np.testing.assert_array_equal(some.rgb, every.rgb[some.index])


def test_back_ends_agree(clips: list[Path]) -> None:
    if problem := torchcodec_problem():
        pytest.skip(problem)
    for path in clips[::12]:
        one, other = (read_video(path, 4, square=112, backend=name) for name in ("pyav", "torchcodec"))
        assert one.info == other.info
        np.testing.assert_array_equal(one.index, other.index)
        np.testing.assert_array_equal(one.times, other.times)
        difference = np.abs(one.rgb.astype(int) - other.rgb)
        assert difference.mean() < 3
        assert np.percentile(difference, 99) < 32


@pytest.mark.parametrize("backend", ["pyav", "torchcodec"])
def test_mutants(clips: list[Path], tmp_path: Path, backend: str) -> None:
    if backend == "torchcodec" and (problem := torchcodec_problem()):
        pytest.skip(problem)
    command = [sys.executable, _FUZZ, backend, "2", str(MUTANTS), tmp_path, *clips[:40]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    ends = json.loads(done.stdout)
    assert ends["frames"] + ends["errors"] == MUTANTS
    assert min(ends.values()) > 0
