"""Real clips of WLASL through MediaPipe and `ishara extract`, to landmarks of the people in them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ishara.clips.clip import Clip
from ishara.clips.manifest import Manifest
from ishara.pose.files import read_pose

pytestmark = pytest.mark.real
# Short clips, at which people raise both hands.
CLIPS = 3


@pytest.fixture(scope="module")
def manifest(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smallest clips of the real ones, one of which is cut and cropped."""
    table = pl.read_csv(data / "wlasl/videos.csv", infer_schema=False)
    rows = {row["video_id"]: row for row in table.iter_rows(named=True)}
    videos = sorted(data.glob("wlasl/videos/*.mp4"), key=lambda path: path.stat().st_size)[:CLIPS]
    clips = [Clip(video.stem, str(video), rows[video.stem]["gloss"], rows[video.stem]["signer_id"]) for video in videos]
    clips.append(Clip("cut", str(videos[0]), "CUT", end=0.4, box="0 0 10000 10000"))
    return Manifest.from_clips(clips).write(tmp_path_factory.mktemp("wlasl") / "clips.csv")


def ishara(*words: object) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", "from ishara.cli import main; main()"]
    return subprocess.run([*program, *map(str, words)], capture_output=True, text=True, check=False, timeout=110)


@pytest.mark.slow
def test_real_clips_become_landmarks_of_people(manifest, tmp_path):
    out = tmp_path / "poses"
    done = ishara("extract", manifest, "-o", out, "--workers", 2, "--stride", 2)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout == f"{CLIPS + 1} clips extracted, 0 were there, 0 failed → {out}/manifest.csv\n"
    clips = {clip.id: clip for clip in Manifest.read(out / "manifest.csv")}
    entries = [json.loads(line) for line in (out / "extraction.jsonl").read_text().splitlines()[1:]]
    frames = {entry["id"]: entry["frames"] for entry in entries}
    for clip in clips.values():
        pose = read_pose(clip.path)
        assert len(pose) == frames[clip.id]
        assert len(pose.skeleton) == 75
        shoulders = pose.landmark("left_shoulder") - pose.landmark("right_shoulder")
        assert np.median(np.abs(shoulders[:, 0])) > 20
        assert np.median(pose.landmark("nose")[:, 1]) < np.median(pose.landmark("left_shoulder")[:, 1])
    whole = next(clip for clip in clips.values() if clip.id != "cut")
    assert frames["cut"] == round(0.4 * read_pose(whole.path).fps) < frames[whole.id]
    again = ishara("extract", manifest, "-o", out, "--stride", 2)
    assert again.stdout == f"0 clips extracted, {CLIPS + 1} were there, 0 failed → {out}/manifest.csv\n"
