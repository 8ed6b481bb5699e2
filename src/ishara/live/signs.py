"""`LandmarkSigns`: a session's landmarks, frame by frame, to signs."""

from __future__ import annotations

import numpy as np

from ishara.live.steady import Steady
from ishara.pose.pose import Array, Pose
from ishara.pose.skeleton import Skeleton
from ishara.recognizer import Prediction, Recognizer
from ishara.spotting import Segment, StreamSpotter

# Seconds without a frame after which a sign cannot go on.
_LONGEST_GAP = 0.6


class LandmarkSigns:
    """Spots signs in landmarks at whatever rate they come; collects takes of a sign that is taught.

    Parameters
    ----------
    recognizer
        Of landmarks.
    skeleton
        What the landmarks are.
    fps
        At which rate signs are looked for.
    left_handed
        Exchange left and right, so that the leading left hand of a signer is what the recogniser knows as the right.
    """

    def __init__(self, recognizer: Recognizer, skeleton: Skeleton, fps: float, *, left_handed: bool = False) -> None:
        self.skeleton = skeleton
        self.left_handed = left_handed
        self.last: float | None = None
        self._recognizer = recognizer
        self._fps = fps
        self._steady = Steady(skeleton, fps)
        self._mirror = np.array(skeleton.mirror)
        self._spotter = self._fresh()
        self._take: list[tuple[Array, Array]] | None = None

    @property
    def provisional(self) -> Prediction | None:
        """What is being signed now; None while the hands rest, or a take is recorded."""
        return self._spotter.provisional if self._take is None else None

    @property
    def take_seconds(self) -> float | None:
        """How long the take is that is recorded now; None where none is."""
        return None if self._take is None else len(self._take) / self._fps

    def push(self, coordinates: Array, confidence: Array, time: float) -> list[Segment]:
        """Take a frame (K, D), (K,), its time above that of the last; the signs that it decided."""
        found: list[Segment] = []
        if self.last is not None and time - self.last > _LONGEST_GAP:
            found = self.rest()
        self.last = time
        for points, sure, when in self._steady.push(coordinates, confidence, time):
            if self.left_handed:
                points, sure = self._mirrored(points, sure)
            if self._take is not None:
                self._take.append((points, sure))
            else:
                found += self._spotter.push(points, sure, when)
        return found

    def rest(self) -> list[Segment]:
        """Nothing comes for a while: the sign that was begun ends; the signs that were not decided yet."""
        found = self._spotter.finish()
        self._spotter = self._fresh()
        self._steady.forget()
        return found

    def start_take(self) -> list[Segment]:
        """The frames that come now are a take, not signs to recognise; what was begun before ends."""
        found = self.rest()
        self._take = []
        return found

    def stop_take(self) -> Pose | None:
        """The take, as it is to be taught; None where none was begun, or it has no frame."""
        frames, self._take = self._take, None
        self._steady.forget()
        if not frames:
            return None
        coordinates, confidence = (np.stack(parts) for parts in zip(*frames, strict=True))
        return Pose(coordinates, confidence, self._fps, self.skeleton)

    def _fresh(self) -> StreamSpotter:
        return StreamSpotter(self._recognizer, self.skeleton, self._fps)

    def _mirrored(self, coordinates: Array, confidence: Array) -> tuple[Array, Array]:
        """As `Pose.mirrored`; where the body stands then makes no difference, since the shoulders are its measure."""
        flipped = coordinates[self._mirror].copy()
        flipped[:, 0] *= -1
        return flipped, confidence[self._mirror]
