"""Landmarks picture by picture, where the pictures never end: of a camera."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ishara.pose.estimate.holistic import MediaPipeHolistic
from ishara.pose.estimate.options import EstimatorOptions
from ishara.pose.pose import Array
from ishara.pose.skeleton import Skeleton


class StreamEstimator(Protocol):
    """Estimates the landmarks of one person, following that person from picture to picture."""

    skeleton: Skeleton

    def look(self, picture: NDArray[np.uint8]) -> tuple[Array, Array]:
        """The landmarks in the next picture.

        Parameters
        ----------
        picture
            (H, W, 3) RGB.

        Returns
        -------
        tuple
            Coordinates (K, 3) in pixels, and confidence (K,): 0 for what was not seen.

        Raises
        ------
        IsharaError
            If the estimator fails.
        """
        ...

    def reset(self) -> None:
        """Forget whom it followed: another person, or another camera, comes."""
        ...

    def close(self) -> None:
        """Give back what it holds; it cannot be used any more."""
        ...


class HolisticStream(MediaPipeHolistic):
    """MediaPipe Holistic for pictures that come one by one; otherwise as for clips, landmark for landmark."""

    def look(self, picture: NDArray[np.uint8]) -> tuple[Array, Array]:
        """See `StreamEstimator`."""
        return self._look(np.ascontiguousarray(picture))

    def reset(self) -> None:
        """See `StreamEstimator`."""
        self._graph.reset()


def make_stream_estimator(options: EstimatorOptions) -> StreamEstimator:
    """An estimator by its options; `stride` has no meaning here.

    Raises
    ------
    IsharaError
        If MediaPipe is not installed, or a model file is not there.
    """
    return HolisticStream(options)
