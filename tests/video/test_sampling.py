"""Which frames are chosen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ishara.errors import IsharaError
from ishara.video.sampling import at_times, choose, stretch, uniform

_TIMES = np.arange(50) / 25


@given(st.integers(2, 200), st.integers(1, 2000))
def test_uniform_samples_rise_from_the_first_frame_to_the_last(count: int, total: int) -> None:
    index = uniform(count, total)
    assert len(index) == count
    assert index[0] == 0
    assert index[-1] == total - 1
    steps = np.diff(index)
    assert steps.min() >= 0
    assert steps.max() - steps.min() <= 1


@given(st.integers(1, 200))
def test_as_many_as_there_are_is_each_once(total: int) -> None:
    assert uniform(total, total).tolist() == list(range(total))


def test_one_sample_is_the_middle_frame() -> None:
    assert uniform(1, 9).tolist() == [4]


def test_a_stretch_goes_to_the_nearest_frame_and_leaves_out_its_end() -> None:
    assert stretch(_TIMES, 25, 0.4, 0.8).tolist() == list(range(10, 20))
    assert stretch(_TIMES, 25, 0.39, 0.81).tolist() == list(range(10, 20))


def test_a_stretch_has_at_least_one_frame() -> None:
    assert stretch(_TIMES, 25, 0.41, 0.411).tolist() == [10]


def test_an_end_beyond_the_file_is_its_end() -> None:
    assert stretch(_TIMES, 25, 1.9, 99).tolist() == [48, 49]


@given(st.integers(0, 49), st.integers(1, 50), st.integers(3, 9))
def test_frame_numbers_over_the_rate_come_back_however_they_were_rounded(first: int, length: int, digits: int) -> None:
    last = min(first + length, 50)
    found = stretch(_TIMES, 25, round(first / 25, digits), round(last / 25, digits))
    assert found.tolist() == list(range(first, last))


@pytest.mark.parametrize(("start", "end"), [(2.0, None), (3, 4), (1, 1), (1, 0.5), (-1, 1)])
def test_an_empty_stretch_is_refused(start: float, end: float | None) -> None:
    with pytest.raises(IsharaError, match=r"is empty; the video is 2\.00 s long"):
        stretch(_TIMES, 25, start, end)


def test_the_frame_at_a_time_is_the_one_that_is_shown_then() -> None:
    times = np.array([0, 0.04, 0.30, 0.31])
    assert at_times(times, 0.35, [0, 0.039, 0.04, 0.2, 0.305, 0.35]).tolist() == [0, 0, 1, 1, 2, 3]


@pytest.mark.parametrize("moment", [-0.1, 2.1, float("nan")])
def test_a_time_outside_is_refused(moment: float) -> None:
    with pytest.raises(IsharaError, match="has nothing at"):
        at_times(_TIMES, 2.0, [0.5, moment])


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ("some", "expected 'all'"),
        (0, "not a number of frames"),
        (True, "not a number of frames"),
        ([], "no frames were given"),
        ([0.5], "no frames were given"),
        ([3, 50], "has no frame 50"),
        ([-1], "has no frame -1"),
    ],
)
def test_what_cannot_be_chosen_is_refused(frames: object, message: str) -> None:
    with pytest.raises(IsharaError, match=message):
        choose(np.arange(50), frames, 50)  # type: ignore[arg-type]
