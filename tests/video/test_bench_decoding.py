"""The baseline of the decoding benchmark reads the same pictures; the notebook as written reads grey ones."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ishara.video import read_video
from ishara.video.backends import torchcodec_problem

Video = Callable[..., Path]


@pytest.fixture
def path(video: Video) -> Path:
    if problem := torchcodec_problem():
        pytest.skip(problem)
    return video(frames=40, width=320, height=240)


def test_the_mended_baseline_gives_our_frames(path: Path) -> None:
    from notebook.video import FRAMES, SIDE, notebook_clip

    theirs = notebook_clip(path, mended=True).permute(0, 2, 3, 1).numpy() * 255
    ours = read_video(path, FRAMES, short_side=SIDE).rgb
    assert theirs.shape[1:] == (224, 298, 3)
    np.testing.assert_allclose(theirs[..., :290, :].mean((1, 2)), ours[..., :290, :].mean((1, 2)), atol=2)


def test_the_notebook_as_written_takes_colours_for_frames(path: Path) -> None:
    from notebook.video import notebook_clip

    frames = notebook_clip(path, mended=False).numpy()
    assert (frames[:, 0] == frames[:, 1]).all()
    assert (frames[:, 0] == frames[:, 2]).all()
    red, green = frames[0, 0, 10, 10], frames[2, 0, 10, 10]  # the 1st and the 8th of 120 planes
    assert red > green + 0.3
