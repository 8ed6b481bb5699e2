"""Bones, bends and distances: what of a pose stays the same wherever the signer stands."""

import numpy as np
import pytest

from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.pose.bones import (
    bends,
    bone_vectors,
    bones_of,
    distances,
    joints_of,
    palm_length,
    reaches,
    reaches_of,
    spans_of,
)
from ishara.pose.geometry import rotate, scale, shift
from ishara.pose.pose import Pose
from ishara.pose.prepare import prepare
from ishara.pose.skeleton import HANDS, Skeleton, get_skeleton, list_skeletons
from ishara.recipe import PoseOptions

CLIP = prepare(synthetic_clip("SYN-02"), PoseOptions(skeleton="upper-body-hands", dimensions=3, max_gap=0))


def palms(pose: Pose) -> dict[str, float]:
    return {hand: palm_length(pose, hand) for hand in HANDS}


@pytest.mark.parametrize("name", list_skeletons())
def test_every_landmark_ends_at_most_one_bone_and_nothing_hangs_on_itself(name: str) -> None:
    skeleton = get_skeleton(name)
    ends = [bone.end for bone in bones_of(skeleton)]
    assert len(set(ends)) == len(ends)
    for end in ends:
        seen = {end}
        while end in skeleton.parents:
            end = skeleton.parents[end]
            assert end not in seen
            seen.add(end)


def test_a_hand_has_20_bones_and_15_joints() -> None:
    hands = get_skeleton("hands")
    assert len(bones_of(hands)) == 40
    assert len(joints_of(hands)) == 30
    assert ("right_hand.index_mcp", "right_hand.index_pip", "right_hand.index_dip") in joints_of(hands)


def test_a_finger_is_not_compared_with_the_arm() -> None:
    joints = joints_of(get_skeleton("upper-body-hands"))
    assert ("right_shoulder", "right_elbow", "right_wrist") in joints
    assert not any(start == "right_wrist" for start, _, _ in joints)


def test_bones_lead_from_each_landmark_to_the_next() -> None:
    vectors = bone_vectors(CLIP, dict.fromkeys(HANDS, 1.0))
    index = CLIP.skeleton.index
    for number, (start, end) in enumerate(bones_of(CLIP.skeleton)):
        both = CLIP.seen[:, index(start)] & CLIP.seen[:, index(end)]
        step = CLIP.coordinates[:, index(end)] - CLIP.coordinates[:, index(start)]
        np.testing.assert_allclose(vectors[both, number], step[both], atol=1e-5)
        assert not vectors[~both, number].any()


def test_bones_of_a_hand_know_no_size_and_all_know_no_place() -> None:
    moved = CLIP.replace(shift(CLIP.coordinates, 0.4, -0.2))
    np.testing.assert_allclose(bone_vectors(moved, palms(moved)), bone_vectors(CLIP, palms(CLIP)), atol=1e-4)
    larger = CLIP.replace(scale(CLIP.coordinates, 1.6))
    hand = [end.startswith(HANDS) and not end.endswith("hand.wrist") for _, end in bones_of(CLIP.skeleton)]
    assert sum(hand) == 40
    before, after = bone_vectors(CLIP, palms(CLIP)), bone_vectors(larger, palms(larger))
    np.testing.assert_allclose(after[:, hand], before[:, hand], atol=1e-4)
    assert not np.allclose(after, before, atol=1e-2)


def test_bends_know_neither_place_nor_size_nor_direction() -> None:
    moved = CLIP.replace(rotate(scale(shift(CLIP.coordinates, 0.4, -0.2), 1.6), 25))
    np.testing.assert_allclose(bends(moved), bends(CLIP), atol=1e-3)


def test_a_straight_joint_is_1_a_folded_one_minus_1_and_an_unseen_one_0() -> None:
    skeleton = Skeleton("arm", ("left_shoulder", "left_elbow", "left_wrist"))
    wrists = np.array([[2.0, 0.0], [0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [2.0, 0.0]])
    coordinates = np.stack([np.array([[0.0, 0.0], [1.0, 0.0], wrist]) for wrist in wrists])
    confidence = np.ones((5, 3))
    confidence[4, 1] = 0
    bend = bends(Pose(coordinates, confidence, 25, skeleton))[:, 0]
    # In the fourth frame the second bone has no length, in the fifth its joint was not seen.
    np.testing.assert_allclose(bend, [1, -1, 0, 0, 0], atol=1e-6)
    confidence[4, 1] = 1
    turned = coordinates.copy()
    turned[4] = [[0, 0], [1, 0], [1.5, np.sqrt(0.75)]]
    assert bends(Pose(turned, confidence, 25, skeleton))[4, 0] == pytest.approx(0.5)


def test_distances_are_between_the_points_they_name_and_know_neither_place_nor_size_nor_direction() -> None:
    found = distances(CLIP, dict.fromkeys(HANDS, 1.0))
    index = CLIP.skeleton.index
    assert len(spans_of(CLIP.skeleton)) == 2 * 23
    for number, (start, end) in enumerate(spans_of(CLIP.skeleton)):
        both = CLIP.seen[:, index(start)] & CLIP.seen[:, index(end)]
        apart = np.linalg.norm(CLIP.coordinates[:, index(end)] - CLIP.coordinates[:, index(start)], axis=1)
        np.testing.assert_allclose(found[both, number], apart[both], atol=1e-5)
        assert not found[~both, number].any()
    moved = CLIP.replace(rotate(scale(shift(CLIP.coordinates, 0.4, -0.2), 1.6), 30))
    np.testing.assert_allclose(distances(moved, palms(moved)), distances(CLIP, palms(CLIP)), atol=1e-3)


def test_reaches_are_from_the_wrists_in_shoulder_widths() -> None:
    found = reaches(CLIP)
    index = CLIP.skeleton.index
    assert {reach.start for reach in reaches_of(CLIP.skeleton)} == {"left_wrist", "right_wrist"}
    for number, (start, end) in enumerate(reaches_of(CLIP.skeleton)):
        both = CLIP.seen[:, index(start)] & CLIP.seen[:, index(end)]
        apart = np.linalg.norm(CLIP.coordinates[:, index(end)] - CLIP.coordinates[:, index(start)], axis=1)
        np.testing.assert_allclose(found[both, number], apart[both], atol=1e-5)
        assert not found[~both, number].any()
    assert len(reaches_of(get_skeleton("kinect20"))) == 3 + 2 * 7
    assert reaches_of(get_skeleton("hands")) == ()


def test_a_body_without_fingers_has_no_distances() -> None:
    assert spans_of(get_skeleton("kinect20")) == ()
    assert distances(prepare(synthetic_clip("SYN-02"), PoseOptions(skeleton="kinect20")), {}).shape[1] == 0
