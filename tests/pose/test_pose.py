"""The landmarks of a clip: validation, mirroring, resampling and changing the skeleton."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ishara.errors import IsharaError
from ishara.pose.pose import Pose
from ishara.pose.skeleton import Skeleton, get_skeleton, list_skeletons

TWO = Skeleton("two", ("left_wrist", "right_wrist"))


def random_pose(
    seed: int, *, frames: int, dimensions: int = 2, skeleton: str = "spoter54", unseen: float = 0.2
) -> Pose:
    rng = np.random.default_rng(seed)
    layout = get_skeleton(skeleton)
    confidence = rng.uniform(0.1, 1, (frames, len(layout))) * (rng.random((frames, len(layout))) >= unseen)
    return Pose(rng.normal(size=(frames, len(layout), dimensions)), confidence, 25, layout)


poses = st.builds(
    random_pose,
    st.integers(0, 2**32 - 1),
    frames=st.integers(1, 12),
    dimensions=st.sampled_from([2, 3]),
    skeleton=st.sampled_from([name for name in list_skeletons() if name != "holistic-face"]),
    unseen=st.sampled_from([0.0, 0.2, 0.9]),
)


def track(*x: float, seen: tuple[int, ...] | None = None) -> Pose:
    """A clip of one landmark that moves along x."""
    coordinates = np.array([[[value, 0]] for value in x])
    confidence = np.ones((len(x), 1)) if seen is None else np.array(seen, float)[:, None]
    return Pose(coordinates, confidence, 10, Skeleton("one", ("nose",)))


@pytest.mark.parametrize(
    ("coordinates", "confidence", "fps", "message"),
    [
        (np.zeros((3, 3, 2)), np.ones((3, 2)), 25, r"shape \(3, 3, 2\); expected \(frames, 2, 2 or 3\).*'two'"),
        (np.zeros((3, 2, 4)), np.ones((3, 2)), 25, r"shape \(3, 2, 4\)"),
        (np.zeros((3, 4)), np.ones((3, 2)), 25, r"shape \(3, 4\)"),
        (np.float32(1), np.ones((3, 2)), 25, r"shape \(\)"),
        (np.zeros((3, 2, 2)), np.ones((4, 2)), 25, r"Confidence has the shape \(4, 2\); expected \(3, 2\)"),
        (np.zeros((0, 2, 2)), np.ones((0, 2)), 25, "no frames"),
        (np.zeros((3, 2, 2)), np.ones((3, 2)), 0, "frame rate is 0"),
        (np.zeros((3, 2, 2)), np.ones((3, 2)), float("nan"), "frame rate is nan"),
        (np.zeros((3, 2, 2)), np.full((3, 2), 1.5), 25, "outside 0 to 1"),
        (np.zeros((3, 2, 2)), np.full((3, 2), -0.1), 25, "outside 0 to 1"),
        (np.zeros((3, 2, 2)), np.full((3, 2), np.nan), 25, "not a number"),
        (np.full((3, 2, 2), np.inf), np.ones((3, 2)), 25, r"6 landmarks that were seen.*left_wrist in frame 0"),
    ],
)
def test_what_is_not_a_clip_is_refused(coordinates, confidence, fps: float, message: str) -> None:
    with pytest.raises(IsharaError, match=message):
        Pose(coordinates, confidence, fps, TWO)


def test_the_first_landmark_with_a_bad_coordinate_is_named() -> None:
    coordinates = np.zeros((3, 2, 2))
    coordinates[2, 1, 0] = np.nan
    with pytest.raises(IsharaError, match=r"1 landmarks .*right_wrist in frame 2"):
        Pose(coordinates, np.ones((3, 2)), 25, TWO)


def test_what_was_not_seen_may_be_anything_and_is_held_as_zero() -> None:
    coordinates = np.full((1, 2, 2), np.nan)
    coordinates[0, 1] = 3
    pose = Pose(coordinates, np.array([[0, 1]]), 25, TWO)
    np.testing.assert_array_equal(pose.coordinates, [[[0, 0], [3, 3]]])
    assert np.isnan(coordinates[0, 0]).all(), "the array given was modified"


def test_a_clip_keeps_its_own_copy() -> None:
    coordinates, confidence = np.ones((1, 2, 2), np.float32), np.ones((1, 2), np.float32)
    pose = Pose(coordinates, confidence, 25, TWO)
    coordinates[:], confidence[:] = 7, 0
    assert pose.coordinates.max() == 1
    assert pose.seen.all()


@given(poses)
def test_mirrored_twice_is_the_clip(pose: Pose) -> None:
    twice = pose.mirrored().mirrored()
    np.testing.assert_array_equal(twice.coordinates, pose.coordinates)
    np.testing.assert_array_equal(twice.confidence, pose.confidence)


def test_mirroring_exchanges_the_hands_and_turns_x_alone() -> None:
    pose = Pose(np.array([[[1, 2, 3], [4, 5, 6]]]), np.array([[0.5, 1]]), 25, TWO)
    np.testing.assert_array_equal(pose.mirrored().coordinates, [[[-4, 5, 6], [-1, 2, 3]]])
    np.testing.assert_array_equal(pose.mirrored().confidence, [[1, 0.5]])


def test_resampling_keeps_the_ends_the_duration_and_straight_movement() -> None:
    pose = track(0, 1, 2, 3).resampled(7)
    np.testing.assert_allclose(pose.landmark("nose")[:, 0], np.linspace(0, 3, 7), atol=1e-6)
    assert pose.duration == pytest.approx(0.4)


def test_resampling_to_one_frame_takes_the_middle() -> None:
    assert track(0, 1, 2).resampled(1).landmark("nose")[0, 0] == 1


def test_one_frame_can_be_stretched() -> None:
    np.testing.assert_array_equal(track(5).resampled(3).landmark("nose")[:, 0], [5, 5, 5])


def test_beside_an_unseen_frame_the_nearer_one_decides() -> None:
    pose = track(4, 0, 8, seen=(1, 0, 1)).sampled(np.array([0.4, 0.6, 1.4, 1.6]))
    np.testing.assert_array_equal(pose.seen[:, 0], [True, False, False, True])
    np.testing.assert_array_equal(pose.landmark("nose")[:, 0], [4, 0, 0, 8])


def test_resampling_to_no_frames_is_refused() -> None:
    with pytest.raises(IsharaError, match="resampled to 0 frames"):
        track(1, 2).resampled(0)


@given(poses, st.integers(1, 20))
def test_resampling_stays_within_what_was_seen(pose: Pose, frames: int) -> None:
    resampled = pose.resampled(frames)
    assert len(resampled) == frames
    assert not (resampled.seen & ~pose.seen.any(axis=0)).any()
    for k in np.flatnonzero(resampled.seen.any(axis=0)):
        before, after = pose.coordinates[pose.seen[:, k], k], resampled.coordinates[resampled.seen[:, k], k]
        assert (after >= before.min(axis=0) - 1e-5).all()
        assert (after <= before.max(axis=0) + 1e-5).all()


def test_the_neck_is_computed_between_the_shoulders_and_seen_with_both() -> None:
    holistic = get_skeleton("holistic")
    coordinates, confidence = np.zeros((2, 75, 2)), np.zeros((2, 75))
    left, right = holistic.index("left_shoulder"), holistic.index("right_shoulder")
    coordinates[:, left], coordinates[:, right] = (1, 2), (3, 6)
    confidence[:, left], confidence[:, right] = 0.9, (0.5, 0)
    pose = Pose(coordinates, confidence, 25, holistic).to(get_skeleton("spoter54"))
    np.testing.assert_array_equal(pose.landmark("neck"), [[2, 4], [0, 0]])
    np.testing.assert_allclose(pose.confidence[:, pose.skeleton.index("neck")], [0.5, 0])


def test_a_landmark_that_the_clip_lacks_is_not_seen() -> None:
    pose = random_pose(0, frames=2, skeleton="kinect20", unseen=0).to(get_skeleton("spoter54"))
    assert not pose.seen[:, pose.skeleton.index("nose")].any()
    assert pose.seen[:, pose.skeleton.index("left_elbow")].all()


@given(poses, st.randoms(use_true_random=False))
def test_permuting_the_landmarks_of_a_skeleton_permutes_the_clip(pose: Pose, random) -> None:
    names = list(pose.skeleton.landmarks)
    random.shuffle(names)
    permuted = pose.to(Skeleton("permuted", tuple(names)))
    for name in names:
        np.testing.assert_array_equal(permuted.landmark(name), pose.landmark(name))
    np.testing.assert_array_equal(permuted.to(pose.skeleton).confidence, pose.confidence)
    np.testing.assert_array_equal(
        permuted.mirrored().to(pose.skeleton).coordinates, pose.mirrored().coordinates, "mirroring goes by position"
    )


def test_frames_are_chosen_at_the_same_frame_rate() -> None:
    pose = track(0, 1, 2, 3).frames(np.array([True, False, True, True]))
    np.testing.assert_array_equal(pose.landmark("nose")[:, 0], [0, 2, 3])
    assert pose.fps == 10


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, [0, 1, 2, 3]),
        (0.1, None, [1, 2, 3]),
        (None, 0.2, [0, 1]),
        (0.1, 0.3, [1, 2]),
        (0.1, 9, [1, 2, 3]),
        (0.11, 0.12, [1]),
        (0.39, None, [3]),
    ],
)
def test_a_stretch_is_the_frames_between_two_times(start, end, expected):
    assert track(0, 1, 2, 3).stretch(start, end).coordinates[:, 0, 0].tolist() == expected


@pytest.mark.parametrize(("start", "end"), [(0.4, None), (7, 8), (0.2, 0.2), (0.3, 0.1), (-1, None), (None, 0)])
def test_an_empty_stretch_is_refused(start, end):
    with pytest.raises(IsharaError, match=r"The stretch from .* is empty; the clip is 0\.4 s long"):
        track(0, 1, 2, 3).stretch(start, end)
