"""The benchmark of the live server, in small: its clients are told every sign."""

from pathlib import Path

from bench_live import many_clients
from ishara.clips.corpora.synthetic import synthetic_clip
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
