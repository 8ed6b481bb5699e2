"""Copies of files are found by their bytes."""

from pathlib import Path

from ishara.clips.clip import Clip
from ishara.clips.leaks import near_duplicates
from ishara.clips.manifest import Manifest
from ishara.clips.same_files import same_files


def written(folder: Path, **files: bytes) -> dict[str, str]:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return {name: str(folder / name) for name in files}


def test_copies_are_found_and_files_of_the_same_size_are_not(tmp_path: Path) -> None:
    path = written(tmp_path, a=b"one", b=b"two", c=b"one", d=b"three", e=b"one", empty=b"", none=b"")
    assert same_files([*path.values(), "memory://one"]) == {path[name]: path["a"] for name in ("a", "c", "e")}


def test_copied_videos_are_one_recording_and_nobody_is_told_that_they_cannot_be_read(tmp_path: Path) -> None:
    path = written(tmp_path, a=b"one", b=b"two", c=b"one")
    clips = [Clip(name, at, "HELLO") for name, at in path.items()]
    later = Clip("late", path["c"], "HELLO", start=0.5)
    clips[2] = Clip("c", path["c"], "HELLO", start=0.0)
    unread: list[str] = []
    manifest = Manifest.from_clips([*clips, later])
    found = near_duplicates(manifest, on_unreadable=lambda clip, _: unread.append(clip.id))
    assert found == [frozenset({"a", "c"})]
    assert not unread
