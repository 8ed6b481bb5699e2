"""Clips per second of `ishara extract` with one and two workers, beside two bare MediaPipe loops, in one run.

    python benchmarks/bench_extraction.py --clips 113

Each way extracts the same real clips into an empty folder, from the start of its processes to the end of the last clip:

- one worker, pinned to one core;
- two workers;
- two bare loops, as scripts have them: PyAV decodes, `mp.solutions.holistic.Holistic` looks at each frame, and nothing
  is kept. Both take the next clip from one list, so that neither waits for the other;
- two workers with refinement of missed hands, to report what that costs.

The memory of the one worker is read after every clip.
"""

from __future__ import annotations

import csv
import os
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from multiprocessing import get_context
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import psutil
import typer
from rich.table import Table

from ishara.clips.roots import find_root
from ishara.console import console
from ishara.errors import IsharaError
from ishara.pose.estimate import EstimatorOptions, PoseEstimator, make_estimator
from ishara.pose.extract import Job, Outcome, OutputFolder, Work, Workers, extract, settings_of

ONE, TWO, BARE, REFINED = "one worker on one core", "two workers", "two bare loops", "two workers, refinement on"
WANTED_SPEED_UP = 1.7
WANTED_OF_BARE = 0.9
# How much more memory a worker may have around its last clips than around its twentieth.
ALLOWED_GROWTH = 1.1
_EARLY = slice(10, 30)
_LATE = slice(90, None)
_FEWEST_FOR_MEMORY = 100
_MIB = 2**20
_PACKAGES = ("mediapipe", "av", "dask", "distributed")


@dataclass(frozen=True)
class Pinned:
    """Makes an estimator and keeps its worker, with the threads that it begins, on one core."""

    options: EstimatorOptions
    core: int

    def __call__(self) -> PoseEstimator:
        os.sched_setaffinity(0, {self.core})
        return make_estimator(self.options)


@dataclass
class Memory:
    """Reads the memory of this process's workers after each clip."""

    clips: list[int]
    frames: int = 0

    def watch(self, outcomes: Iterable[Outcome], _total: int) -> Generator[Outcome, None, None]:
        """The outcomes as they are."""
        children = psutil.Process().children(recursive=True)
        # The other is multiprocessing's own helper.
        workers = [child for child in children if "resource_tracker" not in " ".join(child.cmdline())]
        for outcome in outcomes:
            self.clips.append(sum(worker.memory_info().rss for worker in workers))
            self.frames += outcome.frames
            yield outcome


def extract_all(videos: Sequence[str], workers: int, *, refine: bool, core: int | None = None) -> dict[str, Any]:
    """Extract the videos into a folder that is thrown away: what it took, and the workers' memory after each clip."""
    options = EstimatorOptions(refine=refine)
    make = partial(make_estimator, options) if core is None else Pinned(options, core)
    memory = Memory([])
    with tempfile.TemporaryDirectory() as home:
        folder = OutputFolder(home)
        jobs = [Job(str(i), video, folder.place(f"{i}.pose")) for i, video in enumerate(videos)]
        started = time.perf_counter()
        done = extract(jobs, folder, Work(make, settings_of(options)), workers=Workers(workers), progress=memory.watch)
        seconds = time.perf_counter() - started
    if done.failures:
        reason = next(iter(done.failures.values()))
        raise IsharaError(f"{len(done.failures)} clips failed; all must be timed on the same. The first: {reason}")
    return {"seconds": seconds, "frames": memory.frames, "memory": memory.clips}


def bare_loop(videos: Sequence[str], next_video: Synchronized[int]) -> int:
    """Take videos until there are none and look at each frame; how many frames there were."""
    import av
    from mediapipe.python.solutions.holistic import Holistic

    # MediaPipe warns of itself several times a clip.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    frames = 0
    with Holistic(model_complexity=1) as holistic:
        while True:
            with next_video.get_lock():
                which = next_video.value
                next_video.value += 1
            if which >= len(videos):
                return frames
            holistic.reset()
            with av.open(videos[which]) as container:
                for frame in container.decode(video=0):
                    holistic.process(frame.to_ndarray(format="rgb24"))
                    frames += 1


def bare_loops(videos: Sequence[str], processes: int = 2) -> dict[str, Any]:
    """Bare loops side by side: what they took."""
    context = get_context("spawn")
    next_video = context.Value("i", 0)
    started = time.perf_counter()
    loops = [context.Process(target=bare_loop, args=(videos, next_video)) for _ in range(processes)]
    for loop in loops:
        loop.start()
    for loop in loops:
        loop.join()
    if any(loop.exitcode for loop in loops):
        raise IsharaError(f"A bare loop of MediaPipe ended with {[loop.exitcode for loop in loops]}; expected 0.")
    return {"seconds": time.perf_counter() - started}


def find_videos(data: Path, clips: int) -> list[str]:
    """The first videos of WLASL's list."""
    root = find_root(data)
    with (root / "videos.csv").open(encoding="utf-8", newline="") as file:
        videos = [str(root / "videos" / f"{row['video_id']}.mp4") for row in csv.DictReader(file)]
    return videos[:clips]


def growth(memory: Sequence[int]) -> float | None:
    """A worker's memory around its last clips over that around its twentieth; None where there are too few clips."""
    if len(memory) < _FEWEST_FOR_MEMORY:
        return None
    return median(memory[_LATE]) / median(memory[_EARLY])


def measure(videos: Sequence[str], *, refined: bool) -> dict[str, dict[str, Any]]:
    """Every way, one after the other."""
    core = min(os.sched_getaffinity(0))
    ways: dict[str, Callable[[], dict[str, Any]]] = {
        ONE: lambda: extract_all(videos, 1, refine=False, core=core),
        TWO: lambda: extract_all(videos, 2, refine=False),
        BARE: lambda: bare_loops(videos),
    }
    if refined:
        ways[REFINED] = lambda: extract_all(videos, 2, refine=True)
    rows = {}
    for name, run in ways.items():
        console.print(f"{name} …", highlight=False)
        rows[name] = run()
        rows[name]["clips_per_second"] = len(videos) / rows[name]["seconds"]
    return rows


def verdicts(rows: dict[str, dict[str, Any]]) -> dict[str, float | None]:
    """What was wanted to know."""
    rate = {name: row["clips_per_second"] for name, row in rows.items()}
    return {
        "two_workers_over_one": rate[TWO] / rate[ONE],
        "two_workers_over_bare_loops": rate[TWO] / rate[BARE],
        "memory_growth": growth(rows[ONE]["memory"]),
        "refined_over_plain": rate[REFINED] / rate[TWO] if REFINED in rate else None,
    }


def _show(rows: dict[str, dict[str, Any]], found: dict[str, float | None], clips: int) -> None:
    table = Table("", "seconds", "clips per second", "over two workers", title=f"Extraction of {clips} clips of WLASL")
    for name, row in rows.items():
        ratio = row["clips_per_second"] / rows[TWO]["clips_per_second"]
        table.add_row(name, f"{row['seconds']:.1f}", f"{row['clips_per_second']:.2f}", f"{ratio:.2f}")
    console.print(table)
    if found["memory_growth"] is None:
        console.print(f"Memory is judged from {_FEWEST_FOR_MEMORY} clips on.", highlight=False)
    else:
        last = median(rows[ONE]["memory"][_LATE]) / _MIB
        message = f"A worker's memory: {last:.0f} MiB at the end, {found['memory_growth']:.2f} of that after 20 clips"
        console.print(message, highlight=False)


def _complain(found: dict[str, float | None]) -> None:
    """Say what was not reached."""
    limits = [
        ("two_workers_over_one", WANTED_SPEED_UP, 1, "Two workers are {:.2f} times as fast as one; expected {:g}."),
        (
            "two_workers_over_bare_loops",
            WANTED_OF_BARE,
            1,
            "Two workers reach {:.2f} of two bare loops; expected {:g}.",
        ),
        (
            "memory_growth",
            ALLOWED_GROWTH,
            -1,
            "A worker's memory grows to {:.2f} of what it was; expected {:g} at most.",
        ),
    ]
    missed = [
        words.format(value, limit)
        for key, limit, sign, words in limits
        if (value := found[key]) is not None and sign * value < sign * limit
    ]
    if missed:
        raise IsharaError(" ".join(missed))


def main(
    clips: Annotated[int, typer.Option(min=2, help="How many; memory is judged from 100 on.")] = 113,
    refined: Annotated[bool, typer.Option(help="Also time refinement.")] = True,
    data: Annotated[Path, typer.Option(help="Looked for here and in $ISHARA_DATA.")] = Path("wlasl"),
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
) -> None:
    """Time each way; exits with 1 where workers do not pay, or their memory grows."""
    # Not at the head: workers import this file too, and would hold torch in their memory.
    from ishara.training.results import provenance, write_json

    if len(os.sched_getaffinity(0)) < 2:
        raise IsharaError("This process may use one core only; two workers need two.")
    videos = find_videos(data, clips)
    rows = measure(videos, refined=refined)
    found = verdicts(rows)
    _show(rows, found, len(videos))
    wanted = {
        "two_workers_over_one": WANTED_SPEED_UP,
        "two_workers_over_bare_loops": WANTED_OF_BARE,
        "memory_growth": ALLOWED_GROWTH,
    }
    about = provenance()
    about["versions"] |= {name: version(name) for name in _PACKAGES}
    measured = {"clips": len(videos), "found": found, "wanted": wanted, "rows": rows, **about}
    console.print(f"Figures: {write_json(results / 'bench-extraction.json', measured)}", highlight=False)
    _complain(found)


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
