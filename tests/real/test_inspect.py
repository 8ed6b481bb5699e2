"""`ishara inspect` on real landmarks and real video."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ishara.clips.corpora import read_corpus
from ishara.evaluation.inspection import inspect_poses
from ishara.evaluation.inspection_page import write_inspection
from ishara.pose.files import write_pose
from ishara.video import read_video

pytestmark = pytest.mark.real


def test_the_letters_were_well_found(data: Path, tmp_path: Path) -> None:
    read_corpus("fingerspelling", data / "fingerspelling").write(tmp_path / "letters.csv")
    found = inspect_poses(tmp_path / "letters.csv")
    assert (found.overall.clips, found.failures) == (436, {})
    assert found.overall.body == 1
    assert found.overall.any_hand > 0.99
    # A fingerspelled letter is a matter of one hand.
    assert found.overall.right_hand > 0.9 > 0.3 > found.overall.left_hand
    assert found.overall.suspicious < 5
    page, warnings = write_inspection(tmp_path / "out", found, clips=3)
    assert warnings == []
    film = read_video(page.with_name("overlay.mp4"))
    assert len(film) in found.clips["frames"].to_list()


def test_kinect_clips_have_a_body_and_no_hands(data: Path) -> None:
    found = inspect_poses(data / "isl30-kinect.npz")
    assert (found.overall.clips, found.overall.any_hand, found.overall.body) == (2700, None, 1)
    assert len(found.by("signer")) == 10


def test_landmarks_whose_frames_were_dropped_jump(data: Path) -> None:
    found = inspect_poses(data / "wlasl50-landmarks.npz")
    # Frames without a hand were never stored, so what is left over jumps, and a hand is in every frame.
    assert found.overall.no_hand == 0
    assert 0.44 < found.overall.left_hand < 0.46
    jumping = (found.clips["jumps"] > 0).mean()
    assert jumping > 0.1


def test_landmarks_of_a_real_video_lie_on_it(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("mediapipe")
    from ishara.pose.estimate import make_estimator
    from ishara.pose.estimate.video import estimate_video

    video = data / "wlasl" / "videos" / "50817.mp4"
    estimator = make_estimator()
    try:
        pose = estimate_video(video, estimator)
    finally:
        estimator.close()
    write_pose(pose, tmp_path / "shame.pose")
    table = {"id": ["shame"], "path": ["shame.pose"], "gloss": ["shame"], "video": [str(video)]}
    pl.DataFrame(table).write_csv(tmp_path / "manifest.csv")
    page, warnings = write_inspection(tmp_path / "out", inspect_poses(tmp_path))
    assert warnings == []
    original, drawn = read_video(video), read_video(page.with_name("overlay.mp4"))
    assert drawn.rgb.shape == original.rgb.shape
    changed = np.abs(drawn.rgb.astype(int) - original.rgb).max(axis=-1) > 60
    # What was drawn is little of each picture, and all of it lies on the signer: a white wall is behind them.
    assert 0.005 < changed.mean() < 0.15
    wall = (original.rgb > 250).all(axis=-1)
    assert (changed & wall).sum() < 0.1 * changed.sum()
