"""What a pixel model sees of a clip: which frames, which part of them, always square, never more than was asked for."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ishara.errors import IsharaError
from ishara.recipe import PixelAugment, Pixels
from ishara.video import Box
from ishara.video.backends import torchcodec_problem
from ishara.video.clip_sampling import sample
from ishara.video.frames import count_frames, read_clip
from ishara.video.framing import frame_view, random_part

SAMPLINGS = st.sampled_from(["uniform", "segments", "dense"])
SIDE = st.integers(1, 400)
Make = Callable[..., Path]


def levels(rgb: np.ndarray) -> list[int]:
    """The frame numbers that the grey of (T, 3, S, S) stands for; the lower right is outside of the red mark."""
    corner = rgb[:, :, -4:, -4:].mean((1, 2, 3))
    return np.round((corner - 10) / 5).astype(int).tolist()


@given(st.integers(1, 300), st.integers(1, 64), st.integers(1, 5), SAMPLINGS, st.none() | st.integers(0, 9))
def test_sampled_frames_are_in_the_clip_and_never_come_twice(
    total: int, frames: int, stride: int, sampling: str, seed: int | None
) -> None:
    options = Pixels(frames=frames, stride=stride, sampling=sampling)
    rng = None if seed is None else np.random.default_rng(seed)
    index = sample(total, options, rng)
    assert 1 <= len(index) <= frames
    assert index[0] >= 0
    assert index[-1] < total
    assert (np.diff(index) > 0).all()
    if sampling == "dense":
        assert (np.diff(index) == stride).all()
        assert len(index) == min(frames, -(-total // stride))
    else:
        assert len(index) == min(frames, total)


def test_segments_give_the_middle_in_use_and_any_frame_of_each_in_training() -> None:
    options = Pixels(frames=4, sampling="segments")
    assert sample(20, options).tolist() == [2, 7, 12, 17]
    drawn = np.array([sample(20, options, np.random.default_rng(seed)) for seed in range(200)])
    assert [sorted(set(column)) for column in drawn.T.tolist()] == [list(range(5 * k, 5 * k + 5)) for k in range(4)]


def test_a_dense_stretch_lies_in_the_middle_in_use_and_anywhere_in_training() -> None:
    options = Pixels(frames=4, sampling="dense", stride=3)
    assert sample(20, options).tolist() == [5, 8, 11, 14]
    assert {int(sample(20, options, np.random.default_rng(seed))[0]) for seed in range(200)} == set(range(11))


@given(SIDE, SIDE, st.sampled_from(["crop", "pad"]), st.integers(1, 300))
def test_whole_pictures_become_square_and_nobody_is_squeezed(width: int, height: int, fit: str, size: int) -> None:
    view = frame_view((width, height), None, Pixels(fit=fit, size=size))
    seen = view.region.right - view.region.left, view.region.bottom - view.region.top
    if fit == "crop":
        assert seen == (min(width, height),) * 2
        assert (view.width, view.height) == (size, size)
    else:
        assert seen == (width, height)
        assert max(view.width, view.height) == size
        assert abs(min(view.width, view.height) - max(1, min(seen) * size / max(seen))) <= 0.5


@given(SIDE, SIDE, st.floats(0.01, 1), st.floats(0.25, 4), st.integers(0, 9), st.sampled_from(["crop", "pad"]))
def test_a_random_part_is_inside_and_of_the_share_that_was_drawn(
    width: int, height: int, area: float, ratio: float, seed: int, fit: str
) -> None:
    view = frame_view((width, height), None, Pixels(fit=fit))
    changes = PixelAugment(crop_scale=(area, area), crop_ratio=(ratio, ratio))
    part = random_part(view, changes, np.random.default_rng(seed))
    assert (part.width, part.height) == (view.width, view.height)
    for low, high, share in ((0, 2, area * ratio), (1, 3, area / ratio)):
        whole = view.region[high] - view.region[low]
        assert view.region[low] <= part.region[low] < part.region[high] <= view.region[high]
        assert abs(part.region[high] - part.region[low] - min(share, 1) ** 0.5 * whole) <= 1


def test_nothing_is_cut_where_no_part_is_asked_for() -> None:
    view = frame_view((90, 60), None, Pixels())
    assert random_part(view, PixelAugment(), np.random.default_rng(0)) == view


@pytest.mark.parametrize(
    ("box", "margin", "expected"),
    [
        (Box(40, 20, 60, 60), 0, Box(30, 20, 70, 60)),  # grown to a square
        (Box(40, 20, 60, 60), 0.25, Box(20, 10, 80, 70)),
        (Box(0, 20, 20, 60), 0, Box(0, 20, 40, 60)),  # moved into the picture
        (Box(10, 0, 110, 80), 0.1, Box(20, 0, 100, 80)),  # no room: the middle square of what there is
        (Box(-30, 20, 20, 500), 0, Box(0, 20, 60, 80)),  # beyond the picture is nothing
    ],
)
def test_a_box_is_grown_to_a_square_inside_of_the_picture(box: Box, margin: float, expected: Box) -> None:
    assert frame_view((120, 80), box, Pixels(margin=margin)).region == expected
    assert frame_view((120, 80), box, Pixels(box="ignore")).region == Box(20, 0, 100, 80)


def test_a_clip_is_sampled_with_its_times(video: Make) -> None:
    clip = read_clip(video(frames=40), Pixels(frames=4, size=32))
    assert clip.rgb.shape == (4, 3, 32, 32)
    assert clip.rgb.dtype == np.uint8
    assert levels(clip.rgb) == [0, 13, 26, 39]
    np.testing.assert_allclose(clip.times, np.array([0, 13, 26, 39]) / 25)


def test_a_stretch_is_sampled_as_a_clip_of_its_own(video: Make) -> None:
    path = video(frames=40)
    clip = read_clip(path, Pixels(frames=3, size=32), start=0.4, end=0.84)
    assert levels(clip.rgb) == [10, 15, 20]
    assert count_frames(path, Pixels(frames=32), start=0.4, end=0.84) == 11


@pytest.mark.parametrize("frames", [1, 5])
def test_a_short_clip_gives_each_frame_once(video: Make, frames: int) -> None:
    path = video(frames=frames)
    assert levels(read_clip(path, Pixels(size=32)).rgb) == list(range(frames))
    assert count_frames(path, Pixels(size=32)) == frames


@pytest.mark.parametrize(
    "settings",
    [
        {"width": 96, "height": 32},
        {"width": 32, "height": 96},
        {"width": 200, "height": 100, "rotation": 90},
        {"pixels": "gray"},
    ],
)
@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_oblong_turned_and_grey_videos_come_out_square(video: Make, settings: dict, fit: str) -> None:
    clip = read_clip(video(frames=3, **settings), Pixels(frames=2, size=48, fit=fit))
    assert clip.rgb.shape == (2, 3, 48, 48)


def test_padding_is_black_and_on_both_sides(video: Make) -> None:
    pictures = [np.full((32, 96, 3), 200, np.uint8)] * 2
    rgb = read_clip(video(pictures=pictures, width=96, height=32), Pixels(size=48, fit="pad")).rgb
    assert (rgb[:, :, :16] == 0).all()
    assert (rgb[:, :, 32:] == 0).all()
    assert (abs(rgb[:, :, 17:31].astype(int) - 200) < 5).all()


def test_training_draws_frames_and_part_from_the_generator_alone(video: Make) -> None:
    path = video(frames=40)
    options = Pixels(frames=6, size=32, sampling="segments", augment={"crop_scale": (0.2, 0.8)})
    first, again, other = (read_clip(path, options, rng=np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.rgb, again.rgb)
    assert first.times.tolist() != other.times.tolist()
    assert not np.array_equal(first.rgb, read_clip(path, options).rgb)


@pytest.mark.skipif(torchcodec_problem() is not None, reason="TorchCodec does not decode here")
def test_back_ends_give_the_same_frames(video: Make) -> None:
    path = video(frames=40, width=96)
    options = Pixels(frames=6, size=32, sampling="dense", augment={"crop_scale": (0.5, 0.8)})
    pyav, torchcodec = (
        read_clip(path, options, box=Box(10, 0, 60, 48), rng=np.random.default_rng(1), backend=backend)
        for backend in ("pyav", "torchcodec")
    )
    np.testing.assert_array_equal(pyav.times, torchcodec.times)
    assert np.abs(pyav.rgb.astype(int) - torchcodec.rgb).mean() < 4


def test_only_sampled_frames_are_converted(video: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from ishara.video import _pyav

    converted = []
    own = _pyav._Converter.__call__
    monkeypatch.setattr(_pyav._Converter, "__call__", lambda self, frame: converted.append(1) or own(self, frame))
    read_clip(video(frames=40), Pixels(frames=4, size=32))
    assert len(converted) == 4


def test_a_box_outside_of_the_picture_is_an_error_that_names_the_file(video: Make) -> None:
    with pytest.raises(IsharaError, match=r"clip\.mp4: the box 500 0 600 90 lies outside of the picture"):
        count_frames(video(), Pixels(), box=Box(500, 0, 600, 90))
    with pytest.raises(IsharaError, match=r"no\.mp4: there is no such file"):
        read_clip("no.mp4", Pixels())


def test_no_torch_is_imported() -> None:
    code = "import ishara.video.frames, sys; sys.exit('torch' in sys.modules or 'av' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
