"""Your own clips: every kind of video that can be decoded is one, and what is none is told."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from ishara.clips.corpora import read_corpus
from ishara.clips.corpora.tree import VIDEO_SUFFIXES
from ishara.errors import IsharaError
from ishara.video import read_video

CODECS = {
    ".mp4": ("libx264", "yuv420p"),
    ".webm": ("libvpx", "yuv420p"),
    ".gif": ("gif", "rgb8"),
    ".avi": ("mpeg4", "yuv420p"),
}


def film(path: Path) -> Path:
    """Three frames of 32 by 32."""
    codec, pixels = CODECS[path.suffix.lower()]
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format=path.suffix[1:].lower()) as container:
        stream = container.add_stream(codec, rate=Fraction(10))
        stream.width, stream.height, stream.pix_fmt = 32, 32, pixels
        for i in range(3):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 80 * i, np.uint8), format="rgb24")
            container.mux(stream.encode(frame.reformat(format=pixels)))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("name", ["TEA/a.mp4", "TEA/a.webm", "TEA/a.GIF", "চা/ক.avi"])
def test_a_video_is_a_clip_that_can_be_read(tmp_path, name):
    film(tmp_path / name)
    (clip,) = read_corpus("folder", tmp_path)
    assert (clip.id, clip.gloss) == (name, name.split("/")[0])
    assert len(read_video(clip.path).rgb) == 3


def test_every_video_suffix_is_a_clip_in_either_case_and_a_picture_is_none(tmp_path, warned):
    for i, suffix in enumerate((*VIDEO_SUFFIXES, ".pose", ".jpg", ".wav", "")):
        (tmp_path / "TEA").mkdir(exist_ok=True)
        (tmp_path / "TEA" / f"{i:02d}{suffix.upper() if i % 2 else suffix}").touch()
    assert len(read_corpus("folder", tmp_path)) == len(VIDEO_SUFFIXES) + 1
    assert "3 files or folders are no clips and were left out" in warned[0]


def test_a_folder_without_clips_names_what_is_in_it(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(IsharaError, match=r"no clips were found; .*\.gif.* Found: notes\.txt"):
        read_corpus("folder", tmp_path)
