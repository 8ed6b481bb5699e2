"""An estimator without MediaPipe that does to its process whatever a clip's number of frames tells it to.

As a program it is `ishara` with that estimator: ``fake_estimator.py HOME extract …``.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ishara.pose.estimate import EstimatorOptions
from ishara.pose.pose import Pose
from ishara.pose.skeleton import Skeleton, get_skeleton

GOOD, OTHER, RAISES, RAISES_ONCE, DIES, DIES_ONCE, NOBODY, STOPS, HOLDS, GREEDY = range(3, 13)


@dataclass
class FakeEstimator:
    """Finds one body in every frame, in the middle of the picture."""

    home: Path
    options: EstimatorOptions
    skeleton: Skeleton

    def estimate(self, frames: Iterable[np.ndarray], fps: float) -> Pose:
        count = len(list(frames))
        self._misbehave(count)
        shape = (count, len(self.skeleton))
        confidence = np.full(shape, 0.0 if count == NOBODY else 1.0)
        return Pose(np.full((*shape, 3), 24.0), confidence, fps, self.skeleton)

    def close(self) -> None:
        (self.home / f"closed-{os.getpid()}").touch()

    def _misbehave(self, what: int) -> None:
        first = what in (RAISES_ONCE, DIES_ONCE) and self._is_first(what)
        if what == RAISES or (what == RAISES_ONCE and first):
            # Each time in other words, as what depends on the state of a machine is.
            raise ValueError(f"no graph at {time.monotonic_ns()}")
        if what == DIES or (what == DIES_ONCE and first):
            os.kill(os.getpid(), signal.SIGKILL)
        if what == STOPS:
            raise KeyboardInterrupt
        if what == HOLDS and (self.home / "here").exists():
            # Tells the test that it is here, and waits until the test lets it go on, which may be never.
            (self.home / "here").write_text(str(os.getpid()))
            (self.home / "go").read_text()

    def _is_first(self, what: int) -> bool:
        try:
            (self.home / f"met-{what}").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


@dataclass(frozen=True)
class MakeFake:
    """Makes the estimator, and keeps count of how often."""

    home: Path
    largest_file: int | None = None

    def __call__(self) -> FakeEstimator:
        if self.largest_file is not None:
            import resource

            # Only the soft one: the hard one could not be taken back.
            _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.largest_file, hard))
        (self.home / f"made-{os.getpid()}-{time.monotonic_ns()}").touch()
        return FakeEstimator(self.home, EstimatorOptions(), get_skeleton("holistic"))


if __name__ == "__main__":
    from ishara.cli import extract, main
    from ishara.pose.extract import Work

    # A job that a shell runs in the background is begun with Ctrl-C switched off.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    home = Path(sys.argv.pop(1))
    extract._work = lambda given: Work(MakeFake(home), {"estimator": "fake", **given})
    main()
