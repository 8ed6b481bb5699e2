"""`PoseEstimator`: what turns pictures into landmarks, whatever is behind it, and the list of those that there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ishara.pose.estimate.options import EstimatorOptions
from ishara.pose.pose import Pose
from ishara.pose.skeleton import Skeleton


class PoseEstimator(Protocol):
    """Estimates the landmarks of one person, clip by clip."""

    options: EstimatorOptions
    skeleton: Skeleton

    def estimate(self, frames: Iterable[NDArray[np.uint8]], fps: float) -> Pose:
        """The landmarks of one clip; it does not depend on the clips before.

        Parameters
        ----------
        frames
            The clip's pictures in their order, each (H, W, 3) RGB; all are asked for, whatever `options.stride` is.
        fps
            Frames per second, above 0.

        Returns
        -------
        Pose
            One frame per picture, in pixels; z too (as wide as x), away from the camera.

        Raises
        ------
        IsharaError
            If there is no picture, or one is not of that shape.
        """
        ...

    def close(self) -> None:
        """Give back what the estimator holds; it cannot be used any more."""
        ...


def make_estimator(options: EstimatorOptions = EstimatorOptions()) -> PoseEstimator:  # noqa: B008 - it is frozen
    """An estimator by its options.

    Raises
    ------
    IsharaError
        If the estimator's package is not installed (it says what to type), or a model file is not there.
    """
    from ishara.pose.estimate.holistic import MediaPipeHolistic

    return MediaPipeHolistic(options)
