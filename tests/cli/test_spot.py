"""`ishara spot`: a long recording in, files of its signs out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pympi import Elan

from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.pose.estimate import stream as estimators
from ishara.pose.files import read_pose, write_pose
from ishara.pose.pose import Pose
from ishara.spotting import StreamSpotter
from ishara.video.write import write_video

Ishara = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three synthetic signs, one after the other."""
    clips = [synthetic_clip(f"SYN-{number:02d}") for number in (1, 2, 3)]
    pose = Pose(
        np.concatenate([clip.coordinates for clip in clips]),
        np.concatenate([clip.confidence for clip in clips]),
        clips[0].fps,
        clips[0].skeleton,
    )
    return write_pose(pose, tmp_path_factory.mktemp("long") / "long.pose")


def test_signs_are_printed_or_written_and_both_are_the_same(
    ishara: Ishara, tiny_run: Path, long: Path, tmp_path: Path
) -> None:
    code, out, err = ishara("spot", tiny_run, long, "--unknown")
    assert code == 0, err
    assert "sign" in err
    code, written_out, err = ishara(
        "spot", tiny_run, long, "--unknown", "-o", tmp_path / "a.eaf", "-o", tmp_path / "a.json"
    )
    assert code == 0, err
    assert written_out == ""
    segments = json.loads((tmp_path / "a.json").read_text())["segments"]
    assert len(out.splitlines()) == len(segments) >= 1
    glosses = [value for _, _, value in Elan.Eaf(str(tmp_path / "a.eaf")).get_annotation_data_for_tier("gloss")]
    assert glosses == [segment["gloss"] if segment["known"] else "?" for segment in segments]
    assert all(f" {gloss} " in line for gloss, line in zip(glosses, out.splitlines(), strict=True))


def test_what_was_found_before_ctrl_c_is_kept(
    ishara: Ishara, tiny_run: Path, long: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    push = StreamSpotter.push

    def interrupted(self: StreamSpotter, coordinates: object, confidence: object, time: float) -> object:
        if time > 1.5:
            raise KeyboardInterrupt
        return push(self, coordinates, confidence, time)  # type: ignore[arg-type]

    monkeypatch.setattr(StreamSpotter, "push", interrupted)
    code, _, err = ishara("spot", tiny_run, long, "--unknown", "-o", tmp_path / "a.json")
    assert code == 130
    assert "Stopped at 0:01" in err
    assert "is kept" in err
    assert all(s["end"] < 1.7 for s in json.loads((tmp_path / "a.json").read_text())["segments"])


class Watcher:
    """Stands in for MediaPipe: the synthetic signer, whatever the picture."""

    def __init__(self, _: object) -> None:
        self._pose = synthetic_clip("SYN-01")
        self.skeleton = self._pose.skeleton
        self._frame = 0

    def look(self, _: object) -> tuple[object, object]:
        at = self._frame % len(self._pose)
        self._frame += 1
        return self._pose.coordinates[at], self._pose.confidence[at]

    def reset(self) -> None:
        self._frame = 0

    def close(self) -> None:
        self._frame = 0


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_video(tmp_path / "long.mp4", (np.full((64, 64, 3), n % 200, np.uint8) for n in range(60)), 25)


def test_a_video_is_estimated_once_and_its_landmarks_can_be_kept(
    ishara: Ishara, tiny_run: Path, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimators, "HolisticStream", Watcher)
    kept = tmp_path / "kept.pose"
    code, first, err = ishara("spot", tiny_run, film, "--unknown", "--save-pose", kept)
    assert code == 0, err
    assert len(read_pose(kept)) == 60
    monkeypatch.delattr(estimators, "HolisticStream")
    code, second, err = ishara("spot", tiny_run, kept, "--unknown")
    assert code == 0, err
    assert first == second


def test_a_video_with_nobody_in_it_says_so(
    ishara: Ishara, tiny_run: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Nobody(Watcher):
        def look(self, _: object) -> tuple[object, object]:
            return np.zeros((len(self.skeleton), 3), np.float32), np.zeros(len(self.skeleton), np.float32)

    monkeypatch.setattr(estimators, "HolisticStream", Nobody)
    code, _, err = ishara("spot", tiny_run, film)
    assert code == 1
    assert "nobody was seen" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "a.srt"], ".eaf, .vtt"),
        (["--typical", "50"], "longest"),
        (["--shortest", "-1"], "shortest"),
        (["--box", "1 2 3 4"], "a box is cut out of videos"),
        (["--start", "900"], "is empty"),
    ],
)
def test_what_cannot_be_done_is_said(
    ishara: Ishara, tiny_run: Path, long: Path, words: list[str], message: str
) -> None:
    code, out, err = ishara("spot", tiny_run, long, *words)
    assert code == 1
    assert out == ""
    assert message in err
    assert "Traceback" not in err


def test_a_recording_that_is_not_there_says_so(ishara: Ishara, tiny_run: Path, tmp_path: Path) -> None:
    code, _, err = ishara("spot", tiny_run, tmp_path / "none.pose")
    assert code == 1
    assert "there is no such file" in err
