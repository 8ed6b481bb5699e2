"""Short gaps are filled, and the leading hand is found."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ishara.pose.pose import Pose
from ishara.pose.repair import FILLED_CONFIDENCE, dominant_hand, fill_gaps, right_handed
from ishara.pose.skeleton import Skeleton, get_skeleton


def track(*x: float | None) -> Pose:
    """A clip of one landmark; None where it was not seen."""
    coordinates = np.array([[[np.nan if value is None else value, 1]] for value in x], float)
    confidence = np.array([[0.0 if value is None else 0.8] for value in x])
    return Pose(coordinates, confidence, 25, Skeleton("one", ("nose",)))


def x_of(pose: Pose) -> list[float | None]:
    return [float(x) if seen else None for x, seen in zip(pose.coordinates[:, 0, 0], pose.seen[:, 0], strict=True)]


@pytest.mark.parametrize(
    ("before", "max_gap", "after"),
    [
        ((0, None, 2), 1, [0, 1, 2]),
        ((0, None, None, 3), 2, [0, 1, 2, 3]),
        ((0, None, None, 3), 1, [0, None, None, 3]),
        ((0, None, 2, None, None, 5), 1, [0, 1, 2, None, None, 5]),
        ((None, 1, None, 3, None), 9, [None, 1, 2, 3, None]),
        ((0, None, 2), 0, [0, None, 2]),
        ((None, None), 5, [None, None]),
        ((None,), 5, [None]),
    ],
)
def test_gaps_up_to_the_limit_are_filled_in_a_straight_line(before, max_gap: int, after) -> None:
    assert x_of(fill_gaps(track(*before), max_gap)) == after


def test_a_filled_landmark_is_trusted_half() -> None:
    pose = track(0, None, 2)
    confidence = pose.confidence.copy()
    confidence[2] = 0.4
    filled = fill_gaps(pose.replace(pose.coordinates, confidence), 1)
    assert filled.confidence[1, 0] == pytest.approx(FILLED_CONFIDENCE * 0.6)


def test_even_the_faintest_neighbours_leave_some_confidence() -> None:
    pose = track(0, None, 2)
    faint = pose.replace(pose.coordinates, np.where(pose.seen, np.float32(1e-45), np.float32(0)))
    assert fill_gaps(faint, 1).seen.all()


@given(st.integers(0, 2**32 - 1), st.integers(0, 6), st.floats(0, 1))
def test_filling_adds_what_lies_between_and_changes_nothing_that_was_seen(
    seed: int, max_gap: int, unseen: float
) -> None:
    rng = np.random.default_rng(seed)
    skeleton = get_skeleton("kinect20")
    confidence = rng.uniform(0.1, 1, (14, 20)) * (rng.random((14, 20)) >= unseen)
    pose = Pose(rng.normal(size=(14, 20, 3)), confidence, 25, skeleton)
    original = pose.coordinates.copy()
    filled = fill_gaps(pose, max_gap)
    np.testing.assert_array_equal(pose.coordinates, original)
    np.testing.assert_array_equal(filled.coordinates[pose.seen], pose.coordinates[pose.seen])
    np.testing.assert_array_equal(filled.confidence[pose.seen], pose.confidence[pose.seen])
    for k in range(20):
        assert list(filled.seen[:, k]) == expected_seen(list(pose.seen[:, k]), max_gap)


def expected_seen(seen: list[bool], max_gap: int) -> list[bool]:
    """The rule, told frame by frame."""
    result = list(seen)
    for t, here in enumerate(seen):
        left = next((t - i for i in range(t, -1, -1) if seen[i]), None)
        right = next((i - t for i in range(t, len(seen)) if seen[i]), None)
        if not here and left is not None and right is not None:
            result[t] = left + right - 1 <= max_gap
    return result


def signing(
    skeleton: str, *, left: float, right: float, left_seen: float = 1, right_seen: float = 1, frames: int = 20
) -> Pose:
    """Hands that swing by the given lengths; hand landmarks are seen in the given shares of the frames."""
    layout = get_skeleton(skeleton)
    swing = np.sin(np.linspace(0, 6, frames))
    coordinates, confidence = np.zeros((frames, len(layout), 2)), np.ones((frames, len(layout)))
    for k, name in enumerate(layout.landmarks):
        for side, length, share in (("left", left, left_seen), ("right", right, right_seen)):
            if name.startswith(f"{side}_hand.") or name in (f"{side}_wrist", f"{side}_palm"):
                coordinates[:, k, 1] = length * swing
            if name.startswith(f"{side}_hand."):
                confidence[round(share * frames) :, k] = 0
    return Pose(coordinates, confidence, 25, layout)


@pytest.mark.parametrize("skeleton", ["spoter54", "holistic", "hands", "kinect20", "upper-body-hands"])
def test_the_hand_that_moves_more_leads(skeleton: str) -> None:
    assert dominant_hand(signing(skeleton, left=1, right=0.3)) == "left"
    assert dominant_hand(signing(skeleton, left=0.3, right=1)) == "right"


def test_a_hand_that_was_hardly_seen_does_not_lead() -> None:
    assert dominant_hand(signing("spoter54", left=1, right=0.5, left_seen=0.1)) == "right"
    assert dominant_hand(signing("spoter54", left=0.5, right=1, right_seen=0)) == "left"
    assert dominant_hand(signing("hands", left=0.5, right=1, right_seen=0)) == "left"


def test_of_two_still_hands_the_one_seen_more_leads() -> None:
    assert dominant_hand(signing("spoter54", left=0, right=0, right_seen=0.5)) == "left"
    assert dominant_hand(signing("spoter54", left=0, right=0, right_seen=0, frames=1)) == "left"


def test_where_no_hand_landmarks_were_seen_the_wrists_decide() -> None:
    assert dominant_hand(signing("spoter54", left=1, right=0.5, left_seen=0, right_seen=0)) == "left"


def test_without_any_hand_the_right_leads() -> None:
    pose = signing("hands", left=1, right=1, left_seen=0, right_seen=0)
    assert dominant_hand(pose) == "right"
    faces = get_skeleton("spoter54").select(["nose", "left_ear"])
    assert dominant_hand(signing("spoter54", left=1, right=0).to(faces)) == "right"


def test_a_left_handed_clip_is_mirrored_and_a_right_handed_one_is_not() -> None:
    left = signing("spoter54", left=1, right=0.3)
    assert dominant_hand(right_handed(left)) == "right"
    np.testing.assert_array_equal(right_handed(left).coordinates, left.mirrored().coordinates)
    right = left.mirrored()
    assert right_handed(right) is right
