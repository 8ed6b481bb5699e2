"""`Eyes`: from a frame as it comes over the wire to the signs that it decided, of pictures or of landmarks."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ishara.errors import IsharaError
from ishara.live.estimators import Estimators
from ishara.live.jpeg import JpegDecoder
from ishara.live.pixel_signs import PixelSigns
from ishara.live.schema import BinaryFrame, LandmarkFrame, landmarks_of
from ishara.live.signs import LandmarkSigns
from ishara.pose.pose import Array
from ishara.pose.skeleton import Skeleton
from ishara.recognizer import Prediction, Recognizer
from ishara.spotting import Segment

Points = list[tuple[float, float, float]]


class Signs(Protocol):
    """What makes signs of a session's frames.

    `provisional` is what is being signed now, `last` the time of the last frame.
    """

    left_handed: bool

    @property
    def provisional(self) -> Prediction | None:
        """What is being signed now; None while at rest."""
        ...

    @property
    def last(self) -> float | None:
        """The time of the last frame."""
        ...

    def rest(self) -> list[Segment]:
        """No frame comes for a while; the signs that were not decided yet."""
        ...


class Eyes(Protocol):
    """Looks at one session's frames.

    `points` are those of the last frame, as the page draws them.
    """

    points: Points | None

    @property
    def signs(self) -> Signs:
        """What becomes of them."""
        ...

    def look(self, frame: BinaryFrame | LandmarkFrame) -> list[Segment]:
        """The signs that a frame decided; `IsharaError` if it is none."""
        ...

    def close(self) -> None:
        """The session ends."""
        ...


class LandmarkEyes:
    """For a recogniser of landmarks, where these come over the wire.

    Parameters
    ----------
    signs
        What spots signs in them.
    dimensions
        Coordinates of each.
    """

    def __init__(self, signs: LandmarkSigns, dimensions: int) -> None:
        self.signs = signs
        self.points: Points | None = None
        self._dimensions = dimensions

    def look(self, frame: BinaryFrame | LandmarkFrame) -> list[Segment]:
        """See `Eyes`."""
        if isinstance(frame, BinaryFrame) and frame.kind == "jpeg":
            raise IsharaError('A picture came, but the hello said that landmarks would: "input": "jpeg" is for these.')
        payload = frame.payload if isinstance(frame, BinaryFrame) else frame.points
        coordinates, confidence = landmarks_of(payload, len(self.signs.skeleton), self._dimensions)
        return self.signs.push(coordinates, confidence, frame.time)

    def close(self) -> None:
        """See `Eyes`."""


class CameraEyes(LandmarkEyes):
    """For a recogniser of landmarks, where pictures come: MediaPipe finds the landmarks.

    Parameters
    ----------
    estimators
        Where what finds them is borrowed, which raises an `IsharaError` if there is none.
    """

    def __init__(
        self, recognizer: Recognizer, estimators: Estimators, fps: float, most_pixels: int, *, left_handed: bool
    ) -> None:
        self._estimators = estimators
        self._estimator = estimators.borrow()
        signs = LandmarkSigns(recognizer, self._estimator.skeleton, fps, left_handed=left_handed)
        super().__init__(signs, 3)
        self._shown = shown_places(self._estimator.skeleton)
        self._decoder = JpegDecoder(most_pixels)

    def look(self, frame: BinaryFrame | LandmarkFrame) -> list[Segment]:
        """See `Eyes`."""
        picture = self._decoder.rgb(_jpeg(frame))
        coordinates, confidence = self._estimator.look(picture)
        height, width = picture.shape[:2]
        self.points = _as_shares(coordinates[self._shown], confidence[self._shown], width, height)
        return self.signs.push(coordinates, confidence, frame.time)

    def close(self) -> None:
        """See `Eyes`."""
        self._estimators.give_back(self._estimator)


class PixelEyes:
    """For a recogniser of pixels."""

    def __init__(self, recognizer: Recognizer, most_pixels: int, *, left_handed: bool) -> None:
        self.signs = PixelSigns(recognizer, left_handed=left_handed)
        self.points: Points | None = None
        self._decoder = JpegDecoder(most_pixels)

    def look(self, frame: BinaryFrame | LandmarkFrame) -> list[Segment]:
        """See `Eyes`."""
        return self.signs.push(self._decoder.frame(_jpeg(frame)), frame.time)

    def close(self) -> None:
        """See `Eyes`."""


def shown_places(skeleton: Skeleton) -> list[int]:
    """Which landmarks the page draws: all but the face's mesh, which would be a blot, and the legs."""
    legs = ("knee", "ankle", "heel", "foot_index")
    return [
        place
        for place, name in enumerate(skeleton.landmarks)
        if not name.startswith("face.") and not name.endswith(legs)
    ]


def _jpeg(frame: BinaryFrame | LandmarkFrame) -> bytes:
    if not isinstance(frame, BinaryFrame) or frame.kind != "jpeg":
        raise IsharaError('Landmarks came, but the hello said that pictures would: "input": "landmarks" is for these.')
    return frame.payload


def _as_shares(coordinates: Array, confidence: Array, width: int, height: int) -> Points:
    """Landmarks (K, 3) in pixels as shares of the picture's sides, for the page."""
    points = np.column_stack([coordinates[:, 0] / width, coordinates[:, 1] / height, confidence])
    return [(x, y, sure) for x, y, sure in np.round(points, 4).tolist()]
