"""`SharedEstimator`: one estimator for everybody who holds it, made when the first video comes."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO

from ishara.pose.pose import Pose
from ishara.recipe import EstimatorOptions
from ishara.video.box import Box

if TYPE_CHECKING:
    from ishara.pose.estimate.estimator import PoseEstimator


class SharedEstimator:
    """Landmarks of videos, one video at a time whatever the thread: an estimator follows one person through one clip.

    Parameters
    ----------
    options
        What it is made with. Its package is imported with the first video.
    """

    def __init__(self, options: EstimatorOptions) -> None:
        self.options = options
        self._lock = Lock()
        self._estimator: PoseEstimator | None = None

    def landmarks(
        self,
        source: str | Path | BinaryIO,
        start: float | None = None,
        end: float | None = None,
        box: Box | None = None,
    ) -> Pose:
        """The landmarks of a video; see `ishara.pose.estimate.video.estimate_video`."""
        from ishara.pose.estimate.estimator import make_estimator
        from ishara.pose.estimate.video import estimate_video

        with self._lock:
            if self._estimator is None:
                self._estimator = make_estimator(self.options)
            return estimate_video(source, self._estimator, start=start, end=end, box=box)
