"""`Estimators`: what finds landmarks in pictures, one for each session, kept warm for the next."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from ishara.errors import IsharaError
from ishara.pose.estimate.stream import StreamEstimator, make_stream_estimator
from ishara.pose.skeleton import Skeleton, get_skeleton
from ishara.recipe import EstimatorOptions, Recipe
from ishara.recognizer.inputs import estimator_options

Make = Callable[[EstimatorOptions], StreamEstimator]
# Each holds some hundred megabytes.
_KEPT = 2


class Estimators:
    """Lends estimators to sessions; may be used from several threads.

    Parameters
    ----------
    recipe
        Whose model looks at the landmarks.
    make
        What makes one.
    """

    def __init__(self, recipe: Recipe, make: Make = make_stream_estimator) -> None:
        self._options = estimator_options(recipe)
        self.skeleton: Skeleton = get_skeleton("holistic-face" if self._options.face else "holistic")
        self._make = make
        self._lock = Lock()
        self._idle: list[StreamEstimator] = []
        self._closed = False

    def problem(self) -> str | None:
        """Why no camera can be served; none where one can. The first estimator is made for that and kept."""
        try:
            self.give_back(self.borrow())
        except IsharaError as error:
            return str(error)
        return None

    def borrow(self) -> StreamEstimator:
        """One that follows nobody yet.

        Raises
        ------
        IsharaError
            If MediaPipe is not installed, or cannot be started.
        """
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._make(self._options)

    def give_back(self, estimator: StreamEstimator) -> None:
        """It is not needed any more; one that fails to forget whom it followed is closed."""
        try:
            estimator.reset()
        except IsharaError:
            estimator.close()
            return
        with self._lock:
            kept = not self._closed and len(self._idle) < _KEPT
            if kept:
                self._idle.append(estimator)
        if not kept:
            estimator.close()

    def close(self) -> None:
        """Free all that are not lent."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for estimator in idle:
            estimator.close()
