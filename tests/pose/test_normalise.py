"""Normalisation: where the camera stands and how large the signer is leave no trace."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.pose.normalise import shoulder_normalise
from ishara.pose.pose import Pose
from ishara.pose.skeleton import Skeleton, get_skeleton

CLIP = synthetic_clip("SYN-01")


def kinect(seed: int = 0) -> Pose:
    rng = np.random.default_rng(seed)
    skeleton = get_skeleton("kinect20")
    coordinates = rng.normal(size=(6, 20, 3)) * 0.1
    coordinates[:, skeleton.index("left_shoulder")] = [0.2, 0.0, 2.0]
    coordinates[:, skeleton.index("right_shoulder")] = [-0.2, 0.0, 2.0]
    return Pose(coordinates, np.ones((6, 20)), 30, skeleton)


@given(st.floats(0.01, 100), st.floats(-1000, 1000), st.floats(-1000, 1000))
def test_scale_and_place_do_not_matter(scale: float, x: float, y: float) -> None:
    moved = CLIP.replace((CLIP.coordinates * scale + [x, y, 0]).astype(np.float32))
    same = shoulder_normalise(moved)
    np.testing.assert_allclose(same.coordinates, shoulder_normalise(CLIP).coordinates, atol=0.05)


def test_the_neck_is_the_origin_and_the_shoulders_are_one_apart() -> None:
    pose = shoulder_normalise(CLIP)
    left, right = pose.landmark("left_shoulder")[:, :2], pose.landmark("right_shoulder")[:, :2]
    assert np.median(np.linalg.norm(left - right, axis=1)) == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(np.median((left + right) / 2, axis=0), 0, atol=0.02)


def test_a_hands_depth_is_from_its_own_wrist() -> None:
    pose = shoulder_normalise(CLIP)
    assert (pose.landmark("right_hand.wrist")[:, 2] == 0).all()


def test_one_badly_seen_frame_moves_nothing() -> None:
    coordinates = CLIP.coordinates.copy()
    coordinates[3] *= 40
    spoilt = shoulder_normalise(CLIP.replace(coordinates))
    np.testing.assert_allclose(spoilt.coordinates[10:], shoulder_normalise(CLIP).coordinates[10:], atol=0.1)


@pytest.mark.parametrize("degrees", [-60, -20, 0, 45, 63])
def test_a_turned_body_faces_the_camera_again(degrees: float) -> None:
    pose, angle = kinect(), np.radians(degrees)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]], np.float32)
    turned = pose.replace(pose.coordinates @ turn)
    straight = shoulder_normalise(pose, face_camera=True)
    np.testing.assert_allclose(
        shoulder_normalise(turned, face_camera=True).coordinates, straight.coordinates, atol=1e-4
    )
    across = straight.landmark("left_shoulder") - straight.landmark("right_shoulder")
    np.testing.assert_allclose(np.median(across, axis=0), [1, 0, 0], atol=1e-4)


@pytest.mark.parametrize("missing", ["unseen", "absent"])
def test_without_shoulders_the_landmarks_themselves_are_the_measure(missing: str) -> None:
    pose = CLIP.to(get_skeleton("hands"))
    if missing == "unseen":
        confidence = CLIP.confidence.copy()
        confidence[:, CLIP.skeleton.index("left_shoulder")] = 0
        pose = CLIP.replace(CLIP.coordinates, confidence)
    normal = shoulder_normalise(pose)
    doubled = shoulder_normalise(pose.replace(pose.coordinates * 2))
    assert np.isfinite(normal.coordinates).all()
    np.testing.assert_allclose(doubled.coordinates, normal.coordinates, atol=1e-3)


def test_a_clip_in_which_nothing_was_seen_stays_as_it_is() -> None:
    nothing = Pose(np.zeros((2, 1, 2)), np.zeros((2, 1)), 25, Skeleton("one", ("nose",)))
    assert (shoulder_normalise(nothing).coordinates == 0).all()
