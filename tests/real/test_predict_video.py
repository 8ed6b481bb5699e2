"""From a real mp4 file to ranked glosses, in one command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

_COMMAND = """
import sys
from ishara.cli import main
try:
    main()
finally:
    print(sorted({"torch", "lightning", "transformers"} & set(sys.modules)), file=sys.stderr)
"""


def test_a_video_is_predicted_without_torch_and_nothing_else_is_said(tiny_run: Path, data: Path) -> None:
    clip = min((data / "wlasl/videos").glob("*.mp4"), key=lambda path: path.stat().st_size)
    words = [sys.executable, "-c", _COMMAND, "predict", str(tiny_run), str(clip), "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "[]\n"
    told = json.loads(done.stdout)
    assert len(told["probabilities"]) == 3
    assert sum(told["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    weights = [frame["weight"] for frame in told["attention"]]
    assert sum(weights) == pytest.approx(1, abs=1e-2)
    times = [frame["time"] for frame in told["attention"]]
    assert times == sorted(times)


def test_a_video_on_standard_input_is_the_same_clip(tiny_run: Path, data: Path) -> None:
    clip = min((data / "wlasl/videos").glob("*.mp4"), key=lambda path: path.stat().st_size)
    words = [sys.executable, "-m", "ishara", "predict", str(tiny_run), "--json"]
    answers = []
    for given, content in ((str(clip), None), ("-", clip.read_bytes())):
        done = subprocess.run([*words, given], input=content, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        answers.append(json.loads(done.stdout)["probabilities"])
    assert answers[0] == pytest.approx(answers[1], abs=1e-5)
