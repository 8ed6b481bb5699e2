"""The output folder: whole files or none, here and behind URLs."""

import os
import uuid
from pathlib import Path

import pytest

from ishara.errors import IsharaError
from ishara.pose.extract import OutputFolder
from ishara.pose.extract.folder import local_path
from ishara.pose.extract.stamps import stamp_of, stamps_of


@pytest.fixture(params=["path", "file", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> OutputFolder:
    place = tmp_path / "a" / "poses"
    return OutputFolder(
        {"path": str(place), "file": f"file://{place}", "memory": f"memory://{uuid.uuid4()}/poses/"}[request.param]
    )


def test_what_is_written_is_there(folder):
    assert folder.sizes() == {}
    assert folder.read("a.txt") == b""
    folder.write("a.txt", b"one")
    folder.write("a.txt", b"two!")
    assert folder.read("a.txt") == b"two!"
    assert folder.sizes() == {"a.txt": 4}
    assert folder.place("a.txt").endswith("/poses/a.txt")
    folder.remove("a.txt")
    folder.remove("a.txt")
    assert folder.sizes() == {}


def test_a_failed_write_leaves_what_was_there(folder):
    folder.write("a.pose", b"whole")

    def write(partial: str) -> None:
        folder._system.pipe_file(partial, b"ha")
        raise OSError(28, "No space left on device")

    with pytest.raises(IsharaError, match="poses: No space left on device"):
        folder.put("a.pose", write)
    assert folder.read("a.pose") == b"whole"
    assert folder.sizes() == {"a.pose": 5}


def test_what_was_left_half_written_is_swept_away(folder):
    folder.write("a.pose", b"whole")
    folder.write(".b.pose.123.part", b"ha")
    folder.sweep()
    assert folder.sizes() == {"a.pose": 5}


def test_a_folder_that_cannot_be_is_one_line(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(IsharaError, match="file"):
        OutputFolder(tmp_path / "file" / "poses")
    with pytest.raises(IsharaError, match="nosuch://x/poses: cannot be reached"):
        OutputFolder("nosuch://x/poses")


def test_an_address_of_a_local_file_is_a_path():
    assert local_path("C#/a.pose") == Path("C#/a.pose")
    assert local_path("file:///x/a.pose") == Path("/x/a.pose")
    assert local_path("s3://x/a.pose") is None


def test_a_stamp_changes_with_the_file(tmp_path):
    import fsspec

    clip = tmp_path / "a.mp4"
    clip.write_bytes(b"one")
    before = stamp_of(str(clip))
    assert stamp_of(f"file://{clip}") == before
    os.utime(clip, (1, 1))
    assert stamp_of(str(clip)) not in (before, None)
    remote = f"memory://{uuid.uuid4()}/a.mp4"
    fsspec.filesystem("memory").pipe_file(remote, b"one")
    first = stamp_of(remote)
    fsspec.filesystem("memory").pipe_file(remote, b"other")
    gone = f"{tmp_path}/none.mp4"
    assert stamps_of([remote, str(clip), gone, remote]) == {
        remote: stamp_of(remote), str(clip): stamp_of(str(clip)), gone: None,
    }  # fmt: skip
    assert stamp_of(remote) != first
    assert stamp_of("nosuch://x") is None
