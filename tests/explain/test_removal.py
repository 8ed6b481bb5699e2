"""What is taken away is gone, and nothing else is touched; parts keep the signer's own left and right."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.explain.parts import parts_of, was_mirrored
from ishara.explain.removal import WAYS, Way, cut, remove
from ishara.pose.pose import Pose
from ishara.pose.prepare import prepare
from ishara.pose.skeleton import get_skeleton, list_skeletons
from ishara.recipe import PoseOptions


def random_pose(seed: int, frames: int = 9) -> Pose:
    rng = np.random.default_rng(seed)
    skeleton = get_skeleton("upper-body-hands")
    confidence = rng.random((frames, len(skeleton))) * (rng.random((frames, len(skeleton))) > 0.3)
    return Pose(rng.normal(size=(frames, len(skeleton), 2)), confidence, 25, skeleton)


@given(st.integers(0, 999), st.sampled_from(WAYS))
def test_only_what_the_mask_holds_changes(seed: int, way: Way) -> None:
    pose = random_pose(seed)
    mask = np.random.default_rng(seed + 1).random(pose.confidence.shape) < 0.4
    changed = remove(pose, mask, way)
    np.testing.assert_array_equal(changed.coordinates[~mask], pose.coordinates[~mask])
    np.testing.assert_array_equal(changed.confidence[~mask], pose.confidence[~mask])
    # Nothing is seen that was not.
    assert not (changed.seen & ~pose.seen).any()
    if way == "absent":
        assert not changed.seen[mask].any()


def test_held_still_a_landmark_has_no_movement_and_keeps_its_mean() -> None:
    pose = random_pose(3)
    mask = np.zeros(pose.confidence.shape, bool)
    mask[:, 5] = True
    still = remove(pose, mask, "still").coordinates[pose.seen[:, 5], 5]
    assert np.ptp(still, axis=0).max() == 0
    np.testing.assert_allclose(still[0], pose.coordinates[pose.seen[:, 5], 5].mean(axis=0), rtol=1e-5)


def test_a_bridge_goes_straight_and_rests_at_the_ends() -> None:
    skeleton = get_skeleton("kinect20")
    x = np.array([0, 9, 9, 3, 9], np.float32)
    pose = Pose(np.repeat(x[:, None, None], 20, 1) * np.ones(3), np.ones((5, 20)), 25, skeleton)
    mask = np.zeros((5, 20), bool)
    mask[[1, 2, 4], 0] = True
    np.testing.assert_allclose(remove(pose, mask, "bridge").coordinates[:, 0, 0], [0, 1, 2, 3, 3])


def test_one_frame_is_always_left() -> None:
    pose = random_pose(0)
    assert len(cut(pose, np.ones(len(pose), bool))) == 1
    assert len(cut(pose, np.arange(len(pose)) < 4)) == len(pose) - 4


@pytest.mark.parametrize("name", list_skeletons())
def test_parts_part_the_skeleton_and_fingers_lie_in_their_hands(name: str) -> None:
    skeleton = get_skeleton(name)
    parts = parts_of(skeleton)
    places = np.concatenate([part.columns for part in parts if part.kind == "part"])
    assert sorted(places.tolist()) == list(range(len(skeleton)))
    hands = {part.key: set(part.columns.tolist()) for part in parts if part.kind == "part"}
    for part in parts:
        if part.kind == "finger":
            assert set(part.columns.tolist()) < hands[f"{part.key.split('_')[0]}_hand"]
    # Knuckles tell how large a hand is: no finger takes them away.
    knuckles = {skeleton.index(n) for n in skeleton.landmarks if n.endswith("_mcp") and "thumb" not in n}
    assert not knuckles & {k for part in parts if part.kind == "finger" for k in part.columns.tolist()}


def test_left_is_the_signers_left_though_the_model_sees_the_clip_mirrored() -> None:
    options = PoseOptions(skeleton="upper-body-hands", dominant_hand="right")
    clip = synthetic_clip("SYN-01")
    mirrored = []
    for pose in (clip, clip.mirrored()):
        prepared = prepare(pose, options)
        mirrored.append(was_mirrored(pose, prepared, options))
        by_key = {part.key: part for part in parts_of(prepared.skeleton, mirrored=mirrored[-1])}
        names = {prepared.skeleton.landmarks[k] for k in by_key["left_thumb"].columns}
        assert all(name.startswith("right_hand" if mirrored[-1] else "left_hand") for name in names)
    assert sorted(mirrored) == [False, True]


def test_a_body_without_hands_has_arms_with_hands_and_no_fingers() -> None:
    parts = {part.key: part for part in parts_of(get_skeleton("kinect20"))}
    assert set(parts) == {"left_hand", "right_hand", "face", "trunk"}
    assert parts["left_hand"].title == "Left arm and hand"
    assert {part.gone for part in parts.values()} == {"down", None}


def test_an_arm_that_is_taken_away_hangs_down_with_its_bones_as_long() -> None:
    skeleton = get_skeleton("kinect20")
    pose = Pose(np.random.default_rng(0).normal(size=(6, 20, 3)), np.ones((6, 20)), 25, skeleton)
    left = next(part for part in parts_of(skeleton) if part.key == "left_hand")
    mask = np.zeros((6, 20), bool)
    mask[:, left.columns] = True
    changed = remove(pose, mask, "down")
    shoulder, elbow, wrist = (changed.landmark(f"left_{joint}") for joint in ("shoulder", "elbow", "wrist"))
    np.testing.assert_array_equal(elbow[:, [0, 2]], shoulder[:, [0, 2]])
    upper = np.linalg.norm(pose.landmark("left_elbow") - pose.landmark("left_shoulder"), axis=1)
    np.testing.assert_allclose(elbow[:, 1] - shoulder[:, 1], np.median(upper), rtol=1e-5)
    assert (changed.landmark("left_palm")[:, 1] > wrist[:, 1]).all()
    np.testing.assert_array_equal(changed.landmark("right_wrist"), pose.landmark("right_wrist"))
