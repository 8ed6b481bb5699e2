"""A body's size, and jumps from one person to another."""

import numpy as np
import pytest

from ishara.pose.estimate.body import body_size, jumps
from ishara.pose.pose import Pose
from ishara.pose.skeleton import get_skeleton

HOLISTIC = get_skeleton("holistic")


def standing(centres: list[float | None], *, width: float = 80) -> Pose:
    """A person whose shoulders, so wide, are around these columns of the picture; None where nobody is seen."""
    coordinates = np.zeros((len(centres), len(HOLISTIC), 3))
    confidence = np.zeros(coordinates.shape[:2])
    for t, centre in enumerate(centres):
        if centre is not None:
            coordinates[t, :, 0] = centre
            coordinates[t, HOLISTIC.index("left_shoulder"), 0] += width / 2
            coordinates[t, HOLISTIC.index("right_shoulder"), 0] -= width / 2
            confidence[t, : len(HOLISTIC.groups["body"])] = 1
    return Pose(coordinates, confidence, 25, HOLISTIC)


@pytest.mark.parametrize(
    ("centres", "stride", "expected"),
    [
        ([100, 110, 120, 115], 1, []),
        ([100, 100, 300, 300, 100], 1, [2, 4]),
        ([100, None, None, 300, 300], 1, [3]),
        ([None, None], 1, []),
        ([100], 1, []),
        # What was interpolated between the frames looked at hides how far one is from the next.
        ([100, 150, 200, 250, 300], 4, [4]),
        ([100, 150, 200, 250, 300, 300], 4, [4]),
    ],
)
def test_a_jump_is_further_than_the_shoulders_are_wide(
    centres: list[float | None], stride: int, expected: list[int]
) -> None:
    assert jumps(standing(centres), stride) == expected


def test_a_shoulder_that_is_a_guess_is_no_jump() -> None:
    pose = standing([100, 300, 100])
    confidence = pose.confidence.copy()
    confidence[1, HOLISTIC.index("left_shoulder")] = 0.2
    assert jumps(pose.replace(pose.coordinates, confidence)) == []


def test_a_body_seen_from_its_side_is_as_large_as_its_forearm() -> None:
    body = np.zeros((33, 3))
    assert body_size(body) == 0
    body[HOLISTIC.index("left_wrist")] = (30, 40, 500)
    assert body_size(body) == pytest.approx(50)
    body[HOLISTIC.index("left_shoulder")] = (0, 60, 500)
    assert body_size(body) == pytest.approx(60)
