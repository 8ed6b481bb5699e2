"""`Pose`: the landmarks of one clip over time, with how sure the estimator was of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.pose.skeleton import COMPUTED, Skeleton

Array = NDArray[np.float32]


class _Match(NamedTuple):
    """Where the landmarks of one skeleton are on another.

    Parameters
    ----------
    taken
        (K,) the place of each; any, for those below.
    computed
        The landmarks that are midpoints, and what of.
    missing
        The landmarks that are not to be had.
    """

    taken: NDArray[np.intp]
    computed: tuple[tuple[int, list[int]], ...]
    missing: NDArray[np.intp]


@lru_cache(maxsize=64)
def _match(given: Skeleton, wanted: Skeleton) -> _Match:
    taken, computed, missing = [], [], []
    for k, name in enumerate(wanted.landmarks):
        taken.append(given.index(name) if name in given else 0)
        if name in given:
            continue
        sources = COMPUTED.get(name, ())
        if sources and all(source in given for source in sources):
            computed.append((k, [given.index(source) for source in sources]))
        else:
            missing.append(k)
    return _Match(np.array(taken, np.intp), tuple(computed), np.array(missing, np.intp))


@lru_cache(maxsize=256)
def columns_of(skeleton: Skeleton, group: str) -> NDArray[np.intp]:
    """Where the landmarks of a body part are on a skeleton, in their order; empty where it has none."""
    return np.array([skeleton.index(name) for name in skeleton.groups.get(group, ())], np.intp)


@dataclass(frozen=True, eq=False)
class Pose:
    """Landmark coordinates of one clip.

    Parameters
    ----------
    coordinates
        (T, K, D) float32, D = 2 or 3: x to the viewer's right, y down, z away from the camera; any unit.
    confidence
        (T, K) float32 in [0, 1]. 0 means that a landmark was not seen; its coordinates mean nothing and are held as 0.
    fps
        Frames per second, above 0.
    skeleton
        What the K landmarks are.

    Raises
    ------
    IsharaError
        If the shapes do not fit together, the clip has no frame, or a landmark that was seen has a coordinate that is
        not finite.
    """

    coordinates: Array
    confidence: Array
    fps: float
    skeleton: Skeleton

    def __post_init__(self) -> None:
        coordinates = np.array(self.coordinates, dtype=np.float32)
        confidence = np.array(self.confidence, dtype=np.float32)
        if coordinates.ndim != 3 or coordinates.shape[1] != len(self.skeleton) or coordinates.shape[2] not in (2, 3):
            raise IsharaError(
                f"Coordinates have the shape {coordinates.shape}; expected (frames, {len(self.skeleton)}, 2 or 3) "
                f"for the skeleton {self.skeleton.name!r}."
            )
        expected = coordinates.shape[:2]
        if confidence.shape != expected:
            raise IsharaError(f"Confidence has the shape {confidence.shape}; expected {expected}, as the coordinates.")
        if not len(coordinates):
            raise IsharaError("The clip has no frames; expected at least one.")
        if not (np.isfinite(self.fps) and self.fps > 0):
            raise IsharaError(f"The frame rate is {self.fps}; expected a number above 0.")
        if not (confidence.min() >= 0 and confidence.max() <= 1):
            raise IsharaError("A confidence is outside 0 to 1 (or not a number); expected 0 for a landmark not seen.")
        seen = confidence > 0
        finite = np.isfinite(coordinates)
        # Landmark by landmark only where there is something to find: this is done for every step of every clip.
        if not finite.all() and (wrong := ~finite.all(axis=-1) & seen).any():
            t, k = np.argwhere(wrong)[0]
            raise IsharaError(
                f"{int(wrong.sum())} landmarks that were seen have coordinates that are NaN or infinite (first: "
                f"{self.skeleton.landmarks[k]} in frame {t}); a landmark that was not seen needs confidence 0."
            )
        if not seen.all():
            coordinates[~seen] = 0
        object.__setattr__(self, "coordinates", coordinates)
        object.__setattr__(self, "confidence", confidence)

    def __len__(self) -> int:
        return len(self.coordinates)

    @property
    def seen(self) -> NDArray[np.bool_]:
        """(T, K): where a landmark was seen."""
        return self.confidence > 0

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self) / self.fps

    def landmark(self, name: str) -> Array:
        """(T, D) coordinates of one landmark."""
        return self.coordinates[:, self.skeleton.index(name)]

    def replace(self, coordinates: Array, confidence: Array | None = None) -> Pose:
        """The same clip with other coordinates (and confidence)."""
        return replace(self, coordinates=coordinates, confidence=self.confidence if confidence is None else confidence)

    def frames(self, index: slice | Sequence[int] | NDArray[np.integer[Any] | np.bool_]) -> Pose:
        """The frames chosen by a NumPy index, at the same frame rate."""
        return self.replace(self.coordinates[index], self.confidence[index])

    def stretch(self, start: float | None, end: float | None) -> Pose:
        """The part of the clip between two times, to the nearest frame and at least one frame long.

        Parameters
        ----------
        start, end
            Seconds from the beginning; ``None`` for the clip's beginning and end. An end beyond the clip is its end.

        Raises
        ------
        IsharaError
            If nothing lies between them.
        """
        if start is None and end is None:
            return self
        begin = 0.0 if start is None else start
        finish = self.duration if end is None else min(end, self.duration)
        if not 0 <= begin < finish:
            until = "the end" if end is None else f"{end:g} s"
            raise IsharaError(
                f"The stretch from {begin:g} s to {until} is empty; the clip is {self.duration:g} s long. Mend start "
                "and end (seconds from the beginning of the file)."
            )
        first = min(round(begin * self.fps), len(self) - 1)
        return self.frames(slice(first, max(round(finish * self.fps), first + 1)))

    def to(self, skeleton: Skeleton) -> Pose:
        """The clip on another skeleton, matched by landmark name.

        A landmark that this clip lacks is computed where it is the midpoint of two that it has (the neck, the middle of
        the hips), seen when both are; otherwise its confidence is 0.
        """
        if skeleton.landmarks == self.skeleton.landmarks:
            return replace(self, skeleton=skeleton)
        match = _match(self.skeleton, skeleton)
        coordinates = self.coordinates.take(match.taken, axis=1)
        confidence = self.confidence.take(match.taken, axis=1)
        confidence[:, match.missing] = 0
        for k, sources in match.computed:
            coordinates[:, k] = self.coordinates[:, sources].mean(axis=1)
            confidence[:, k] = self.confidence[:, sources].min(axis=1)
        return Pose(coordinates, confidence, self.fps, skeleton)

    def mirrored(self) -> Pose:
        """Left and right exchanged: x changes its sign, and each landmark trades places with its partner.

        The clip keeps its place only when x is measured from the body's midline, as after normalisation. In some sign
        languages the mirrored form is another sign. Twice gives the clip back.
        """
        order = np.array(self.skeleton.mirror)
        flip = np.ones(self.coordinates.shape[2], np.float32)
        flip[0] = -1
        return self.replace(self.coordinates.take(order, axis=1) * flip, self.confidence.take(order, axis=1))

    def resampled(self, frames: int) -> Pose:
        """The clip stretched or squeezed to a number of frames over the same duration, by linear interpolation.

        Between a frame where a landmark was seen and one where it was not, the nearer frame decides.
        """
        if frames < 1:
            raise IsharaError(f"A clip cannot be resampled to {frames} frames; expected at least 1.")
        if frames == len(self):
            return self
        last = len(self) - 1
        position = np.linspace(0, last, frames) if frames > 1 else np.array([last / 2])
        return replace(self.sampled(position), fps=self.fps * frames / len(self))

    def sampled(self, position: NDArray[np.floating[Any]]) -> Pose:
        """The clip at fractional frame positions in [0, T - 1], at the same frame rate; see `resampled`."""
        low = np.floor(position).astype(int)
        high = np.minimum(low + 1, len(self) - 1)
        weight = (position - low).astype(np.float32)[:, None]
        seen_low, seen_high = self.seen[low], self.seen[high]
        weight = np.where(seen_low & seen_high, weight, np.round(weight))
        confidence = self.confidence[low] * (1 - weight) + self.confidence[high] * weight
        coordinates = self.coordinates[low] * (1 - weight[..., None]) + self.coordinates[high] * weight[..., None]
        return self.replace(coordinates, np.clip(confidence, 0, 1))
