"""Changes of coordinates: each does to the points what its name says, and to no others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ishara.pose import geometry
from ishara.pose.pose import Pose
from ishara.pose.skeleton import Skeleton, get_skeleton

SKELETONS = ("spoter54", "holistic", "hands", "kinect20", "upper-body-hands")

seeds = st.integers(0, 2**32 - 1)
angles = st.floats(-60, 60)


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


def columns(skeleton: Skeleton, *prefixes: str) -> list[int]:
    return [k for k, name in enumerate(skeleton.landmarks) if name.startswith(prefixes)]


def bone(coordinates: np.ndarray, skeleton: Skeleton, a: str, b: str) -> np.ndarray:
    return np.linalg.norm(coordinates[:, skeleton.index(a)] - coordinates[:, skeleton.index(b)], axis=-1)


def distances(points: np.ndarray) -> np.ndarray:
    """(T, K, K) between all landmarks of a frame."""
    return np.linalg.norm(points[:, :, None] - points[:, None], axis=-1)


# The whole body


@given(poses)
def test_neutral_parameters_change_nothing(pose: Pose) -> None:
    points, seen, skeleton = pose.coordinates, pose.seen, pose.skeleton
    results = [
        geometry.rotate(points, 0),
        geometry.shear(points, 0),
        geometry.scale(points, 1),
        geometry.shift(points, 0, 0),
        geometry.perspective(points, 0, 0),
        geometry.arm_rotation(points, seen, skeleton, "left", 0, 0),
        geometry.hand_rotation(points, seen, skeleton, "right", 0),
        geometry.arm_length(points, seen, skeleton, "left", 1, 1),
    ]
    if points.shape[2] == 3:
        results.append(geometry.yaw(points, 0))
    for result in results:
        np.testing.assert_array_equal(result, points)


@given(poses, angles)
def test_rotation_keeps_distances_and_its_inverse_undoes_it(pose: Pose, degrees: float) -> None:
    turned = geometry.rotate(pose.coordinates, degrees)
    np.testing.assert_allclose(distances(turned), distances(pose.coordinates), atol=1e-4)
    np.testing.assert_allclose(geometry.rotate(turned, -degrees), pose.coordinates, atol=1e-5)
    np.testing.assert_array_equal(turned[..., 2:], pose.coordinates[..., 2:])


def test_directions_and_units() -> None:
    right_and_below = np.array([[[1, 0], [0, 1]]], np.float32)
    np.testing.assert_allclose(geometry.rotate(right_and_below, 90), [[[0, 1], [-1, 0]]], atol=1e-6)
    np.testing.assert_allclose(geometry.shear(right_and_below, 0.5), [[[1, 0], [0.5, 1]]])
    np.testing.assert_allclose(geometry.scale(right_and_below, 2), 2 * right_and_below)
    np.testing.assert_allclose(geometry.shift(right_and_below, 0.1, -0.2), [[[1.1, -0.2], [0.1, 0.8]]])
    away = geometry.yaw(np.array([[[1, 5, 0]]], np.float32), 90)
    np.testing.assert_allclose(away, [[[0, 5, 1]]], atol=1e-6)


@given(poses.filter(lambda pose: pose.coordinates.shape[2] == 3), st.floats(-180, 180))
def test_yaw_keeps_distances_and_heights(pose: Pose, degrees: float) -> None:
    turned = geometry.yaw(pose.coordinates, degrees)
    np.testing.assert_allclose(distances(turned), distances(pose.coordinates), atol=1e-4)
    np.testing.assert_array_equal(turned[..., 1], pose.coordinates[..., 1])


@given(seeds, angles, angles, st.sampled_from([2, 3]))
def test_perspective_keeps_lines_straight(seed: int, about_x: float, about_y: float, dimensions: int) -> None:
    rng = np.random.default_rng(seed)
    start, end = rng.uniform(-1, 1, (2, dimensions))
    line = (start + np.linspace(0, 1, 7)[:, None] * (end - start)).astype(np.float32)[None]
    seen = geometry.perspective(line, about_x, about_y)[0].astype(float)
    spread = np.linalg.svd(seen - seen.mean(axis=0), compute_uv=False)
    assert spread[1] < 1e-5


def test_perspective_is_more_than_turning_stretching_and_slanting() -> None:
    square = np.array([[[-1, -1], [1, -1], [1, 1], [-1, 1]]], np.float32)
    seen = geometry.perspective(square, 0, 30)[0]
    left, right = seen[3, 1] - seen[0, 1], seen[2, 1] - seen[1, 1]
    assert left > right * 1.2, "the side that is nearer to the camera is larger"
    midpoint = (seen[0] + seen[2]) / 2
    assert np.linalg.norm(midpoint - (seen[1] + seen[3]) / 2) > 0.05, "no affine map parts the diagonals' midpoints"
    crossing = geometry.perspective(np.zeros((1, 1, 2), np.float32), 0, 30)
    assert not crossing.any(), "the origin stays"


def test_a_near_camera_distorts_more_than_a_far_one() -> None:
    square = np.array([[[-1, -1], [1, -1], [1, 1], [-1, 1]]], np.float32)
    far = geometry.perspective(square, 0, 30, distance=1e6)[0]
    np.testing.assert_allclose(far[:, 0], square[0, :, 0] * np.cos(np.radians(30)), atol=1e-4)
    np.testing.assert_allclose(far[:, 1], square[0, :, 1], atol=1e-4)


def test_perspective_agrees_with_a_pinhole_camera() -> None:
    """Two ways to one picture: turn the points in space and project them, or the homography in the module."""
    rng = np.random.default_rng(0)
    flat = rng.uniform(-1, 1, (1, 20, 2)).astype(np.float32)
    space = np.concatenate([flat, np.zeros((1, 20, 1), np.float32)], axis=2)
    turned = geometry.yaw(space, 20)
    pinhole = turned[..., :2] * 5 / (5 + turned[..., 2:])
    np.testing.assert_allclose(geometry.perspective(flat, 0, 20, distance=5), pinhole, atol=1e-5)


def test_perspective_of_things_behind_the_camera_stays_finite() -> None:
    wild = np.array([[[1e6, -1e6], [-1e6, 1e6], [0, 0]]], np.float32)
    assert np.isfinite(geometry.perspective(wild, 60, 60)).all()


# Arms and hands


@given(seeds, angles, angles, st.sampled_from([2, 3]), st.sampled_from(["left", "right"]), st.none() | angles)
def test_arm_rotation_keeps_bone_lengths_in_every_frame(seed, shoulder, elbow, dimensions, side, axis) -> None:
    axis = axis if dimensions == 3 else None
    for name in ("holistic", "kinect20"):
        pose = random_pose(seed, dimensions=dimensions, skeleton=name, unseen=0)
        skeleton = pose.skeleton
        turned = geometry.arm_rotation(pose.coordinates, pose.seen, skeleton, side, shoulder, elbow, axis)
        arm = {f"{side}_{part}" for part in ("shoulder", "elbow", "wrist", "palm", "pinky", "index", "thumb")}
        bones = [edge for edge in skeleton.edges if all(end in arm or end.startswith(f"{side}_hand.") for end in edge)]
        assert len(bones) == (3 if name == "kinect20" else 3 + 23)
        for edge in bones:
            np.testing.assert_allclose(
                bone(turned, skeleton, *edge), bone(pose.coordinates, skeleton, *edge), atol=1e-4
            )


@given(poses, angles, angles, st.sampled_from(["left", "right"]))
def test_arm_rotation_moves_nothing_above_the_joint_nor_the_other_arm(pose: Pose, shoulder, elbow, side) -> None:
    below_elbow = columns(
        pose.skeleton, *(f"{side}_{part}" for part in ("wrist", "palm", "pinky", "index", "thumb", "hand."))
    )
    below_shoulder = [*below_elbow, *columns(pose.skeleton, f"{side}_elbow")]
    for turns, may_move in (((shoulder, elbow), below_shoulder), ((0, elbow), below_elbow)):
        turned = geometry.arm_rotation(pose.coordinates, pose.seen, pose.skeleton, side, *turns)
        still = np.setdiff1d(np.arange(len(pose.skeleton)), may_move)
        np.testing.assert_array_equal(turned[:, still], pose.coordinates[:, still])
        np.testing.assert_array_equal(turned[..., 2:], pose.coordinates[..., 2:])


def test_the_joints_turn_by_the_angles_given() -> None:
    skeleton = get_skeleton("kinect20").select(["left_shoulder", "left_elbow", "left_wrist", "left_palm"])
    hanging = np.array([[[1, 0], [1, 1], [1, 2], [1, 3]]], np.float32)
    seen = np.ones((1, 4), bool)
    turned = geometry.arm_rotation(hanging, seen, skeleton, "left", 90, 0)
    np.testing.assert_allclose(turned, [[[1, 0], [0, 0], [-1, 0], [-2, 0]]], atol=1e-6)
    turned = geometry.arm_rotation(hanging, seen, skeleton, "left", 0, 90)
    np.testing.assert_allclose(turned, [[[1, 0], [1, 1], [0, 1], [-1, 1]]], atol=1e-6)
    turned = geometry.arm_rotation(hanging, seen, skeleton, "left", 90, -90)
    np.testing.assert_allclose(turned, [[[1, 0], [0, 0], [0, 1], [0, 2]]], atol=1e-6)


def test_joints_turn_out_of_the_plane_about_a_line_in_it() -> None:
    skeleton = get_skeleton("kinect20").select(["left_shoulder", "left_elbow", "left_wrist", "left_palm"])
    hanging = np.array([[[1, 0, 0], [1, 1, 0], [1, 2, 0], [1, 3, 0]]], np.float32)
    seen = np.ones((1, 4), bool)
    forwards = geometry.arm_rotation(hanging, seen, skeleton, "left", 0, 90, axis=0)
    np.testing.assert_allclose(forwards, [[[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 1, 2]]], atol=1e-6)
    about_itself = geometry.arm_rotation(hanging, seen, skeleton, "left", 0, 90, axis=90)
    np.testing.assert_allclose(about_itself, hanging, atol=1e-6)
    both = geometry.hand_rotation(hanging, seen, skeleton, "left", 180, axis=45)
    np.testing.assert_allclose(both[0, 3], [2, 2, 0], atol=1e-6)


def test_a_joint_lost_for_a_frame_is_turned_about_where_it_must_have_been() -> None:
    skeleton = get_skeleton("kinect20").select(["right_shoulder", "right_elbow", "right_wrist"])
    pose = Pose(np.tile([[0, 0], [0, 1], [0, 2]], (5, 1, 1)), np.ones((5, 3)), 25, skeleton)
    whole = geometry.arm_rotation(pose.coordinates, pose.seen, skeleton, "right", 0, 50)
    confidence = pose.confidence.copy()
    confidence[[0, 2], 1] = 0
    gappy = pose.replace(pose.coordinates, confidence)
    turned = geometry.arm_rotation(gappy.coordinates, gappy.seen, skeleton, "right", 0, 50)
    np.testing.assert_allclose(turned[:, 2], whole[:, 2], atol=1e-6)


@pytest.mark.parametrize("missing", ["never seen", "not in the skeleton"])
def test_an_arm_without_a_joint_is_left_alone(missing: str) -> None:
    pose = random_pose(unseen=0)
    if missing == "never seen":
        confidence = pose.confidence.copy()
        confidence[:, columns(pose.skeleton, "left_shoulder", "left_elbow")] = 0
        pose = pose.replace(pose.coordinates, confidence)
    else:
        pose = pose.to(get_skeleton("hands"))
    turned = geometry.arm_rotation(pose.coordinates, pose.seen, pose.skeleton, "left", 30, 30)
    np.testing.assert_array_equal(turned, pose.coordinates)


@given(seeds, st.floats(0.5, 2), st.floats(0.5, 2), st.sampled_from([2, 3]), st.sampled_from(["left", "right"]))
def test_arm_length_changes_two_bones_and_no_hand(seed, upper, fore, dimensions, side) -> None:
    for name in ("holistic", "kinect20"):
        pose = random_pose(seed, dimensions=dimensions, skeleton=name, unseen=0)
        skeleton, before = pose.skeleton, pose.coordinates
        after = geometry.arm_length(before, pose.seen, skeleton, side, upper, fore)
        for factor, edge in (
            (upper, (f"{side}_shoulder", f"{side}_elbow")),
            (fore, (f"{side}_elbow", f"{side}_wrist")),
        ):
            np.testing.assert_allclose(bone(after, skeleton, *edge), factor * bone(before, skeleton, *edge), atol=1e-4)
        hand = columns(skeleton, *(f"{side}_{part}" for part in ("wrist", "palm", "pinky", "index", "thumb", "hand.")))
        np.testing.assert_allclose(distances(after[:, hand]), distances(before[:, hand]), atol=1e-4)
        still = np.setdiff1d(np.arange(len(skeleton)), [*hand, skeleton.index(f"{side}_elbow")])
        np.testing.assert_array_equal(after[:, still], before[:, still])


def test_arm_length_of_an_arm_that_points_right() -> None:
    skeleton = Skeleton("arm", ("left_shoulder", "left_elbow", "left_wrist", "left_palm"))
    points = np.array([[[1, 0], [2, 0], [3, 0], [3, 1]]], np.float32)
    seen = np.ones((1, 4), bool)
    longer = geometry.arm_length(points, seen, skeleton, "left", 2, 0.5)
    np.testing.assert_allclose(longer, [[[1, 0], [3, 0], [3.5, 0], [3.5, 1]]])
    seen[:, 1] = False
    unknown = geometry.arm_length(points, seen, skeleton, "left", 2, 0.5)
    np.testing.assert_array_equal(unknown, points, "without an elbow there is no bone")


@given(poses, angles, st.sampled_from(["left", "right"]))
def test_hand_rotation_turns_one_hand_about_a_wrist_that_stays(pose: Pose, degrees: float, side: str) -> None:
    turned = geometry.hand_rotation(pose.coordinates, pose.seen, pose.skeleton, side, degrees)
    hand = columns(pose.skeleton, *(f"{side}_{part}" for part in ("palm", "pinky", "index", "thumb", "hand.")))
    wrists = columns(pose.skeleton, f"{side}_hand.wrist", f"{side}_wrist")
    still = np.setdiff1d(np.arange(len(pose.skeleton)), np.setdiff1d(hand, wrists))
    np.testing.assert_array_equal(turned[:, still], pose.coordinates[:, still])


def test_hand_rotation_keeps_the_hand_as_it_is_and_turns_it_by_the_angle_given() -> None:
    pose = random_pose(unseen=0)
    hand, wrist = columns(pose.skeleton, "left_hand."), pose.skeleton.index("left_hand.wrist")
    turned = geometry.hand_rotation(pose.coordinates, pose.seen, pose.skeleton, "left", 90)
    np.testing.assert_allclose(distances(turned[:, hand]), distances(pose.coordinates[:, hand]), atol=1e-4)
    before, after = (points[:, hand] - points[:, [wrist]] for points in (pose.coordinates, turned))
    np.testing.assert_allclose(after, np.stack([-before[..., 1], before[..., 0]], axis=-1), atol=1e-5)


def test_a_hand_of_the_kinect_is_its_palm_about_the_wrist() -> None:
    skeleton = get_skeleton("kinect20").select(["right_wrist", "right_palm"])
    points = np.array([[[1, 1], [1, 2]]], np.float32)
    turned = geometry.hand_rotation(points, np.ones((1, 2), bool), skeleton, "right", 90)
    np.testing.assert_allclose(turned, [[[1, 1], [0, 1]]], atol=1e-6)
