"""Looking at some frames only: which, and what is put between them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ishara.pose.estimate.stride import filled, looked_at
from ishara.pose.pose import Pose
from ishara.pose.skeleton import Skeleton

TWO = Skeleton("two", ("nose", "left_wrist"))


@given(frames=st.integers(0, 40), stride=st.integers(1, 12))
def test_every_so_many_frames_and_the_last_are_looked_at(frames: int, stride: int) -> None:
    numbers = [number for number, _ in looked_at(range(frames), stride)]
    assert all(number == frame for number, frame in looked_at(range(frames), stride))
    assert numbers == sorted(set(range(0, frames, stride)) | set(range(frames)[-1:]))


def test_frames_are_not_kept() -> None:
    asked = []

    def frames():
        for number in range(10):
            asked.append(number)
            yield number

    seen = looked_at(frames(), 4)
    next(seen)
    assert asked == [0]


@given(frames=st.integers(1, 40), stride=st.integers(1, 12))
def test_steady_movement_is_filled_in_exactly(frames: int, stride: int) -> None:
    numbers = [number for number, _ in looked_at(range(frames), stride)]
    line = np.arange(frames)[:, None, None] * np.ones((1, 2, 3))
    looked = Pose(line[numbers], np.ones((len(numbers), 2)), 30, TWO)
    whole = filled(looked, numbers)
    assert whole.fps == 30
    np.testing.assert_allclose(whole.coordinates, line, atol=1e-4)
    assert whole.seen.all()


def test_what_was_looked_at_stays_as_it_was_and_the_nearer_frame_decides_what_is_seen() -> None:
    confidence = np.array([[1, 0.5], [0, 0.9], [1, 0.7]])
    coordinates = np.random.default_rng(0).normal(size=(3, 2, 3))
    looked = Pose(coordinates, confidence, 25, TWO)
    whole = filled(looked, [0, 4, 6])
    assert len(whole) == 7
    np.testing.assert_array_equal(whole.coordinates[[0, 4, 6]], looked.coordinates)
    np.testing.assert_array_equal(whole.confidence[[0, 4, 6]], looked.confidence)
    assert whole.seen[:, 0].tolist() == [True, True, True, False, False, False, True]
    assert whole.confidence[2, 1] == pytest.approx(0.7)
