"""32 of each clip's frames at 224: both back-ends against the notebook's loader, on one thread, in one run.

    OMP_NUM_THREADS=1 python benchmarks/bench_decoding.py --rounds 3

Every clip is read by each in turn, in an order that turns from clip to clip, so that what slows the machine slows all
of them; a round is all clips once, and the ratio is taken within a round. The files are read once before, so that the
disk is not timed. The baseline takes frames for frames; the notebook as it is written does three times that work (see
`notebook.video`) and stands beside it for the record. Memory is the peak that one reading adds, on a short clip and on
a long one that were generated.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any

import av
import numpy as np
import torch
import typer
from numpy.typing import NDArray
from rich.table import Table

from ishara.clips.roots import find_root
from ishara.console import console, track
from ishara.errors import IsharaError
from ishara.training.results import provenance, write_json
from ishara.video import read_video
from ishara.video.backends import torchcodec_problem
from notebook.video import FRAMES, SIDE, notebook_clip

BASELINE, AS_WRITTEN = "notebook, mended", "notebook, as written"
# Times the baseline, by back-end; and how much more memory the long clip may take than the short one.
WANTED = {"pyav": 2.0, "torchcodec": 3.5}
ALLOWED = 1.25
SIZES = ("short_side", "square")
SHORT, LONG = 60, 900
_MIB = 2**20
# Reads one clip.
Reader = Callable[[Path], Any]


def _reader(backend: str, size: str) -> Reader:
    asked: dict[str, Any] = {size: SIDE}
    return lambda path: read_video(path, FRAMES, backend=backend, **asked)


READERS: dict[str, Reader] = {
    BASELINE: lambda path: notebook_clip(path, mended=True),
    AS_WRITTEN: lambda path: notebook_clip(path, mended=False),
} | {f"{backend}, {size}": _reader(backend, size) for backend in WANTED for size in SIZES}


def race(clips: Sequence[Path], rounds: int) -> dict[str, list[float]]:
    """Seconds that each reader takes for all clips, round by round."""
    for name in READERS:
        READERS[name](clips[0])
    for clip in clips:
        clip.read_bytes()
    names = list(READERS)
    seconds = {name: [0.0] * rounds for name in names}
    turns = [(number, turn, clip) for number in range(rounds) for turn, clip in enumerate(clips)]
    for number, turn, clip in track("Clips", turns):
        first = (turn + number) % len(names)
        for name in names[first:] + names[:first]:
            started = time.perf_counter()
            READERS[name](clip)
            seconds[name][number] += time.perf_counter() - started
    return seconds


def summarise(seconds: dict[str, list[float]], clips: int) -> dict[str, dict[str, Any]]:
    """Per reader: clips per second, and its speed over the baseline's, each with median and range over rounds."""
    baseline = np.array(seconds[BASELINE])
    return {
        name: {
            "clips_per_second": _spread(clips / np.array(own)),
            "times_baseline": _spread(baseline / np.array(own)),
            "seconds": [round(value, 3) for value in own],
        }
        for name, own in seconds.items()
    }


def _spread(values: NDArray[np.float64]) -> dict[str, float]:
    return {"median": float(np.median(values)), "low": float(values.min()), "high": float(values.max())}


def write_clip(path: Path, frames: int) -> Path:
    """A clip of that many noisy frames of 320×240 pixels."""
    noise = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(frames):
            picture = np.ascontiguousarray(np.roll(noise, number, axis=1))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def peak(name: str, path: Path, first: Path) -> int:
    """Bytes that reading a clip adds to this process at most; another is read before, which loads the code."""
    torch.set_num_threads(1)
    READERS[name](first)
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # forget the peak so far: man 5 proc
    before = _status("VmRSS")
    READERS[name](path)
    return _status("VmHWM") - before


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{key}:"))


def peaks(home: Path) -> dict[str, dict[str, int]]:
    """Per reader: the peak for a short and for a long clip, each in a process of its own."""
    first, short, long = (write_clip(home / f"{n}.mp4", n) for n in (2, SHORT, LONG))
    found: dict[str, dict[str, int]] = {}
    for name in track("Memory", [name for name in READERS if name != AS_WRITTEN]):
        for kind, path in (("short", short), ("long", long)):
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
                found.setdefault(name, {})[kind] = process.submit(peak, name, path, first).result()
    return found


def _show(rows: dict[str, dict[str, Any]], memory: dict[str, dict[str, int]], clips: int) -> None:
    title = f"{FRAMES} frames at {SIDE} of {clips} clips, one thread; peak memory with {SHORT} and {LONG} frames, MiB"
    table = Table("", "clips per second", "times the baseline", "lowest to highest", "short", "long", title=title)
    for name, row in rows.items():
        ratio, bytes_ = row["times_baseline"], memory.get(name)
        amounts = [f"{value / _MIB:.1f}" for value in bytes_.values()] if bytes_ else ["", ""]
        spread = f"{ratio['low']:.2f} to {ratio['high']:.2f}"
        speed = f"{row['clips_per_second']['median']:.1f}"
        table.add_row(name, speed, f"{ratio['median']:.2f}", spread, *amounts)
    console.print(table)


def _check(rows: dict[str, dict[str, Any]], memory: dict[str, dict[str, int]]) -> None:
    """Refuse what is slower or larger than it should be."""
    missed = [
        f"{name} is {rows[name]['times_baseline']['median']:.2f} times as fast as the notebook, wanted {wanted:g}"
        for backend, wanted in WANTED.items()
        for name in (f"{backend}, {size}" for size in SIZES)
        if rows[name]["times_baseline"]["median"] < wanted
    ] + [
        f"{name} takes {bytes_['long'] / bytes_['short']:.2f} times the memory for a long clip, allowed {ALLOWED:g}"
        for name, bytes_ in memory.items()
        if name != BASELINE and bytes_["long"] > ALLOWED * bytes_["short"]
    ]
    if missed:
        raise IsharaError(f"{'; '.join(missed)}.")


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Times that each reads all clips.")] = 3,
    every: Annotated[int, typer.Option(min=1, help="Take every so many-th clip only.")] = 1,
    data: Annotated[Path, typer.Option(help="Looked for here and in $ISHARA_DATA.")] = Path("wlasl/videos"),
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
) -> None:
    """Time each reader, interleaved; exits with 1 where a back-end misses its mark or memory grows with the clip."""
    if problem := torchcodec_problem():
        raise IsharaError(problem)
    torch.set_num_threads(1)
    clips = sorted(find_root(data).glob("*.mp4"))[::every]
    with tempfile.TemporaryDirectory() as home:
        memory = peaks(Path(home))
    rows = summarise(race(clips, rounds), len(clips))
    _show(rows, memory, len(clips))
    settings = {"clips": len(clips), "frames": FRAMES, "side": SIDE, "threads": 1, "rounds": rounds, "wanted": WANTED}
    peaks_ = {"frames": {"short": SHORT, "long": LONG}, "allowed": ALLOWED, "bytes": memory}
    measured = {**settings, "baseline": BASELINE, "rows": rows, "memory": peaks_, **provenance()}
    written = write_json(results / "bench-decoding.json", measured)
    console.print(f"Figures: {written}", highlight=False)
    _check(rows, memory)


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
