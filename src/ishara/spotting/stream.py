"""`StreamSpotter`: signs found while frames of landmarks come in."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from ishara.errors import IsharaError
from ishara.pose.pose import Array
from ishara.pose.skeleton import Skeleton
from ishara.recognizer import Prediction, Recognizer
from ishara.recognizer.inputs import ModelInput
from ishara.spotting.boundaries import Boundary, BoundaryFinder
from ishara.spotting.chain import Chain, Node
from ishara.spotting.edges import Stretch, stretch_between
from ishara.spotting.motion import Moment, MotionTracker
from ishara.spotting.options import SpotOptions
from ishara.spotting.segment import Segment
from ishara.spotting.window import RecentFrames
from ishara.spotting.worth import Worth


class StreamSpotter:
    """Finds signs in landmarks that come frame by frame, in memory that does not grow.

    The hands' motion gives boundaries: rests, dips between two signs, pauses. Whenever there is a new one, every
    stretch that may be a sign and ends there is recognised, and the best chain of stretches that do not overlap is
    kept. A sign is given as soon as nothing that may still come can take it out of the best chain, and never again.

    Parameters
    ----------
    recognizer
        Of landmarks.
    skeleton
        What the landmarks of each frame are.
    fps
        Frames per second, about: how long frames are is told by their times.
    options
        What counts as a sign; by default what follows from how long the clips were that the recogniser learnt from.

    Raises
    ------
    IsharaError
        If the recogniser looks at pictures, or the frame rate is no number above 0.
    """

    def __init__(
        self, recognizer: Recognizer, skeleton: Skeleton, fps: float, options: SpotOptions | None = None
    ) -> None:
        if recognizer.config.input == "pixels":
            raise IsharaError(
                f"{recognizer.folder}: looks at pictures, and signs are spotted in landmarks; give a recogniser of "
                "landmarks."
            )
        if not (np.isfinite(fps) and fps > 0):
            raise IsharaError(f"The frame rate is {fps}; expected a number above 0.")
        self.options = options or SpotOptions.for_clips(recognizer.config.clip_seconds)
        # The ranking of what is being signed now; None while the hands rest.
        self.provisional: Prediction | None = None
        self._recognizer = recognizer
        self._skeleton = skeleton
        self._frame = 1 / fps
        # Back to the first boundary that still matters when a moment, which comes late, makes another.
        kept = self.options.reach + 1.0
        self._frames = RecentFrames(skeleton, kept, fps, self.options.rate)
        self._kept = kept
        self._motion = MotionTracker(skeleton, fps)
        self._moments: deque[Moment] = deque()
        self._boundaries = BoundaryFinder(self.options)
        self._worth = Worth(self.options)
        self._chain: Chain[Segment] = Chain(self._worth)
        self._last_time = float("-inf")
        self._since_ranked = 0

    def push(self, coordinates: Array, confidence: Array, time: float) -> list[Segment]:
        """Take one frame.

        Parameters
        ----------
        coordinates
            (K, D), in any unit.
        confidence
            (K,) in [0, 1]; 0 where a landmark was not seen.
        time
            Seconds, above that of the frame before.

        Returns
        -------
        The segments that are decided now, in their order; none comes twice, no two overlap.

        Raises
        ------
        IsharaError
            If the time is not above the last one's, or the arrays are not of the skeleton's shape.
        """
        if not time > self._last_time:
            raise IsharaError(f"A frame at {time:g} s came after one at {self._last_time:g} s; expected rising times.")
        if coordinates.shape[:1] != confidence.shape or len(confidence) != len(self._skeleton):
            raise IsharaError(
                f"A frame has coordinates of the shape {coordinates.shape} and confidence of {confidence.shape}; "
                f"expected ({len(self._skeleton)}, 2 or 3) and ({len(self._skeleton)},) for {self._skeleton.name!r}."
            )
        self._last_time = time
        self._frames.push(coordinates, confidence, time)
        found: list[Segment] = []
        for moment in self._motion.push(coordinates, confidence, time):
            found += self._take(moment)
        self._rank(time)
        return found

    def finish(self) -> list[Segment]:
        """The end of the recording: the segments that were not decided yet."""
        found: list[Segment] = []
        for moment in self._motion.finish():
            found += self._take(moment)
        if self._moments:
            for boundary in self._boundaries.finish(self._moments[-1]):
                found += self._meet(boundary)
        self.provisional = None
        return found

    def _take(self, moment: Moment) -> list[Segment]:
        self._moments.append(moment)
        while self._moments[0].time < moment.time - self._kept:
            self._moments.popleft()
        return [segment for boundary in self._boundaries.push(moment) for segment in self._meet(boundary)]

    def _meet(self, boundary: Boundary) -> list[Segment]:
        """What a new boundary decides."""
        signs = self._signs_to(boundary)
        self._chain.add(boundary, signs)
        if boundary.kind == "closing":
            self.provisional = None
            return self._told(self._chain.close())
        decided = self._chain.decided()
        if decided:
            self.provisional = None
        return self._told(decided)

    def _signs_to(self, end: Boundary) -> list[tuple[Node[Segment], float, Segment]]:
        """The signs that may end at a boundary, each with where it begins and what it is worth."""
        starts, stretches = [], []
        for start, inner in self._chain.starts(end):
            stretch = stretch_between(self._moments, start.boundary, end, self._boundaries.rest, self.options)
            if stretch is not None:
                starts.append((start, inner))
                stretches.append(stretch)
        signs = []
        for (start, inner), stretch, prediction in zip(starts, stretches, self._recognised(stretches), strict=True):
            if prediction is None:
                continue
            segment = Segment(
                stretch.start,
                stretch.end + self._frame,
                prediction.gloss,
                prediction.probability,
                prediction,
                self._is_known(prediction),
            )
            worth = self._worth.of(start.boundary, end, inner, segment.duration, prediction.probability)
            signs.append((start, worth, segment))
        return signs

    def _recognised(self, stretches: Sequence[Stretch]) -> list[Prediction | None]:
        """What is signed in each stretch; None where the recogniser sees nothing that it could go by."""
        clips: list[ModelInput] = []
        places: list[int] = []
        for place, stretch in enumerate(stretches):
            pose = self._frames.clip(stretch.start, stretch.end)
            if pose is None:
                continue
            try:
                clips.append(self._recognizer.prepare(pose))
            except IsharaError:
                continue  # no landmark that it knows was seen: this is no sign
            places.append(place)
        found: list[Prediction | None] = [None] * len(stretches)
        if clips:
            for place, prediction in zip(places, self._recognizer.classify(clips), strict=True):
                found[place] = prediction
        return found

    def _told(self, segments: list[Segment]) -> list[Segment]:
        """Those of a known sign, or all where that is asked for."""
        return [segment for segment in segments if segment.known or self.options.unknown]

    def _is_known(self, prediction: Prediction) -> bool:
        if prediction.known is not None:
            return prediction.known
        return prediction.probability >= self.options.known

    def _rank(self, time: float) -> None:
        """Renew the provisional ranking: of what is signed since the last sure boundary."""
        if self._boundaries.resting or not self._chain.nodes:
            self.provisional = None
            return
        self._since_ranked += 1
        if self._since_ranked < self.options.provisional_every:
            return
        start = max(self._chain.nodes[-1].boundary.time, time - self.options.longest)
        if time - start >= self.options.shortest:
            self._since_ranked = 0
            self.provisional = self._recognised([Stretch(start, time)])[0]
