"""Random changes of a clip: each does what it says, touches only what it may, and forgets the clip before."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ishara.errors import IsharaError
from ishara.pose import augment as change
from ishara.pose.augment import augment
from ishara.pose.pose import Pose
from ishara.pose.skeleton import HANDS, Skeleton, get_skeleton
from ishara.recipe import AUGMENT_PRESETS, Augment, Recipe

# What needs depth.
IN_SPACE = {"yaw": 40.0, "arm_tilt": 20.0, "hand_tilt": 20.0}
EVERYTHING = Augment(
    rotation=20, shear=0.2, scale=(0.7, 1.4), shift=0.3, perspective=25, time_warp=(0.5, 2), frame_dropout=0.3,
    landmark_dropout=0.3, hand_dropout=0.7, noise=0.02, hand_noise=0.05, arm_rotation=15, hand_rotation=20, mirror=0.5,
    arm_length=(0.8, 1.25),
)  # fmt: skip
NEUTRAL = Augment()
SKELETONS = ("spoter54", "holistic", "hands", "kinect20", "upper-body-hands")

seeds = st.integers(0, 2**32 - 1)


def random_pose(
    seed: int = 0, *, frames: int = 8, dimensions: int = 2, skeleton: str = "spoter54", unseen: float = 0.2
) -> Pose:
    rng = np.random.default_rng(seed)
    layout = get_skeleton(skeleton)
    confidence = rng.uniform(0.1, 1, (frames, len(layout))) * (rng.random((frames, len(layout))) >= unseen)
    return Pose(rng.normal(size=(frames, len(layout), dimensions)), confidence, 25, layout)


poses = st.builds(
    random_pose,
    seeds,
    frames=st.integers(1, 12),
    dimensions=st.sampled_from([2, 3]),
    skeleton=st.sampled_from(SKELETONS),
    unseen=st.sampled_from([0.0, 0.2, 0.95]),
)


def options_for(pose: Pose) -> Augment:
    """Everything that this clip's dimensions allow."""
    return EVERYTHING.model_copy(update=IN_SPACE) if pose.coordinates.shape[2] == 3 else EVERYTHING


def columns(skeleton: Skeleton, *prefixes: str) -> list[int]:
    return [k for k, name in enumerate(skeleton.landmarks) if name.startswith(prefixes)]


# The whole


@given(poses, seeds)
def test_the_same_seed_gives_the_same_clip_whatever_came_before(pose: Pose, seed: int) -> None:
    options = options_for(pose)
    first = augment(pose, options, np.random.default_rng(seed))
    augment(random_pose(1), EVERYTHING, np.random.default_rng(seed + 1))
    second = augment(pose, options, np.random.default_rng(seed))
    np.testing.assert_array_equal(first.coordinates, second.coordinates)
    np.testing.assert_array_equal(first.confidence, second.confidence)


def test_another_seed_gives_another_clip() -> None:
    pose, options = random_pose(), Augment(rotation=10)
    one, other = (augment(pose, options, np.random.default_rng(seed)) for seed in (0, 1))
    assert not np.allclose(one.coordinates, other.coordinates)


@given(poses, seeds)
def test_the_clip_given_is_never_modified(pose: Pose, seed: int) -> None:
    pose.coordinates.flags.writeable = pose.confidence.flags.writeable = False
    augment(pose, options_for(pose), np.random.default_rng(seed))


@given(poses, seeds)
def test_what_was_not_seen_stays_unseen_and_at_zero_and_all_is_finite(pose: Pose, seed: int) -> None:
    changed = augment(pose, options_for(pose).model_copy(update={"mirror": 0.0}), np.random.default_rng(seed))
    assert not (changed.seen & ~pose.seen.any(axis=0)).any()
    assert not changed.coordinates[~changed.seen].any()
    assert np.isfinite(changed.coordinates).all()
    assert changed.fps == pose.fps
    assert changed.skeleton == pose.skeleton


@given(poses, seeds)
def test_without_time_changes_and_dropout_the_same_landmarks_are_seen(pose: Pose, seed: int) -> None:
    off = {"time_warp": (1.0, 1.0), "frame_dropout": 0, "landmark_dropout": 0, "hand_dropout": 0, "mirror": 0}
    changed = augment(pose, options_for(pose).model_copy(update=off), np.random.default_rng(seed))
    np.testing.assert_array_equal(changed.confidence, pose.confidence)


@given(poses)
def test_with_everything_off_the_clip_itself_comes_back(pose: Pose) -> None:
    rng = np.random.default_rng(0)
    assert augment(pose, NEUTRAL, rng) is pose
    assert rng.random() == np.random.default_rng(0).random(), "a change that is off drew a number"


@pytest.mark.parametrize("option", list(Augment.model_fields))
def test_each_option_by_itself_changes_the_clip(option: str) -> None:
    value = IN_SPACE.get(option, getattr(EVERYTHING, option))
    one = Augment(**{option: value if isinstance(value, tuple) else max(value, 0.9)})
    pose = random_pose(frames=30, unseen=0, dimensions=3 if option in IN_SPACE else 2)
    changed = augment(pose, one, np.random.default_rng(3))
    same_places = np.array_equal(changed.coordinates, pose.coordinates)
    assert not (same_places and np.array_equal(changed.confidence, pose.confidence))


@pytest.mark.parametrize("name", AUGMENT_PRESETS)
@pytest.mark.parametrize("skeleton", SKELETONS)
def test_a_preset_serves_every_skeleton(name: str, skeleton: str) -> None:
    pose = random_pose(skeleton=skeleton, dimensions=3)
    changed = augment(pose, Augment(**AUGMENT_PRESETS[name]), np.random.default_rng(0))
    assert changed.seen.any()
    assert changed.coordinates.dtype == np.float32


def test_mirror_is_all_or_nothing() -> None:
    pose = random_pose()
    mirrored = augment(pose, Augment(mirror=1), np.random.default_rng(0))
    np.testing.assert_array_equal(mirrored.coordinates, pose.mirrored().coordinates)


# The options


def test_yaw_of_flat_landmarks_is_refused_with_what_to_do() -> None:
    with pytest.raises(IsharaError, match=r"yaw.*2 dimensions.*pose\.dimensions=3.*augment\.yaw=0"):
        augment(random_pose(), Augment(yaw=10), np.random.default_rng(0))


@pytest.mark.parametrize("option", ["arm_tilt", "hand_tilt"])
def test_joints_of_flat_landmarks_are_not_turned_out_of_the_plane(option: str) -> None:
    with pytest.raises(IsharaError, match=r"2 dimensions.*pose\.dimensions=3.*augment\.arm_rotation"):
        augment(random_pose(unseen=0), Augment(**{option: 10}), np.random.default_rng(0))


@pytest.mark.parametrize("option", ["yaw", "arm_tilt", "hand_tilt"])
def test_a_recipe_that_turns_flat_landmarks_in_space_is_refused_when_it_is_read(option: str) -> None:
    values = {"name": "x", "data": {"manifest": "m.csv"}, "augment": {option: 10}}
    with pytest.raises(IsharaError, match=rf"augment\.{option}.*pose\.dimensions is 2.*pose\.dimensions=3"):
        Recipe.from_dict(values)
    assert getattr(Recipe.from_dict({**values, "pose": {"dimensions": 3}}).augment, option) == 10


@pytest.mark.parametrize("option", ["scale", "time_warp"])
@pytest.mark.parametrize("value", [(0, 1), (-1, 1), (1.2, 0.8)])
def test_a_range_of_factors_that_is_none_is_refused(option: str, value: tuple[float, float]) -> None:
    with pytest.raises(IsharaError, match=f"augment.*{option} is .*above 0, the smaller first"):
        Recipe.from_dict({"name": "x", "data": {"manifest": "m.csv"}, "augment": {option: value}})


# Jitter, time and loss


@given(poses)
def test_neutral_parameters_change_nothing(pose: Pose) -> None:
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(change.noise(pose.coordinates, 0, rng), pose.coordinates)
    np.testing.assert_array_equal(change.hand_noise(pose.coordinates, pose.skeleton, 0, rng), pose.coordinates)
    np.testing.assert_array_equal(change.landmark_dropout(pose.confidence, 0, rng), pose.confidence)
    np.testing.assert_array_equal(change.hand_dropout(pose.confidence, pose.skeleton, 0, rng), pose.confidence)
    assert change.time_warp(pose, 1) is pose
    assert change.frame_dropout(pose, 0, rng) is pose


@given(poses, seeds)
def test_hand_noise_touches_only_hands(pose: Pose, seed: int) -> None:
    noisy = change.hand_noise(pose.coordinates, pose.skeleton, 0.1, np.random.default_rng(seed))
    hands = columns(pose.skeleton, *(f"{hand}." for hand in HANDS))
    others = np.setdiff1d(np.arange(len(pose.skeleton)), hands)
    np.testing.assert_array_equal(noisy[:, others], pose.coordinates[:, others])
    assert (noisy[:, hands] != pose.coordinates[:, hands]).sum() >= 0.99 * noisy[:, hands].size


def test_noise_has_the_deviation_given_and_differs_between_frames() -> None:
    still = np.zeros((200, 54, 2), np.float32)
    noisy = change.noise(still, 0.05, np.random.default_rng(0))
    assert noisy.std() == pytest.approx(0.05, rel=0.05)
    assert noisy.dtype == np.float32
    assert not np.array_equal(noisy[0], noisy[1])


@pytest.mark.parametrize(
    ("frames", "speed", "expected"),
    [(40, 2, 20), (40, 0.8, 50), (40, 1, 40), (3, 50, 2), (2, 1.2, 2), (1, 0.5, 2), (1, 2, 1)],
)
def test_time_warp_changes_the_number_of_frames(frames: int, speed: float, expected: int) -> None:
    pose = change.time_warp(random_pose(frames=frames), speed)
    assert len(pose) == expected
    assert pose.fps == 25


def test_time_warp_keeps_the_first_and_the_last_frame() -> None:
    pose = random_pose(frames=20, unseen=0)
    warped = change.time_warp(pose, 1.3)
    np.testing.assert_allclose(warped.coordinates[[0, -1]], pose.coordinates[[0, -1]], atol=1e-6)


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_a_speed_that_is_none_is_refused(speed: float) -> None:
    with pytest.raises(IsharaError, match="above 0"):
        change.time_warp(random_pose(), speed)


@given(poses, seeds, st.floats(0, 1))
def test_frame_dropout_leaves_at_least_one_frame_in_order(pose: Pose, seed: int, chance: float) -> None:
    left = change.frame_dropout(pose, chance, np.random.default_rng(seed)).coordinates
    assert 1 <= len(left) <= len(pose)
    whole = iter(pose.coordinates)
    assert all(any(np.array_equal(frame, other) for other in whole) for frame in left)


def test_frame_dropout_loses_the_share_given() -> None:
    left = change.frame_dropout(random_pose(frames=2000), 0.3, np.random.default_rng(0))
    assert len(left) == pytest.approx(1400, abs=60)


@given(poses, seeds, st.floats(0, 1))
def test_landmark_dropout_loses_whole_landmarks_but_never_all(pose: Pose, seed: int, chance: float) -> None:
    left = change.landmark_dropout(pose.confidence, chance, np.random.default_rng(seed))
    lost = ~left.any(axis=0)
    np.testing.assert_array_equal(left[:, ~lost], pose.confidence[:, ~lost])
    assert left.any() == pose.seen.any()


@given(poses, seeds)
def test_hand_dropout_loses_a_hand_for_one_stretch_of_at_most_half_the_clip(pose: Pose, seed: int) -> None:
    whole = np.ones_like(pose.confidence)
    left = change.hand_dropout(whole, pose.skeleton, 1, np.random.default_rng(seed))
    for hand in HANDS:
        own = columns(pose.skeleton, f"{hand}.")
        if own:
            lost = ~left[:, own].any(axis=1)
            assert (left[:, own].all(axis=1) == ~lost).all()
            assert min(1, len(pose) // 2) <= lost.sum() <= len(pose) // 2
            assert np.count_nonzero(np.diff(lost.astype(int), prepend=0, append=0)) <= 2
    body = np.setdiff1d(np.arange(len(pose.skeleton)), columns(pose.skeleton, *(f"{hand}." for hand in HANDS)))
    assert left[:, body].all()
