"""The contract of `read_video`, held by every back-end; see conftest.py for what the pictures show."""

import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import fsspec
import numpy as np
import pytest
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.video import Box, probe, read_video
from ishara.video.backends import torchcodec_problem
from ishara.video.index import FrameIndex, read_index
from ishara.video.reader import LARGEST
from ishara.video.sources import Opened

Video = Callable[..., Path]
_MIRROR = (-(1 << 16), 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
# Decoders may round differently, and lossy codecs move levels a little.
_CLOSE = 8


def numbers(rgb: NDArray[np.uint8]) -> list[int]:
    """Which of conftest's frames these are, by the level of their middle on the right."""
    levels = rgb[:, rgb.shape[1] // 2, -2].mean(axis=1)
    return np.round((levels - 10) / 5).astype(int).tolist()  # type: ignore[no-any-return]


def red_corner(rgb: NDArray[np.uint8]) -> str:
    """In which corner the red quarter is."""
    red = rgb[..., 0].astype(int) - rgb[..., 1]
    height, width = red.shape[0] // 4, red.shape[1] // 4
    corners = {
        "top left": red[:height, :width],
        "top right": red[:height, -width:],
        "bottom left": red[-height:, :width],
        "bottom right": red[-height:, -width:],
    }
    return max(corners, key=lambda corner: corners[corner].mean())


def test_a_file_is_indexed_once_until_it_is_written_anew(video: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(source: Opened, *opened: Any) -> FrameIndex:
        read.append(source.name)
        return read_index(source, *opened)

    monkeypatch.setattr("ishara.video.access.read_index", counted)
    path = video(frames=12)
    first, again = read_video(path), read_video(path)
    assert np.array_equal(first.rgb, again.rgb)
    assert len(read) == 1
    assert video(frames=5) == path
    assert numbers(read_video(path).rgb) == list(range(5))
    assert len(read) == 2


def test_all_frames_with_their_numbers_and_times(video: Video, backend: str) -> None:
    frames = read_video(video(frames=12), backend=backend)
    assert frames.rgb.shape == (12, 48, 64, 3)
    assert frames.rgb.dtype == np.uint8
    assert numbers(frames.rgb) == frames.index.tolist() == list(range(12))
    np.testing.assert_allclose(frames.times, np.arange(12) / 25)


def test_what_a_video_holds(video: Video, backend: str) -> None:
    info = probe(video(frames=12, sound=True), backend=backend)
    assert (info.frames, info.fps, info.width, info.height) == (12, 25, 64, 48)
    assert info.duration == pytest.approx(0.48)
    assert (info.codec, info.rotation, info.variable_rate, info.has_audio) == ("h264", 0, False, True)


@pytest.mark.parametrize("key_every", [1, 5, 250])
def test_frames_by_number_in_any_order_and_twice(video: Video, backend: str, key_every: int) -> None:
    wanted = [30, 2, 2, 47, 16, 15]
    frames = read_video(video(frames=48, key_every=key_every), wanted, backend=backend)
    assert frames.index.tolist() == numbers(frames.rgb) == wanted


def test_frames_spread_evenly(video: Video, backend: str) -> None:
    frames = read_video(video(frames=31), 6, backend=backend)
    assert frames.index.tolist() == numbers(frames.rgb) == [0, 6, 12, 18, 24, 30]


def test_more_frames_than_there_are(video: Video, backend: str) -> None:
    assert numbers(read_video(video(frames=2), 5, backend=backend).rgb) == [0, 0, 0, 0, 1]


def test_frames_by_time(video: Video, backend: str) -> None:
    frames = read_video(video(frames=12), times=[0.1, 0, 0.48], backend=backend)
    assert frames.index.tolist() == numbers(frames.rgb) == [2, 0, 11]


def test_a_stretch(video: Video, backend: str) -> None:
    path = video(frames=30)
    assert numbers(read_video(path, start=0.4, end=0.6, backend=backend).rgb) == [10, 11, 12, 13, 14]
    assert numbers(read_video(path, 3, start=0.4, end=0.8, backend=backend).rgb) == [10, 14, 19]


def test_a_variable_rate(video: Video, backend: str) -> None:
    ticks = [0, 4, 8, 30, 31, 32, 60, 70]
    frames = read_video(video(frames=8, ticks=ticks), backend=backend)
    np.testing.assert_allclose(frames.times, np.array(ticks) / 100)
    assert frames.info.variable_rate
    assert frames.info.fps == pytest.approx(10)
    assert numbers(frames.rgb) == list(range(8))


@pytest.mark.parametrize(
    ("rotation", "corner", "turned"),
    [(0, "top left", 0), (-90, "top right", 90), (180, "bottom right", 180), (90, "bottom left", 270)],
)
def test_rotation_is_applied_before_box_and_size(
    video: Video, backend: str, rotation: int, corner: str, turned: int
) -> None:
    path = video(frames=2, rotation=rotation)
    frames = read_video(path, backend=backend)
    shown = (64, 48) if turned % 180 == 0 else (48, 64)
    assert (frames.info.width, frames.info.height, frames.info.rotation) == (*shown, turned)
    assert frames.rgb.shape == (2, shown[1], shown[0], 3)
    assert red_corner(frames.rgb[0]) == corner
    box = Box(4, 6, 40, 44)
    cut = read_video(path, box=box, backend=backend)
    np.testing.assert_allclose(
        cut.rgb.astype(int), frames.rgb[:, box.top : box.bottom, box.left : box.right], atol=_CLOSE, rtol=0
    )
    assert read_video(path, box=box, short_side=18, backend=backend).rgb.shape == (2, 19, 18, 3)


def test_a_mirrored_video_is_shown_as_players_do(video: Video, backend: str) -> None:
    frames = read_video(video(frames=2, matrix=_MIRROR), short_side=24, backend=backend)
    assert red_corner(frames.rgb[0]) == "top right"


def test_pixels_that_are_not_square(video: Video, backend: str) -> None:
    frames = read_video(video(frames=2, aspect=Fraction(2, 1)), backend=backend)
    assert frames.rgb.shape == (2, 48, 128, 3)
    assert (frames.info.width, frames.info.height) == (128, 48)
    boxed = read_video(video(frames=2, aspect=Fraction(2, 1)), box=Box(0, 0, 64, 24), square=10, backend=backend)
    assert boxed.rgb.shape == (2, 10, 10, 3)
    assert (boxed.rgb[..., 0] > 150).all()


@pytest.mark.parametrize(
    ("settings", "shape"),
    [({"short_side": 24}, (24, 32)), ({"square": 24}, (24, 24)), ({"short_side": 96}, (96, 128))],
)
def test_sizes(video: Video, backend: str, settings: dict[str, int], shape: tuple[int, int]) -> None:
    frames = read_video(video(frames=3), backend=backend, **settings)  # type: ignore[arg-type]
    assert frames.rgb.shape == (3, *shape, 3)
    assert numbers(frames.rgb) == [0, 1, 2]
    assert red_corner(frames.rgb[0]) == "top left"


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("one.mp4", {"frames": 1}),
        ("odd.mp4", {"width": 63, "height": 47, "pixels": "yuv444p"}),
        ("ten-bit.mp4", {"pixels": "yuv420p10le"}),
        ("alpha.webm", {"codec": "libvpx-vp9", "pixels": "yuva420p"}),
        ("alpha.mov", {"codec": "png", "pixels": "rgba"}),
        ("hidden.webm", {"codec": "libvpx", "frames": 40, "options": {"auto-alt-ref": "1", "lag-in-frames": "16"}}),
        ("open.ts", {}),
        ("parts.mp4", {"container_options": {"movflags": "frag_keyframe+empty_moov"}, "key_every": 4}),
        ("late.mkv", {"ticks": range(500, 548, 4)}),
        ("block.avi", {"codec": "mpeg4", "options": {"qmax": "2"}}),
        ("reordered.avi", {}),
        ("bare.h264", {}),
        ("motion.avi", {"codec": "mjpeg", "pixels": "yuvj420p"}),
    ],
)
def test_kinds_of_files(video: Video, backend: str, name: str, settings: dict[str, object]) -> None:
    path = video(name, **settings)
    count, width, height = (settings.get(key, other) for key, other in (("frames", 12), ("width", 64), ("height", 48)))
    frames = read_video(path, backend=backend)
    assert frames.rgb.shape == (count, height, width, 3)
    assert numbers(frames.rgb) == list(range(count))  # type: ignore[call-overload]
    assert red_corner(frames.rgb[-1]) == "top left"
    np.testing.assert_allclose(frames.times, np.arange(len(frames)) / 25, atol=1e-3)
    assert numbers(read_video(path, [0], backend=backend).rgb) == [0]


def test_a_gif(video: Video, backend: str) -> None:
    frames = read_video(video("clip.gif", codec="gif", pixels="rgb8", frames=5), square=32, backend=backend)
    assert frames.rgb.shape == (5, 32, 32, 3)
    assert frames.info.fps == 25
    assert red_corner(frames.rgb[0]) == "top left"


def test_sources_that_are_not_paths(video: Video, backend: str) -> None:
    path = video(frames=3)
    expected = read_video(path, backend=backend).rgb
    for source in (str(path), io.BytesIO(path.read_bytes())):
        np.testing.assert_array_equal(read_video(source, backend=backend).rgb, expected)  # type: ignore[arg-type]
    with path.open("rb") as file:
        np.testing.assert_array_equal(read_video(file, backend=backend).rgb, expected)
    with fsspec.open("memory://clips/one.mp4", "wb") as remote:
        remote.write(path.read_bytes())
    np.testing.assert_array_equal(read_video("memory://clips/one.mp4", backend=backend).rgb, expected)


def test_a_name_that_looks_like_a_protocol_is_a_name(
    video: Video, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = video(frames=2)
    odd = path.with_name("concat:a|b%03d.mp4")
    path.rename(odd)
    monkeypatch.chdir(odd.parent)
    assert len(read_video(odd.name, backend=backend)) == 2


@pytest.mark.parametrize("settings", [{}, {"short_side": 30}, {"square": 40}, {"box": Box(3, 5, 51, 44), "square": 20}])
@pytest.mark.parametrize("codec", ["libx264", "mpeg4", "libvpx-vp9"])
def test_back_ends_agree(video: Video, codec: str, settings: dict[str, object]) -> None:
    if problem := torchcodec_problem():
        pytest.skip(problem)
    path = video("smooth.mkv", _smooth(), codec=codec)
    one, other = (read_video(path, 7, backend=name, **settings) for name in ("pyav", "torchcodec"))  # type: ignore[arg-type]
    assert one.info == other.info
    np.testing.assert_array_equal(one.index, other.index)
    np.testing.assert_array_equal(one.times, other.times)
    difference = np.abs(one.rgb.astype(int) - other.rgb)
    assert difference.mean() < 2
    assert np.percentile(difference, 99) <= _CLOSE


def _smooth() -> list[NDArray[np.uint8]]:
    """A colour gradient that moves."""
    y, x = np.mgrid[:48, :64]
    return [np.stack([3 * x + k, 4 * y + k, 128 + x - y], axis=-1).astype(np.uint8) for k in range(20)]


def test_only_one_way_of_choosing_frames_at_a_time(video: Video) -> None:
    path = video(frames=5)
    for settings in ({"frames": [1], "start": 0.0}, {"times": [0.1], "end": 0.1}, {"frames": 3, "times": [0.1]}):
        with pytest.raises(IsharaError, match=r"clip\.mp4: .*expected one of them"):
            read_video(path, **settings)  # type: ignore[arg-type]


def test_what_would_fill_the_memory_is_refused_before_decoding(video: Video) -> None:
    side = int((LARGEST / 3) ** 0.5) + 1
    with pytest.raises(IsharaError, match=r"clip\.mp4: 1 frames of .* at most 4 GiB"):
        read_video(video(frames=1), square=side)


def test_an_unknown_back_end_is_refused(video: Video) -> None:
    with pytest.raises(IsharaError, match="Did you mean 'pyav'"):
        read_video(video(frames=1), backend="pyaw")


def test_frames_print_their_shape_and_not_their_pixels(video: Video) -> None:
    assert repr(read_video(video(frames=3))) == "Frames(3×48×64×3, 0.00 to 0.08 s)"


def test_a_stream_whose_pictures_change_their_size_keeps_the_first_ones(video: Video, backend: str) -> None:
    bare = [video(f"{width}.h264", frames=4, width=width) for width in (64, 96)]
    joined = bare[0].with_name("joined.h264")
    joined.write_bytes(b"".join(part.read_bytes() for part in bare))
    with av.open(str(joined)) as container:
        assert {frame.width for frame in container.decode(video=0)} == {64, 96}
    frames = read_video(joined, backend=backend)
    assert frames.rgb.shape == (8, 48, 64, 3)
    assert numbers(frames.rgb) == [0, 1, 2, 3, 0, 1, 2, 3]
    assert red_corner(frames.rgb[-1]) == "top left"
