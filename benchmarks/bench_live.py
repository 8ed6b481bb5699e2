"""How fast the live server is, and whether it stays so: one camera for minutes, and twenty streams of landmarks.

    python benchmarks/bench_live.py [RUN] --minutes 10 --seconds 60

A run is needed, such as the fold that `ishara crossval recipes/wlasl50-spoter.yaml` leaves.

*One camera*: a real clip is played over and over at its own rate, as JPEG over a WebSocket. MediaPipe's landmarks were
found before and are given back, so that what is measured is all but MediaPipe: from a frame's arrival to its answer,
and to a sign that it decided. The memory of the process is taken every second.

*Many streams*: clips that the recogniser was not trained on are joined with rests to a stream for each client, and
played at 25 frames a second at the same time. Each must be told the signs that are found without any server.

The clients are a process of their own. Where a bound is missed (times, memory, frames that nobody looked at, signs that
were lost, errors that clients were told), that is said at the end, and the exit status is 1.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import psutil
import typer

from ishara.bench.machine import provenance
from ishara.clips.roots import find_root
from ishara.console import console
from ishara.errors import IsharaError
from ishara.live.app import create_app
from ishara.live.limits import Limits
from ishara.live.security import Access
from ishara.live.server import bind, make_server, prepare
from ishara.pose.pose import Pose
from ishara.recognizer import Recognizer
from live.recorded import Film, Recording, expected_signs, film, of_landmarks, replays
from spotting.streams import RATE, Condition, join
from spotting.trial import read_fold

_BENCHMARKS = Path(__file__).parent
_RUN = Path("runs/wlasl50-spoter-crossval/repeat-1-fold-1-seed0")
_CLIP = Path("wlasl/videos/64091.mp4")
FRAME_MS, SIGN_MS, GROWTH = 15.0, 40.0, 1.03
# Of a camera's frames: a few may be skipped on a busy machine; with more of them the others' times would say little.
DROPPED_SHARE = 0.01
_CONDITION = Condition("some rests", 0.5, (0.4, 1.5), (0.12, 0.8))


@contextmanager
def served(recognizer: Recognizer, of: Film | None, sessions: int) -> Iterator[int]:
    """A server in this process; its port."""
    limits = Limits(sessions=sessions)
    live = prepare(recognizer, Access(), limits, make_estimator=lambda _: replays(of), read_only=True)
    listening = bind("127.0.0.1", 0)
    server = make_server(create_app(live), limits)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(30)


def played(port: int, recordings: Sequence[Recording]) -> tuple[list[dict[str, Any]], list[int]]:
    """What each client was told, and this process's memory in bytes, every second."""
    process = psutil.Process()
    memory = []
    with tempfile.TemporaryDirectory() as folder:
        paths = [recording.write(Path(folder) / f"{number}.npz") for number, recording in enumerate(recordings)]
        words = [sys.executable, "-m", "live.client", str(port), *map(str, paths)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=_BENCHMARKS) as client:
            said = client.stdout
            assert said is not None
            answer: list[bytes] = []
            reader = threading.Thread(target=lambda: answer.append(said.read()))
            reader.start()
            while reader.is_alive():
                memory.append(process.memory_info().rss)
                reader.join(1)
    if client.returncode:
        raise IsharaError("The clients failed; what they said stands above.")
    return json.loads(answer[0]), memory


def one_camera(recognizer: Recognizer, of: Film, seconds: float) -> dict[str, Any]:
    """Times and memory of one stream of pictures."""
    with served(recognizer, of, 1) as port:
        before = time.process_time()
        (told,), memory = played(port, [of.looped(seconds)])
        worked = time.process_time() - before
    frames = _answered(told)
    tenth = max(1, len(memory) // 10)
    early, late = (statistics.median(part) for part in (memory[tenth : 2 * tenth] or memory, memory[-tenth:]))
    signs = told["sign_milliseconds"]
    found = {
        "seconds": seconds,
        "fps": of.fps,
        "frames": len(frames),
        # The processor's time, which others on the machine change little.
        "processor_milliseconds_per_frame": 1000 * worked / max(1, len(frames)),
        "dropped": told["dropped"],
        "errors": told["errors"],
        "frame_milliseconds": {"median": statistics.median(frames), "p95": frames[int(0.95 * len(frames))]},
        "signs": len(signs),
        "sign_milliseconds": {"median": statistics.median(signs), "most": max(signs)} if signs else None,
        "memory_bytes": {"after_a_tenth": early, "at_the_end": late, "growth": late / early},
    }
    return {**found, "met": camera_met(found)}


def camera_met(found: dict[str, Any]) -> dict[str, bool]:
    """Which bounds one camera kept."""
    sign = found["sign_milliseconds"]
    return {
        "frame": found["frame_milliseconds"]["median"] <= FRAME_MS,
        "sign": sign is not None and sign["median"] <= SIGN_MS,
        "memory": found["memory_bytes"]["growth"] <= GROWTH,
        "dropped": found["dropped"] <= DROPPED_SHARE * (found["frames"] + found["dropped"]),
        "errors": not found["errors"],
    }


def _answered(*told: dict[str, Any]) -> list[float]:
    """The milliseconds of all answers, in rising order."""
    frames = sorted(milliseconds for client in told for milliseconds in client["frames"])
    if not frames:
        errors = sorted({error for client in told for error in client["errors"]})
        raise IsharaError(f"No frame was answered; the clients were told these errors: {', '.join(errors) or 'none'}.")
    return frames


def streams(run: Path, clients: int, seconds: float) -> list[Pose]:
    """A stream for each client, of clips of the run's test side."""
    fold = read_fold(run, [])
    found = []
    for client in range(clients):
        rng = np.random.default_rng([7, client])
        clips: list[Any] = []
        while sum(clip.pose.duration + 1 for clip in clips) < seconds:
            clips.append(fold.sides["test"][int(rng.integers(len(fold.sides["test"])))])
        pose = join(f"client {client}", clips, _CONDITION, rng).pose
        found.append(pose.frames(slice(0, round(seconds * RATE))))
    return found


def many_clients(recognizer: Recognizer, poses: Sequence[Pose]) -> dict[str, Any]:
    """Whether every client is told every sign."""
    expected = [expected_signs(recognizer, pose) for pose in poses]
    with served(recognizer, None, len(poses)) as port:
        before = time.process_time()
        told, _ = played(port, [of_landmarks(pose) for pose in poses])
        worked = time.process_time() - before
    lost = sum(
        len(set(wanted) - {(gloss, start) for gloss, start in client["signs"]})
        for wanted, client in zip(expected, told, strict=True)
    )
    frames = _answered(*told)
    signs = sorted(milliseconds for client in told for milliseconds in client["sign_milliseconds"])
    found = {
        "clients": len(poses),
        "seconds": max(pose.duration for pose in poses),
        "fps": RATE,
        "signs_expected": sum(map(len, expected)),
        "signs_told": sum(len(client["signs"]) for client in told),
        "signs_lost": lost,
        "processor_milliseconds_per_frame": 1000 * worked / max(1, len(frames)),
        "frames_dropped": sum(client["dropped"] for client in told),
        "errors": [error for client in told for error in client["errors"]],
        "frame_milliseconds": {"median": statistics.median(frames), "p95": frames[int(0.95 * len(frames))]},
        "sign_milliseconds": {"median": statistics.median(signs), "most": signs[-1]} if signs else None,
    }
    return {**found, "met": clients_met(found)}


def clients_met(found: dict[str, Any]) -> dict[str, bool]:
    """Which bounds the many clients kept; of landmarks no frame may be dropped."""
    return {
        "signs": found["signs_expected"] > 0 and found["signs_lost"] == 0,
        "dropped": found["frames_dropped"] == 0,
        "errors": not found["errors"],
    }


_MISSED = {
    "frame": f"a frame took more than {FRAME_MS:g} ms (median)",
    "sign": f"no sign was told, or one took more than {SIGN_MS:g} ms (median)",
    "memory": f"memory grew by more than {GROWTH - 1:.0%}",
    "dropped": "frames were dropped",
    "errors": "clients were told errors",
    "signs": "signs were lost, or none was to be told",
}


def misses(content: dict[str, Any]) -> list[str]:
    """A sentence for each bound that was missed."""
    parts = {"one_camera": "One camera", "many_clients": f"{content['many_clients']['clients']} clients"}
    return [
        f"{name}: {_MISSED[bound]}."
        for part, name in parts.items()
        for bound, kept in content[part]["met"].items()
        if not kept
    ]


def main(
    run: Annotated[Path, typer.Argument(help="A run of landmarks with its manifest, such as a fold.")] = _RUN,
    clip: Annotated[Path, typer.Option(help="A video of a sign; from here or $ISHARA_DATA.")] = _CLIP,
    minutes: Annotated[float, typer.Option(help="How long the one camera is played.")] = 10,
    clients: Annotated[int, typer.Option(min=1)] = 20,
    seconds: Annotated[float, typer.Option(help="How long the clients play.")] = 60,
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
) -> None:
    """Measure, and write ``bench-live.json``; exits with 1 where a bound is missed."""
    recognizer = Recognizer.load(run, threads=1)
    console.print("One camera …")
    camera = one_camera(recognizer, film(find_root(clip)), 60 * minutes)
    console.print_json(json.dumps(camera))
    console.print(f"{clients} clients …")
    many = many_clients(recognizer, streams(run, clients, seconds))
    console.print_json(json.dumps(many))
    content = {
        "recogniser": recognizer.recipe.name,
        "clip": clip.name,
        "wanted": {
            "frame_milliseconds": FRAME_MS,
            "sign_milliseconds": SIGN_MS,
            "memory_growth": GROWTH,
            "dropped_share": DROPPED_SHARE,
        },
        "one_camera": camera,
        "many_clients": many,
        "measured": time.strftime("%Y-%m-%d"),
        **provenance("cpu"),
    }
    results.mkdir(parents=True, exist_ok=True)
    (results / "bench-live.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if found := misses(content):
        raise IsharaError(" ".join(found))


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
