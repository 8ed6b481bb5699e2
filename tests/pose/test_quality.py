"""The figures of a clip's landmarks: parts seen, frames lost, jumps, and what is called a problem."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ishara.pose.pose import Pose
from ishara.pose.quality import Limits, Quality, measure, problems
from ishara.pose.skeleton import Skeleton, get_skeleton

HOLISTIC = get_skeleton("holistic")


def signer(frames: int = 20, *, skeleton: Skeleton = HOLISTIC, fps: float = 25, width: float = 100) -> Pose:
    """Somebody who stands still, shoulders `width` apart, both hands seen in every frame."""
    coordinates = np.zeros((frames, len(skeleton), 3), np.float32)
    places = {"left_shoulder": (1, 0), "right_shoulder": (0, 0), "left_hip": (0.9, 2), "right_hip": (0.1, 2)}
    for name, place in places.items():
        if name in skeleton:
            coordinates[:, skeleton.index(name), :2] = np.array(place) * width
    return Pose(coordinates, np.ones(coordinates.shape[:2]), fps, skeleton)


def without(pose: Pose, group: str, frames: slice | list[int]) -> Pose:
    confidence = pose.confidence.copy()
    for name in pose.skeleton.groups[group]:
        confidence[frames, pose.skeleton.index(name)] = 0
    return pose.replace(pose.coordinates, confidence)


def moved(pose: Pose, group: str, frames: slice, x: float) -> Pose:
    coordinates = pose.coordinates.copy()
    for name in pose.skeleton.groups[group]:
        coordinates[frames, pose.skeleton.index(name), 0] += x
    return pose.replace(coordinates)


def test_whoever_was_seen_throughout_has_no_problem() -> None:
    quality = measure(signer())
    assert (quality.left_hand, quality.right_hand, quality.no_hand, quality.no_body) == (20, 20, 0, 0)
    assert (quality.frames, quality.seconds, quality.jumps, quality.longest_gap) == (20, 0.8, 0, 0)
    assert quality.shoulder_width == pytest.approx(100)
    assert quality.shoulder_share == pytest.approx(0.5)
    assert problems(quality) == []


def test_hands_are_counted_apart_and_together() -> None:
    pose = without(without(signer(), "left_hand", slice(0, 8)), "right_hand", [6, 7, 19])
    quality = measure(pose)
    assert (quality.left_hand, quality.right_hand, quality.no_hand) == (12, 17, 2)


def test_one_point_of_a_hand_is_a_hand() -> None:
    pose = without(signer(), "right_hand", slice(None))
    pose.confidence[3, HOLISTIC.index("right_hand.thumb_tip")] = 0.1
    assert measure(pose).right_hand == 1


def test_the_longest_gap_lies_between_hands() -> None:
    pose = signer()
    for hand in ("left_hand", "right_hand"):
        pose = without(pose, hand, [0, 1, 2, 3, 4, 5, 8, 9, 10, 15, 18, 19])
    assert measure(pose).longest_gap == 3


def test_a_clip_without_any_hand_is_said_to_be_one() -> None:
    pose = without(without(signer(), "left_hand", slice(None)), "right_hand", slice(None))
    quality = measure(pose)
    assert (quality.no_hand, quality.longest_gap) == (20, 0)
    assert problems(quality) == ["no hand was ever found"]


def test_a_part_that_the_skeleton_lacks_is_not_missing() -> None:
    body = measure(signer(skeleton=get_skeleton("kinect20")))
    assert (body.left_hand, body.right_hand, body.no_hand, body.longest_gap) == (None, None, None, None)
    assert problems(body) == []
    hands = measure(signer(skeleton=get_skeleton("hands")))
    assert (hands.no_body, hands.shoulder_width, hands.shoulder_share) == (None, None, None)
    assert problems(hands) == []


def test_a_body_is_both_shoulders() -> None:
    pose = signer()
    pose.confidence[:12, HOLISTIC.index("left_shoulder")] = 0
    quality = measure(pose)
    assert quality.no_body == 12
    assert problems(quality) == ["the body in only 40% of the frames"]


def test_a_body_that_was_never_found_has_no_shoulder_width() -> None:
    quality = measure(without(signer(), "body", slice(None)))
    assert (quality.no_body, quality.shoulder_width, quality.jumps) == (20, None, 0)
    assert problems(quality) == ["the body was never found"]


@pytest.mark.parametrize(
    ("fps", "step", "jumps"),
    [
        (25, 110, 1),  # 27 shoulder widths in a second
        (25, 90, 0),  # less than a shoulder width
        (10, 240, 0),  # few frames in a second: a hand may go far between two
        (10, 260, 1),
    ],
)
def test_a_jump_is_a_step_that_is_large_and_too_fast(fps: float, step: float, jumps: int) -> None:
    pose = moved(signer(fps=fps), "left_hand", slice(10, None), step)
    assert measure(pose).jumps == jumps


def test_another_person_is_a_jump_there_and_back_counted_once_each() -> None:
    pose = signer()
    for group in ("body", "left_hand", "right_hand"):
        pose = moved(pose, group, slice(5, 9), 500)
    quality = measure(pose)
    assert quality.jumps == 2
    assert problems(quality) == ["2 jumps"]


def test_a_hand_that_comes_back_elsewhere_has_not_jumped() -> None:
    pose = moved(without(signer(), "left_hand", slice(8, 12)), "left_hand", slice(12, None), 400)
    assert measure(pose).jumps == 0


def test_a_point_of_a_hand_that_comes_and_goes_is_no_jump() -> None:
    pose = signer()
    pose.coordinates[:, HOLISTIC.index("left_hand.pinky_tip"), 0] = 5000
    pose.confidence[::2, HOLISTIC.index("left_hand.pinky_tip")] = 0
    assert measure(pose).jumps == 0


def test_one_frame_is_enough_to_be_measured() -> None:
    quality = measure(signer(1))
    assert (quality.frames, quality.jumps, quality.longest_gap) == (1, 0, 0)
    assert problems(quality) == ["only 1 frame"]


def test_a_signer_seen_from_the_side_has_tiny_shoulders() -> None:
    pose = signer()
    pose.coordinates[:, HOLISTIC.index("left_shoulder"), 0] = 5
    assert problems(measure(pose)) == ["shoulders tiny (2.5% of the signer's extent)"]


def test_shoulders_in_one_place_have_no_width() -> None:
    assert measure(signer(width=0)).shoulder_width is None


FINE = Quality(100, 25.0, 80, 80, 10, 0, 0, 0, 50.0, 0.2)


@pytest.mark.parametrize(
    ("changes", "limits", "found"),
    [
        ({"no_hand": 75}, Limits(), []),
        ({"no_hand": 76}, Limits(), ["a hand in only 24% of the frames"]),
        ({"no_hand": 76}, Limits(hands=0.2), []),
        ({"no_hand": 100}, Limits(hands=0), ["no hand was ever found"]),
        ({"no_body": 50}, Limits(), []),
        ({"no_body": 51}, Limits(body=0.5), ["the body in only 49% of the frames"]),
        ({"shoulder_share": 0.1}, Limits(shoulders=0.11), ["shoulders tiny (10.0% of the signer's extent)"]),
        ({"jumps": 1}, Limits(), ["1 jump"]),
        ({}, Limits(frames=101), ["only 100 frames"]),
    ],
)
def test_limits_say_from_where_on_a_clip_is_worth_a_look(changes: dict, limits: Limits, found: list[str]) -> None:
    assert problems(replace(FINE, **changes), limits) == found


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.floats(0, 1), st.floats(0.01, 1000))
def test_counts_fit_together_whatever_was_seen(seed: int, frames: int, unseen: float, unit: float) -> None:
    rng = np.random.default_rng(seed)
    shape = (frames, len(HOLISTIC))
    confidence = rng.uniform(0.1, 1, shape) * (rng.random(shape) >= unseen)
    pose = Pose(rng.normal(size=(*shape, 3)), confidence, 25, HOLISTIC)
    quality = measure(pose)
    assert max(quality.left_hand, quality.right_hand) <= frames - quality.no_hand
    assert frames - quality.no_hand <= quality.left_hand + quality.right_hand
    assert 0 <= quality.jumps < max(frames, 2)
    assert 0 <= quality.longest_gap <= quality.no_hand
    assert quality.shoulder_share is None or 0 < quality.shoulder_share <= 2**0.5 + 1e-6
    scaled = measure(pose.replace(pose.coordinates * np.float32(unit)))
    assert (scaled.no_hand, scaled.no_body, scaled.jumps) == (quality.no_hand, quality.no_body, quality.jumps)
