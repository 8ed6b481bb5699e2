"""What a worker does with a job: decode, estimate, write. Nothing that a clip does to it escapes but its own death."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from ishara.errors import IsharaError
from ishara.pose.estimate import PoseEstimator
from ishara.pose.estimate.video import estimate_video
from ishara.pose.extract.folder import OutputFolder, local_path
from ishara.pose.extract.jobs import Job, Outcome, Work
from ishara.pose.extract.settings import key_of
from ishara.pose.extract.stamps import stamp_of
from ishara.pose.files import write_pose
from ishara.pose.pose import Pose
from ishara.video.box import Box


class _Held(threading.local):
    """The estimator of this thread, kept from job to job: making one takes as long as a short clip."""

    estimator: PoseEstimator | None = None
    key: str | None = None


_held = _Held()


def work_on(job: Job, work: Work) -> Outcome:
    """Extract one clip and write its ``.pose`` file; what goes wrong is in the outcome."""
    started = time.monotonic()
    try:
        estimator = _estimator(work)
    except IsharaError as error:
        return Outcome(job, str(error), fatal=True)
    except Exception as error:  # noqa: BLE001 - whatever it is, it would be the same for every clip
        return Outcome(job, f"{socket.gethostname()}: the estimator cannot be made ({_words(error)}).", fatal=True)
    stamp = stamp_of(job.source)
    try:
        box = None if job.box is None else Box.parse(job.box)
        pose = estimate_video(job.source, estimator, start=job.start, end=job.end, box=box)
    except IsharaError as error:
        return Outcome(job, str(error))
    except Exception as error:  # noqa: BLE001 - one bad clip among thousands is told of, never fatal
        # It may have left the estimator in any state.
        release()
        return Outcome(job, f"{job.source}: {_words(error)}")
    try:
        size = _write(pose, job)
    except (IsharaError, OSError) as error:
        return Outcome(job, f"{socket.gethostname()}: {_words(error)}", fatal=True)
    return Outcome(job, size=size, frames=len(pose), stamp=stamp, seconds=time.monotonic() - started)


def release() -> None:
    """Give this thread's estimator back."""
    if _held.estimator is not None:
        with suppress(Exception):
            _held.estimator.close()
    _held.estimator = _held.key = None


def _estimator(work: Work) -> PoseEstimator:
    key = key_of(work.settings)
    if _held.estimator is None or _held.key != key:
        release()
        _held.estimator = work.make()
        _held.key = key
    return _held.estimator


def _write(pose: Pose, job: Job) -> int:
    """Write a clip to its target, whole or not at all; its bytes."""
    local = local_path(job.target)
    if local is not None:
        return write_pose(pose, local).stat().st_size
    with tempfile.TemporaryDirectory() as home:
        file = write_pose(pose, Path(home) / "clip.pose")
        OutputFolder(job.target.removesuffix(f"/{job.name}")).upload(file, job.name)
        return file.stat().st_size


def _words(error: Exception) -> str:
    """An exception in words: Ishara's own as it is, another with its kind."""
    return str(error) if isinstance(error, IsharaError) else f"{type(error).__name__}: {error}".rstrip(": ")
