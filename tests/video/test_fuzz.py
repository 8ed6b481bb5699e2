"""Damaged videos end in frames or in one error: no crash, no hang, no noise."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

Video = Callable[..., Path]
MUTANTS = 210
_KINDS: dict[str, dict[str, object]] = {
    "a.mp4": {"sound": True},
    "b.webm": {"codec": "libvpx-vp9"},
    "c.gif": {"codec": "gif", "pixels": "rgb8"},
    "d.avi": {"codec": "mpeg4"},
    "e.ts": {},
    "f.mkv": {"key_every": 4},
    "g.mov": {"codec": "png", "pixels": "rgba"},
}


def test_mutants_of_small_videos(video: Video, tmp_path: Path, backend: str) -> None:
    videos = [video(name, **settings) for name, settings in _KINDS.items()]
    program = Path(__file__).with_name("fuzz.py")
    done = subprocess.run(
        [sys.executable, program, backend, "1", str(MUTANTS), tmp_path, *videos],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    ends = json.loads(done.stdout)
    assert ends["frames"] + ends["errors"] == MUTANTS
    assert min(ends.values()) > MUTANTS / 10
