"""Which frames of a video are wanted: all, some by index or time, or so many spread evenly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError

# Times are kept to a microsecond at best; a time that was written with fewer digits still means its frame.
_TOLERANCE = 1e-6


def uniform(count: int, total: int) -> NDArray[np.int64]:
    """``count`` indices spread evenly over ``total`` frames: ⌊i (total − 1) / (count − 1)⌋ for i = 0 … count − 1.

    The first and the last frame are among them, except that one frame alone is the middle one. Where fewer frames are
    there than asked for, some come twice. The rule is the one of PyTorchVideo's ``UniformTemporalSubsample``, in whole
    numbers, so that no rounding differs between machines.

    Examples
    --------
    >>> uniform(4, 10).tolist(), uniform(1, 10).tolist(), uniform(4, 2).tolist()
    ([0, 3, 6, 9], [4], [0, 0, 0, 1])
    """
    if count == 1:
        return np.array([(total - 1) // 2], np.int64)
    return np.arange(count, dtype=np.int64) * (total - 1) // (count - 1)


def stretch(times: NDArray[np.float64], fps: float, start: float | None, end: float | None) -> NDArray[np.int64]:
    """The indices of the frames between two times, to the nearest frame and at least one frame long.

    Parameters
    ----------
    times
        (T,) when each frame is shown first, in seconds, rising.
    fps
        Frames per second.
    start, end
        Seconds; ``None`` for the beginning and the end. An end beyond the file is its end.

    Raises
    ------
    IsharaError
        If nothing lies between them.
    """
    if start is None and end is None:
        return np.arange(len(times), dtype=np.int64)
    half = 0.5 / fps
    duration = float(times[-1]) + 2 * half
    begin = 0.0 if start is None else start
    finish = duration if end is None else min(end, duration)
    if not 0 <= begin < finish:
        until = "the end" if end is None else f"{end:g} s"
        raise IsharaError(
            f"the stretch from {begin:g} s to {until} is empty; the video is {duration:.2f} s long. Mend start and end "
            "(seconds from its first frame)."
        )
    first = min(int(np.searchsorted(times, begin - half + _TOLERANCE)), len(times) - 1)
    last = int(np.searchsorted(times, finish - half + _TOLERANCE))
    return np.arange(first, max(last, first + 1), dtype=np.int64)


def at_times(times: NDArray[np.float64], duration: float, wanted: Sequence[float]) -> NDArray[np.int64]:
    """The index of the frame that is shown at each of the wanted times.

    Raises
    ------
    IsharaError
        If a time is before the first frame or after the end, or none is given.
    """
    moments = np.asarray(wanted, np.float64)
    if moments.ndim != 1 or not len(moments):
        raise IsharaError("no times were given; expected a list of seconds.")
    outside = ~((moments >= 0) & (moments <= duration + _TOLERANCE))
    if outside.any():
        raise IsharaError(f"has nothing at {moments[outside][0]:g} s; it lasts from 0 to {duration:g} s.")
    return np.maximum(np.searchsorted(times, moments + _TOLERANCE, side="right") - 1, 0)


def choose(within: NDArray[np.int64], frames: Literal["all"] | int | Sequence[int], total: int) -> NDArray[np.int64]:
    """The indices of the frames that are asked for.

    Parameters
    ----------
    within
        The frames of the stretch.
    frames
        ``"all"`` of the stretch, a number of frames spread evenly over it, or indices in the file.
    total
        Frames in the file.

    Raises
    ------
    IsharaError
        If the number is below 1, an index is not in the file, or something else was asked for.
    """
    if isinstance(frames, str):
        if frames != "all":
            raise IsharaError(f"frames={frames!r} is not known; expected 'all', a number, or a list of numbers.")
        return within
    if isinstance(frames, (int, np.integer)):
        if frames < 1 or isinstance(frames, bool):
            raise IsharaError(f"frames={frames} is not a number of frames; expected 1 or more.")
        return within[uniform(int(frames), len(within))]
    index = np.asarray(frames)
    if index.ndim != 1 or not len(index) or index.dtype.kind not in "iu":
        raise IsharaError("no frames were given; expected a list of whole numbers.")
    outside = (index < 0) | (index >= total)
    if outside.any():
        raise IsharaError(f"has no frame {index[outside][0]}; it has {total} frames, numbered from 0.")
    return index.astype(np.int64)
