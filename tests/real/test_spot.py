"""Signs in streams of real clips, and in a real video from the file to ELAN."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from pympi import Elan

from ishara.pose.files import read_pose
from ishara.pose.pose import Pose
from ishara.recognizer import Candidate, ModelInput, Prediction
from ishara.spotting import spot
from spotting.compare import count, f1
from spotting.streams import CONDITIONS, Labelled, join, on_one_body, parted

pytestmark = pytest.mark.real


class Indifferent:
    """Holds every clip for the same sign, so that the hands alone tell where signs are."""

    folder = Path("indifferent")
    config = SimpleNamespace(input="landmarks", clip_seconds=None)

    def prepare(self, pose: Pose) -> ModelInput:
        return ModelInput(np.zeros((len(pose), 1), np.float32), np.zeros(len(pose), np.float32))

    def classify(self, clips: list[ModelInput]) -> list[Prediction]:
        return [Prediction((Candidate("A", 0.5), Candidate("B", 0.5)), clip.times, clip.times) for clip in clips]


def test_letters_that_are_joined_are_parted_again(data: Path) -> None:
    index = pl.read_csv(data / "fingerspelling" / "index.csv").filter(pl.col("signed_language") == "ase")
    poses = [read_pose(data / "fingerspelling" / path) for path in index["path"]]
    clips = [
        Labelled(on_one_body(pose, pose.skeleton), gloss) for pose, gloss in zip(poses, index["gloss"], strict=True)
    ]
    recogniser: Any = Indifferent()
    for condition in (CONDITIONS[0], CONDITIONS[2], CONDITIONS[3]):
        rng = np.random.default_rng(0)
        streams = [join(condition.name, part, condition, rng) for part in parted(clips, 9, rng)]
        counts = [count(stream.truth, spot(recogniser, stream.pose)) for stream in streams]
        total = [sum(getattr(c, name) for c in counts) for name in ("placed", "found", "signs")]
        assert f1(*total) >= 0.9, condition.name


def test_a_real_video_becomes_an_elan_file_without_torch(tiny_run: Path, data: Path, tmp_path: Path) -> None:
    clip = data / "wlasl/videos/24955.mp4"
    program = (
        "import sys\nfrom ishara.cli import main\ntry:\n    main()\nfinally:\n"
        "    print(sorted({'torch', 'lightning'} & set(sys.modules)), file=sys.stderr)"
    )
    # The recogniser's own clips are longer than this sign.
    lengths = ["--shortest", "0.25", "--typical", "1.15", "--longest", "2.3"]
    words = ["spot", tiny_run, clip, *lengths, "--unknown", "-o", tmp_path / "a.eaf", "-o", tmp_path / "a.json"]
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith("[]\n")
    segments = json.loads((tmp_path / "a.json").read_text())["segments"]
    elan = Elan.Eaf(str(tmp_path / "a.eaf"))
    assert len(elan.get_annotation_data_for_tier("gloss")) == len(segments) >= 1
    assert elan.media_descriptors[0]["MEDIA_URL"] == clip.resolve().as_uri()
