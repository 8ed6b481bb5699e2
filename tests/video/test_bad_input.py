"""Files that are no good end in one error that names them."""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ishara.errors import IsharaError
from ishara.video import read_video, stream_video

Video = Callable[..., Path]
_CENC = {
    "encryption_scheme": "cenc-aes-ctr",
    "encryption_key": "76a6c65c5ea762046bd749a2e632ccbb",
    "encryption_kid": "a7e61c373e219033c21091fa607bf3b8",
}
_PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{}\n#EXT-X-ENDLIST\n"
_BIG = 16384


def _refused(path: Path | str, message: str, backend: str = "pyav") -> None:
    with pytest.raises(IsharaError) as caught:
        read_video(path, 4, short_side=16, backend=backend)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_a_missing_file(tmp_path: Path, backend: str) -> None:
    _refused(tmp_path / "none.mp4", "there is no such file", backend)
    _refused("memory://none/such.mp4", "there is no such file", backend)
    _refused("http://127.0.0.1:9/a.mp4", "cannot be opened (", backend)
    _refused("nosuch://server/clip.mp4", "cannot be opened", backend)


def test_a_folder(tmp_path: Path) -> None:
    _refused(tmp_path, "is a folder")


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.mp4"
    path.touch()
    _refused(path, "is empty (0 bytes)")
    with pytest.raises(IsharaError, match=r"is empty \(0 bytes\)"):
        read_video(io.BytesIO())


def test_text_with_a_videos_name(tmp_path: Path, backend: str) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("This is not a video.\n" * 500)
    _refused(path, "not a video", backend)


def test_a_playlist_opens_no_other_file(video: Video, tmp_path: Path) -> None:
    path = tmp_path / "list.mp4"
    path.write_text(_PLAYLIST.format(video("inner.ts")))
    _refused(path, "not a video")


def test_sound_without_pictures(sound: Path, backend: str) -> None:
    _refused(sound, "has only sound", backend)


def test_an_encrypted_video(video: Video, backend: str) -> None:
    _refused(video("drm.mp4", container_options=_CENC), "is encrypted", backend)


def test_a_header_that_claims_a_huge_picture(video: Video, backend: str) -> None:
    path = video("huge.gif", codec="gif", pixels="rgb8", frames=3)
    data = bytearray(path.read_bytes())
    data[6:10] = _BIG.to_bytes(2, "little") * 2
    path.write_bytes(data)
    _refused(path, "8192×4320", backend)


def test_pictures_that_turn_out_huge(video: Video, backend: str) -> None:
    path = video("huge.mov", codec="png", pixels="rgb24", frames=3)
    data = path.read_bytes()
    small = (64).to_bytes(4, "big") + (48).to_bytes(4, "big")
    assert data.count(b"IHDR" + small) == 3
    path.write_bytes(data.replace(b"IHDR" + small, b"IHDR" + _BIG.to_bytes(4, "big") * 2))
    _refused(path, "", backend)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("index-last.mp4", {}),
        ("index-first.mp4", {"container_options": {"movflags": "faststart"}}),
        ("clip.webm", {"codec": "libvpx-vp9"}),
        ("clip.avi", {"codec": "mpeg4"}),
    ],
)
def test_a_truncated_video(video: Video, name: str, settings: dict[str, object], share: float) -> None:
    path = video(name, frames=45, **settings)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    _refused(path, "truncated")


def test_a_recording_that_was_cut_off_without_an_index_gives_what_it_has(video: Video) -> None:
    path = video("clip.ts", frames=40)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert 0 < len(read_video(path)) < 40


def test_a_damaged_frame_is_an_error_only_where_it_is_needed(video: Video, backend: str) -> None:
    path = video("clip.mov", codec="png", pixels="rgb24", frames=10)
    data = bytearray(path.read_bytes())
    starts = [i for i in range(len(data)) if data[i : i + 4] == b"IHDR"]
    data[starts[6] : starts[6] + 4] = b"oops"
    path.write_bytes(data)
    assert len(read_video(path, [0, 3, 9], backend=backend)) == 3
    with pytest.raises(IsharaError, match=r"clip\.mov: is damaged: frame 6 of 10 cannot be decoded"):
        read_video(path, backend=backend)
    with pytest.raises(IsharaError, match=r"clip\.mov: is damaged: frame 6"), stream_video(path) as stream:
        list(stream)


def test_a_source_that_cannot_go_back() -> None:
    class Pipe(io.RawIOBase):
        name = "<stdin>"

        def readable(self) -> bool:
            return True

    with pytest.raises(IsharaError, match="<stdin>: cannot be read at any place"):
        read_video(Pipe())  # type: ignore[arg-type]


def test_a_file_that_was_opened_as_text_or_is_closed(video: Video) -> None:
    path = video(frames=1)
    closed = path.open("rb")
    closed.close()
    with pytest.raises(IsharaError, match=r"clip\.mp4: cannot be read"):
        read_video(closed)
    with path.open(encoding="latin-1") as text, pytest.raises(IsharaError, match=r"clip\.mp4: "):
        read_video(text)  # type: ignore[arg-type]


def test_ffmpeg_prints_nothing(video: Video, tmp_path: Path) -> None:
    good = video("good.mp4", frames=30)
    data = bytearray(good.read_bytes())
    middle = data.index(b"mdat") + 300
    data[middle : middle + 200] = bytes(200)
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(data)
    program = (
        "import sys\nfrom ishara.errors import IsharaError\nfrom ishara.video import read_video\n"
        "for path in sys.argv[1:]:\n    try:\n        read_video(path)\n    except IsharaError:\n        pass\n"
    )
    done = subprocess.run([sys.executable, "-c", program, good, bad], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
