"""Frames one after another."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ishara.errors import IsharaError
from ishara.video import Box, read_video, stream_video

Video = Callable[..., Path]


@pytest.mark.parametrize(
    "settings", [{}, {"start": 0.4, "end": 1.0}, {"box": Box(5, 4, 40, 44)}, {"short_side": 20, "start": 0.2}]
)
def test_a_stream_gives_what_reading_gives(video: Video, settings: dict[str, object]) -> None:
    path = video(frames=40, key_every=7)
    expected = read_video(path, **settings)  # type: ignore[arg-type]
    with stream_video(path, **settings) as stream:  # type: ignore[arg-type]
        assert stream.info == expected.info
        assert stream.fps == 25
        assert len(stream) == len(expected)
        found = list(stream)
    np.testing.assert_allclose([time for time, _ in found], expected.times)
    np.testing.assert_array_equal(np.stack([rgb for _, rgb in found]), expected.rgb)


def test_a_stride_counts_from_the_first_frame_of_the_stretch(video: Video) -> None:
    with stream_video(video(frames=20), start=0.12, stride=5) as stream:
        assert [round(time * 25) for time, _ in stream] == [3, 8, 13, 18]


def test_a_stream_can_be_read_twice_and_left_half_read(video: Video) -> None:
    with stream_video(video(frames=20)) as stream:
        next(iter(stream))
        assert len(list(stream)) == len(list(stream)) == 20


def test_an_error_in_the_reader_is_not_taken_for_one_of_the_file(video: Video) -> None:
    def read() -> None:
        with stream_video(video(frames=3)) as stream:
            for _ in stream:
                raise OSError("mine")

    with pytest.raises(OSError, match=r"^mine$"):
        read()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"start": 9.0}, r"clip\.mp4: the stretch from 9 s to the end is empty"),
        ({"box": Box(900, 0, 950, 40)}, r"clip\.mp4: the box 900 0 950 40 lies outside"),
        ({"stride": 0}, "stride 0"),
    ],
)
def test_what_cannot_be_streamed_is_refused(video: Video, settings: dict[str, object], message: str) -> None:
    path = video(frames=5)
    with pytest.raises(IsharaError, match=message), stream_video(path, **settings):  # type: ignore[arg-type]
        pass


def test_a_stream_is_read_inside_of_its_with_statement(video: Video) -> None:
    stream = stream_video(video(frames=3))
    with pytest.raises(RuntimeError, match="with statement"):
        len(stream.info.codec)
