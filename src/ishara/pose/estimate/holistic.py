"""`MediaPipeHolistic`: body, hands and face by MediaPipe Holistic 0.10.21 (Grishchenko & Bazarevsky, 2020)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.pose.estimate.mediapipe_graphs import holistic_graph
from ishara.pose.estimate.options import EstimatorOptions
from ishara.pose.estimate.second_look import SecondLook
from ishara.pose.estimate.stride import filled, looked_at
from ishara.pose.pose import Pose
from ishara.pose.skeleton import HANDS, get_skeleton

Array = NDArray[np.float32]
_OUTPUTS = {
    "body": "pose_landmarks",
    "face": "face_landmarks",
    "left_hand": "left_hand_landmarks",
    "right_hand": "right_hand_landmarks",
}
# A body landmark that was placed, but that the model holds for hidden, still has coordinates.
_LEAST = 1e-3


class MediaPipeHolistic:
    """Estimates the landmarks of the most prominent person, following that person from frame to frame.

    Parameters
    ----------
    options
        What to look for, and how carefully.

    Raises
    ------
    IsharaError
        If MediaPipe is not installed, or a model file is missing or damaged.
    """

    def __init__(self, options: EstimatorOptions = EstimatorOptions()) -> None:  # noqa: B008 - it is frozen
        self.options = options
        self.skeleton = get_skeleton("holistic-face" if options.face else "holistic")
        groups = self.skeleton.groups
        self._outputs = {group: _OUTPUTS[group] for group in groups}
        self._columns = {group: [self.skeleton.index(name) for name in names] for group, names in groups.items()}
        self._graph = holistic_graph(options)
        self._second_look = SecondLook() if options.refine else None

    def estimate(self, frames: Iterable[NDArray[np.uint8]], fps: float) -> Pose:
        """The landmarks of one clip; see `PoseEstimator.estimate`.

        A body landmark's confidence is MediaPipe's visibility, at least 0.001 where there is a body; that of a hand or
        face that was found is 1.
        """
        self._graph.reset()
        numbers: list[int] = []
        coordinates: list[Array] = []
        confidence: list[Array] = []
        for number, picture in looked_at(frames, self.options.stride):
            points, sure = self._look(_checked(picture, number))
            numbers.append(number)
            coordinates.append(points)
            confidence.append(sure)
        if not numbers:
            raise IsharaError("There are no frames to estimate landmarks from; expected at least one.")
        return filled(Pose(np.stack(coordinates), np.stack(confidence), fps, self.skeleton), numbers)

    def close(self) -> None:
        """Free the models."""
        self._graph.close()
        if self._second_look is not None:
            self._second_look.close()

    def _look(self, picture: NDArray[np.uint8]) -> tuple[Array, Array]:
        """Coordinates (K, 3) in pixels and confidence (K,) in one picture."""
        outputs = self._graph.process(picture)
        coordinates = np.zeros((len(self.skeleton), 3), np.float32)
        confidence = np.zeros(len(self.skeleton), np.float32)
        body = outputs.pose_landmarks
        if body is None:
            return coordinates, confidence
        found = {
            group: _pixels(landmarks, picture)
            for group, output in self._outputs.items()
            if (landmarks := getattr(outputs, output)) is not None
        }
        visibility = np.clip([point.visibility for point in body.landmark], _LEAST, 1).astype(np.float32)
        if self._second_look is not None:
            hands = {hand: found[hand] for hand in HANDS if hand in found}
            found |= self._second_look.find(picture, found["body"], visibility, hands)
        for group, points in found.items():
            coordinates[self._columns[group]] = points
            confidence[self._columns[group]] = visibility if group == "body" else 1
        return coordinates, confidence


def _pixels(landmarks: Any, picture: NDArray[np.uint8]) -> Array:
    """(K, 3) pixels of a list of landmarks, which are in fractions of the picture's sides; z, like x, of its width."""
    height, width = picture.shape[:2]
    points = np.array([(point.x, point.y, point.z) for point in landmarks.landmark], np.float32)
    return points * np.array((width, height, width), np.float32)


def _checked(picture: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
    """The picture as MediaPipe wants it: its rows one after the other in memory."""
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or not picture.size:
        raise IsharaError(
            f"Frame {number} is {picture.dtype} of shape {picture.shape}; expected uint8 of (height, width, 3), RGB."
        )
    return np.ascontiguousarray(picture)
