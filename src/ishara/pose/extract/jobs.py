"""What an extraction does clip by clip: the job that a worker is given, and what it says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from ishara.pose.estimate import PoseEstimator


@dataclass(frozen=True)
class Job:
    """One clip to extract.

    Parameters
    ----------
    id
        Unique among the jobs of an extraction.
    source
        The video: a local path or any fsspec URL, as the workers see it.
    target
        The ``.pose`` file to write, directly in the output folder: an absolute path or a URL.
    start, end
        Seconds from the beginning of the file; ``None`` for its beginning and end.
    box
        Where the signer is in the picture: ``left top right bottom`` in pixels.
    """

    id: str
    source: str
    target: str
    start: float | None = None
    end: float | None = None
    box: str | None = None

    @property
    def name(self) -> str:
        """The target's name in the output folder."""
        return self.target.rpartition("/")[2]


@dataclass(frozen=True)
class Outcome:
    """How one try at a job ended.

    Parameters
    ----------
    job
        Whose it is.
    failure
        Why there is no ``.pose`` file; ``None`` where there is one.
    fatal
        The failure is not the clip's: no other clip could be extracted or written either.
    size
        Bytes of the ``.pose`` file.
    frames
        How many it has.
    stamp
        What the source was when it was read; see `ishara.pose.extract.stamps`.
    seconds
        That it took.
    """

    job: Job
    failure: str | None = None
    fatal: bool = False
    size: int = 0
    frames: int = 0
    stamp: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Death:
    """A worker died while a job was on it; Dask says so once it has tried as often as its scheduler allows."""

    job: Job
    times: int


@dataclass(frozen=True)
class Work:
    """How clips are extracted.

    Parameters
    ----------
    make
        Makes an estimator, in the worker that will use it; it travels there, so it must be picklable.
    settings
        All that determines what the estimator finds, by name. Clips extracted with other settings are noticed.
    """

    make: Callable[[], PoseEstimator]
    settings: Mapping[str, JsonValue]
