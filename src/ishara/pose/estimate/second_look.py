"""A second look for a hand that was missed, in a square around the body's wrist.

Holistic guesses from the body alone where a hand is, and looks nowhere else; where the guess is off, it gives up. Here
MediaPipe Hands, which has a palm detector of its own, looks in a wider square. Which hand it is follows from the wrist
that it is at, not from the classifier of left and right. `benchmarks/measure_refinement.py` measures what that gains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ishara.pose.estimate.body import body_size, point
from ishara.pose.estimate.mediapipe_graphs import hands_graph
from ishara.pose.skeleton import HANDS, MEDIAPIPE_BODY

Array = NDArray[np.float32]

# Lengths are in sizes of the body (see `body_size`).
_SQUARE = 1.5
_FARTHEST_WRIST = 0.35
_SAME_HAND = 0.15
# A wrist that the body model holds for hidden is a guess, and a hand that is half outside the picture is one, too.
_SURE_WRIST = 0.5
_IN_PICTURE = 0.75
# In pixels; the palm detector sees nothing in less.
_SMALLEST_SQUARE = 16


class SecondLook:
    """Looks for missed hands at the wrists.

    Raises
    ------
    IsharaError
        If MediaPipe is not installed.
    """

    def __init__(self) -> None:
        self._graph = hands_graph()

    def find(
        self, picture: NDArray[np.uint8], body: Array, confidence: Array, hands: Mapping[str, Array]
    ) -> dict[str, Array]:
        """The hands that a second look finds.

        A hand counts when its wrist is at the body's wrist and no nearer to the other one, most of it is in the
        picture, and it is not the hand that was already found.

        Parameters
        ----------
        picture
            (H, W, 3) RGB.
        body
            (33, 3) pixels, MediaPipe's body landmarks.
        confidence
            (33,) of them, 0 to 1.
        hands
            The hands found so far, ``left_hand`` and ``right_hand``: (21, 3) pixels.

        Returns
        -------
        dict
            Of the hands that were missing, those that are found now: (21, 3) pixels, z as wide as x.
        """
        size = float(body_size(body))
        found = dict(hands)
        for hand in HANDS:
            if hand not in hands and in_view(picture, body, confidence, hand):
                seen = self._hands(picture, _palm(body, hand), size)
                seen = [points for points in seen if _plausible(points, picture, list(found.values()), size)]
                if (nearest := _at_wrist(seen, body, hand, size)) is not None:
                    found[hand] = nearest
        return {hand: points for hand, points in found.items() if hand not in hands}

    def close(self) -> None:
        """Free the models."""
        self._graph.close()

    def _hands(self, picture: NDArray[np.uint8], centre: Array, size: float) -> list[Array]:
        """All hands in a square of the picture, each (21, 3) in the picture's pixels."""
        # A body near the camera may be larger than the picture.
        side = min(max(round(_SQUARE * size), _SMALLEST_SQUARE), 2 * max(picture.shape))
        left, top = (round(float(middle) - side / 2) for middle in centre[:2])
        outputs = self._graph.process(_square(picture, left, top, side))
        corner = np.array((left, top, 0), np.float32)
        return [
            np.array([(mark.x, mark.y, mark.z) for mark in hand.landmark], np.float32) * side + corner
            for hand in outputs.multi_hand_landmarks or ()
        ]


def in_view(picture: NDArray[np.uint8], body: Array, confidence: Array, hand: str) -> bool:
    """Whether the body (33, 3) with its confidence (33,) has the wrist of a hand in the picture, and not hidden."""
    wrist = MEDIAPIPE_BODY.index(_wrist(hand))
    return bool(confidence[wrist] >= _SURE_WRIST) and _share_inside(body[wrist : wrist + 1], picture) == 1


def _at_wrist(seen: Sequence[Array], body: Array, hand: str, size: float) -> Array | None:
    """The hand nearest to the body's wrist, if it is near enough and no nearer to the other wrist."""
    own, other = (point(body, _wrist(which)) for which in sorted(HANDS, key=lambda which: which != hand))
    nearest = min(seen, key=lambda points: _distance(points[0], own), default=None)
    if nearest is None or _distance(nearest[0], own) > min(_FARTHEST_WRIST * size, _distance(nearest[0], other)):
        return None
    return nearest


def _plausible(points: Array, picture: NDArray[np.uint8], others: Sequence[Array], size: float) -> bool:
    """Whether a hand is mostly in the picture and none of the others."""
    apart = all(np.hypot(*(points - other)[:, :2].T).mean() > _SAME_HAND * size for other in others)
    return apart and _share_inside(points, picture) >= _IN_PICTURE


def _palm(body: Array, hand: str) -> Array:
    """Where the body's landmarks have the middle of a palm."""
    side = hand.removesuffix("_hand")
    return np.mean([point(body, f"{side}_{name}") for name in ("wrist", "index", "pinky")], axis=0)


def _wrist(hand: str) -> str:
    return hand.removesuffix("_hand") + "_wrist"


def _distance(one: Array, other: Array) -> float:
    """In x and y."""
    return float(np.hypot(*(one - other)[:2]))


def _share_inside(points: Array, picture: NDArray[np.uint8]) -> float:
    """The share of points (N, 3) that lie in the picture."""
    inside = (points[:, :2] >= 0) & (points[:, :2] < (picture.shape[1], picture.shape[0]))
    return float(inside.all(axis=1).mean())


def _square(picture: NDArray[np.uint8], left: int, top: int, side: int) -> NDArray[np.uint8]:
    """A square (side, side, 3) of a picture, black where it lies outside."""
    square = np.zeros((side, side, 3), np.uint8)
    height, width = picture.shape[:2]
    rows = slice(max(top, 0), max(min(top + side, height), 0))
    columns = slice(max(left, 0), max(min(left + side, width), 0))
    part = picture[rows, columns]
    square[rows.start - top :, columns.start - left :][: part.shape[0], : part.shape[1]] = part
    return square
