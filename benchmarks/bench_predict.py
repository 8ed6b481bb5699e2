"""What `ishara predict` adds to MediaPipe itself on one video, each in a process of its own, from a cold start.

    python benchmarks/bench_predict.py --rounds 5

The bare process imports MediaPipe, decodes the clip with PyAV and runs Holistic on every frame. The other is the
command. A round is one of each, in turns, so that what slows the machine slows both.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from ishara.clips.corpora.synthetic import generate
from ishara.clips.roots import find_root
from ishara.console import console, track
from ishara.errors import IsharaError
from ishara.recipe import Recipe
from ishara.training import fit, split_clips
from ishara.training.results import provenance, write_json
from ishara.video import probe

WANTED_SECONDS = 1.5
_VIDEOS = Path("wlasl/videos")
_AIM = 2.0  # seconds of video

_BARE = """
import sys, av
from mediapipe.python.solutions.holistic import Holistic
with Holistic() as model, av.open(sys.argv[1]) as file:
    for frame in file.decode(video=0):
        model.process(frame.to_ndarray(format="rgb24"))
"""
_COMMAND = """
import sys
from ishara.cli import main
try:
    main()
finally:
    sys.stderr.write("torch" if "torch" in sys.modules else "no torch")
"""


def small_recognizer(folder: Path) -> Path:
    """A recogniser of the size that recipes train; what it says does not matter here."""
    generate(folder / "corpus", glosses=3, signers=4, takes=2)
    recipe = Recipe.from_dict(
        {
            "name": "bench",
            "data": {"corpus": "synthetic", "root": str(folder / "corpus")},
            "split": {"by": "official"},
            "pose": {"skeleton": "upper-body-hands"},
            "train": {"max_epochs": 1, "keep": "last"},
        }
    )
    fit(recipe, split_clips(recipe), folder / "run")
    return folder / "run"


def seconds(code: str, *words: str) -> tuple[float, str]:
    """How long a fresh Python takes for a program, and the last of what it wrote to standard error."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    took = time.perf_counter() - started
    if done.returncode:
        raise IsharaError(f"The program failed: {done.stderr.strip().splitlines()[-1:]}")
    return took, done.stderr


def main(
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
) -> None:
    """Time both and write what was found."""
    videos = sorted(find_root(_VIDEOS).glob("*.mp4"))
    clip = min(videos, key=lambda path: abs(probe(path).duration - _AIM))
    bare, command, torch = [], [], False
    with tempfile.TemporaryDirectory() as folder:
        run = small_recognizer(Path(folder))
        for _ in track("Rounds", range(rounds)):
            bare.append(seconds(_BARE, str(clip))[0])
            took, said = seconds(_COMMAND, "predict", str(run), str(clip))
            command.append(took)
            torch |= not said.endswith("no torch")
    added = np.array(command) - np.array(bare)
    table = Table("", "seconds (median)")
    for name, times in (("bare MediaPipe", bare), ("ishara predict", command), ("added", added)):
        table.add_row(name, f"{np.median(times):.2f}")
    console.print(table)
    info = probe(clip)
    measured: dict[str, Any] = {
        "clip": {"name": clip.name, "seconds": info.duration, "frames": info.frames, "lines": info.height},
        "bare_seconds": bare,
        "command_seconds": command,
        "added_median_seconds": float(np.median(added)),
        "wanted_seconds": WANTED_SECONDS,
        "met": bool(np.median(added) < WANTED_SECONDS and not torch),
        "torch_imported": torch,
        **provenance(),
    }
    print(write_json(results / "bench-predict.json", measured))


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
