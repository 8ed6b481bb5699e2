"""The second look: where it looks, which hand what it finds is, and what it refuses."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ishara.pose.estimate import second_look
from ishara.pose.estimate.second_look import SecondLook
from ishara.pose.skeleton import MEDIAPIPE_BODY

HEIGHT, WIDTH, SIZE = 400, 600, 100
LEFT_WRIST, RIGHT_WRIST = (400, 300), (200, 300)


class Painted:
    """Stands in for MediaPipe Hands: a hand is a picture's red pixel, its wrist there and its fingers above."""

    def __init__(self) -> None:
        self.looked_at: list[NDArray[np.uint8]] = []

    def process(self, picture: NDArray[np.uint8]) -> SimpleNamespace:
        self.looked_at.append(picture)
        side = len(picture)
        hands = [SimpleNamespace(landmark=points(x / side, y / side, side)) for y, x in np.argwhere(picture[..., 0])]
        return SimpleNamespace(multi_hand_landmarks=hands or None)

    def close(self) -> None:
        pass


def points(x: float, y: float, side: int) -> list[SimpleNamespace]:
    return [SimpleNamespace(x=x, y=y - i / side, z=-i / side) for i in range(21)]


def hand_at(x: float, y: float) -> NDArray[np.float32]:
    i = np.arange(21)
    return np.stack([np.full(21, x), y - i, -i], axis=1).astype(np.float32)


@pytest.fixture
def graph(monkeypatch: pytest.MonkeyPatch) -> Painted:
    painted = Painted()
    monkeypatch.setattr(second_look, "hands_graph", lambda: painted)
    return painted


def picture(*wrists: tuple[int, int]) -> NDArray[np.uint8]:
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for x, y in wrists:
        image[y, x, 0] = 255
    return image


def body(left: tuple[int, int] = LEFT_WRIST, right: tuple[int, int] = RIGHT_WRIST) -> NDArray[np.float32]:
    """Shoulders SIZE wide, elbows at the wrists."""
    marks = np.zeros((33, 3), np.float32)
    marks[MEDIAPIPE_BODY.index("left_shoulder"), 0] = SIZE
    for side, place in (("left", left), ("right", right)):
        for name in ("elbow", "wrist", "index", "pinky"):
            marks[MEDIAPIPE_BODY.index(f"{side}_{name}"), :2] = place
    return marks


SURE = np.ones(33, np.float32)


def test_a_hand_is_the_one_of_the_wrist_it_is_at_and_comes_back_in_the_pictures_pixels(graph: Painted) -> None:
    found = SecondLook().find(picture((390, 310), (205, 290)), body(), SURE, {})
    assert set(found) == {"left_hand", "right_hand"}
    np.testing.assert_allclose(found["left_hand"], hand_at(390, 310), atol=1e-3)
    np.testing.assert_allclose(found["right_hand"], hand_at(205, 290), atol=1e-3)


def test_only_what_is_missing_is_looked_for(graph: Painted) -> None:
    known = {"left_hand": hand_at(*LEFT_WRIST)}
    assert set(SecondLook().find(picture(LEFT_WRIST, RIGHT_WRIST), body(), SURE, known)) == {"right_hand"}
    assert len(graph.looked_at) == 1
    assert SecondLook().find(picture(LEFT_WRIST), body(), SURE, known | {"right_hand": hand_at(*RIGHT_WRIST)}) == {}
    assert len(graph.looked_at) == 1


@pytest.mark.parametrize(
    ("wrist", "why"),
    [((445, 300), "too far from the wrist"), ((400, 10), "too far from the wrist"), ((400, 8), "mostly outside")],
)
def test_a_hand_elsewhere_is_refused(graph: Painted, wrist: tuple[int, int], why: str) -> None:
    at = (400, 12) if why == "mostly outside" else LEFT_WRIST
    assert SecondLook().find(picture(wrist), body(left=at), SURE, {"right_hand": hand_at(0, 399)}) == {}


def test_the_other_hand_is_not_found_twice(graph: Painted) -> None:
    both = body(left=(310, 300), right=(290, 300))
    known = {"right_hand": hand_at(302, 300)}
    # Nearer to the left wrist, but it is the hand that is known as the right one.
    assert SecondLook().find(picture((303, 300)), both, SURE, known) == {}
    # One hand for two wrists: it is the left one's, which it is at.
    assert set(SecondLook().find(picture((306, 300)), both, SURE, {})) == {"left_hand"}


def test_the_nearest_of_several_is_taken(graph: Painted) -> None:
    found = SecondLook().find(picture((375, 300), (405, 300)), body(), SURE, {"right_hand": hand_at(*RIGHT_WRIST)})
    np.testing.assert_allclose(found["left_hand"], hand_at(405, 300), atol=1e-3)


@pytest.mark.parametrize("left", [(-5, 300), (400, 400), (600, 10)])
def test_nothing_is_looked_for_at_a_wrist_outside_the_picture(graph: Painted, left: tuple[int, int]) -> None:
    SecondLook().find(picture(), body(left=left), SURE, {"right_hand": hand_at(*RIGHT_WRIST)})
    assert not graph.looked_at


def test_nothing_is_looked_for_at_a_hidden_wrist(graph: Painted) -> None:
    hidden = SURE.copy()
    hidden[MEDIAPIPE_BODY.index("left_wrist")] = 0.2
    SecondLook().find(picture(), body(), hidden, {"right_hand": hand_at(*RIGHT_WRIST)})
    assert not graph.looked_at


def test_what_is_looked_at_never_outgrows_the_picture(graph: Painted) -> None:
    close = body()
    close[MEDIAPIPE_BODY.index("left_shoulder"), 0] = 1e6
    SecondLook().find(picture(), close, SURE, {})
    assert {square.shape for square in graph.looked_at} == {(2 * WIDTH, 2 * WIDTH, 3)}


@given(left=st.integers(-40, 40), top=st.integers(-40, 40), side=st.integers(1, 50))
def test_a_square_is_the_picture_in_it_and_black_outside(left: int, top: int, side: int) -> None:
    image = np.random.default_rng(0).integers(1, 255, (17, 23, 3), dtype=np.uint8)
    around = np.zeros((200, 200, 3), np.uint8)
    around[80:97, 80:103] = image
    square = second_look._square(image, left, top, side)
    np.testing.assert_array_equal(square, around[80 + top : 80 + top + side, 80 + left : 80 + left + side])
