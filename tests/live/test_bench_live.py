"""The benchmark of the live server, in small: its clients are told every sign, and what is missed is said."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

import bench_live
import performance_figures
from bench_live import camera_met, clients_met, many_clients, misses
from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.errors import IsharaError
from ishara.pose.pose import Pose
from ishara.recognizer import Recognizer
from live.recorded import Recording, of_landmarks


def test_a_recording_comes_back_as_it_was(tmp_path: Path) -> None:
    recording = of_landmarks(synthetic_clip("SYN-01"))
    assert Recording.read(recording.write(tmp_path / "a.npz")) == recording


def test_every_client_is_told_every_sign(recognizer: Recognizer) -> None:
    clips = [synthetic_clip(gloss) for gloss in ("SYN-01", "SYN-02", "SYN-03")]
    poses = [Pose(clip.coordinates, clip.confidence, 25, clip.skeleton) for clip in clips]
    found = many_clients(recognizer, poses)
    assert found["signs_expected"] > 0
    assert (found["signs_lost"], found["signs_told"]) == (0, found["signs_expected"])
    assert found["frames_dropped"] == 0
    assert found["met"] == {"signs": True, "dropped": True, "errors": True}


CAMERA = {
    "seconds": 600, "frames": 995, "dropped": 5, "errors": [], "frame_milliseconds": {"median": 15.0},
    "sign_milliseconds": {"median": 40.0}, "memory_bytes": {"growth": 1.03},
}  # fmt: skip
CLIENTS = {"clients": 20, "fps": 25.0, "signs_expected": 9, "signs_lost": 0, "frames_dropped": 0, "errors": []}


def judged(**changes: Any) -> dict[str, Any]:
    """Figures that keep every bound but for what is changed, as they are written."""
    camera, many = copy.deepcopy(CAMERA), copy.deepcopy(CLIENTS)
    for name, value in changes.items():
        part, _, key = name.partition("__")
        (camera if part == "camera" else many)[key] = value
    camera["met"], many["met"] = camera_met(camera), clients_met(many)
    wanted = {
        "frame_milliseconds": bench_live.FRAME_MS, "sign_milliseconds": bench_live.SIGN_MS,
        "memory_growth": bench_live.GROWTH, "dropped_share": bench_live.DROPPED_SHARE,
    }  # fmt: skip
    return {"one_camera": camera, "many_clients": many, "wanted": wanted}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"camera__frame_milliseconds": {"median": 15.1}}, "One camera: a frame took more than 15 ms (median)."),
        ({"camera__sign_milliseconds": None}, "One camera: no sign was told"),
        ({"camera__sign_milliseconds": {"median": 40.1}}, "or one took more than 40 ms (median)."),
        ({"camera__memory_bytes": {"growth": 1.04}}, "One camera: memory grew by more than 3%."),
        ({"camera__dropped": 11}, "One camera: frames were dropped."),
        ({"camera__errors": ["frame"]}, "One camera: clients were told errors."),
        ({"clients__signs_lost": 1}, "20 clients: signs were lost"),
        ({"clients__signs_expected": 0}, "or none was to be told."),
        ({"clients__frames_dropped": 1}, "20 clients: frames were dropped."),
        ({"clients__errors": ["internal"]}, "20 clients: clients were told errors."),
    ],
)
def test_each_bound_that_is_missed_is_said_and_shown(changes: dict[str, Any], expected: str | None) -> None:
    content = judged(**changes)
    found, rows = misses(content), list(performance_figures.live(content))
    assert len(found) == (expected is not None)
    assert expected is None or expected in found[0]
    assert [row.met for row in rows].count(False) == len(found)


def test_figures_are_written_and_a_missed_bound_ends_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_run: Path
) -> None:
    content = judged(clients__signs_lost=2)
    monkeypatch.setattr(bench_live, "find_root", lambda clip: clip)
    monkeypatch.setattr(bench_live, "film", lambda _: None)
    monkeypatch.setattr(bench_live, "streams", lambda *_: [])
    monkeypatch.setattr(bench_live, "one_camera", lambda *_: content["one_camera"])
    monkeypatch.setattr(bench_live, "many_clients", lambda *_: content["many_clients"])
    with pytest.raises(IsharaError, match=r"^20 clients: signs were lost, or none was to be told\.$"):
        bench_live.main(tiny_run, results=tmp_path)
    written = json.loads((tmp_path / "bench-live.json").read_text(encoding="utf-8"))
    assert written["many_clients"]["met"]["signs"] is False
