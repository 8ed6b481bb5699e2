"""Google's landmark files: one clip as a Parquet table, a row for each of MediaPipe's landmarks in each frame.

The files of the Kaggle competition *Isolated Sign Language Recognition* (asl-signs) have the columns ``frame`` (in the
video), ``type`` (``face``, ``left_hand``, ``pose``, ``right_hand``), ``landmark_index``, ``x``, ``y``, ``z`` and
``row_id``; a landmark that was not seen has NaN. x and z are fractions of the image's width, y of its height.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.pose.pose import Pose
from ishara.pose.skeleton import Skeleton, get_skeleton

_PARTS = {"pose": "body", "face": "face", "left_hand": "left_hand", "right_hand": "right_hand"}
_WHOLE = ("frame", "landmark_index")
_AXES = ("x", "y", "z")
_COLUMNS = ("frame", "type", "landmark_index", *_AXES)
_ASSUMED_FPS = 30.0  # The files do not say; the videos were recorded with phones.
_WIDEST = 10  # A clip whose frame numbers span more than this many times its frames is damaged.


def is_clip(path: Path) -> bool:
    """Whether a Parquet table is one clip, with a row for each landmark, and not a manifest of clips."""
    try:
        return "landmark_index" in pl.read_parquet_schema(path)
    except (pl.exceptions.PolarsError, OSError):
        return False


def read_rows(path: Path) -> Pose:
    """Read the clip of one file.

    Frame numbers that are left out between the first and the last are frames in which nothing was seen.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Pose
        On the skeleton ``holistic-face``, x and z in image widths, y in image heights, at an assumed 30 frames a
        second.

    Raises
    ------
    IsharaError
        If the file is damaged, has other columns, or its rows are not landmarks of MediaPipe Holistic, each at most
        once a frame. The message does not name the file: the caller does.
    """
    table = _table(path)
    skeleton = get_skeleton("holistic-face")
    columns = _landmarks(table, skeleton)
    frames = _frames(table["frame"].to_numpy().astype(np.int64))
    cells = frames * len(skeleton) + columns
    if len(np.unique(cells)) != len(cells):
        raise IsharaError("has a landmark more than once in a frame; expected one row for each.")
    shape = (int(frames.max()) + 1, len(skeleton))
    coordinates = np.full((*shape, len(_AXES)), np.nan, np.float32)
    with np.errstate(over="ignore"):  # `Pose` refuses what is not finite.
        points = np.stack([table[axis].fill_null(np.nan).to_numpy() for axis in _AXES], axis=-1).astype(np.float32)
    coordinates[frames, columns] = points
    confidence = (~np.isnan(coordinates).all(axis=-1)).astype(np.float32)
    return Pose(coordinates, confidence, _ASSUMED_FPS, skeleton)


def _table(path: Path) -> pl.DataFrame:
    try:
        found = pl.read_parquet_schema(path)
        missing = [name for name in _COLUMNS if name not in found]
        if missing:
            raise IsharaError(
                f"has no column {', '.join(missing)}; found {', '.join(found) or 'none'}, expected "
                f"{', '.join(_COLUMNS)}."
            )
        table = pl.read_parquet(path, columns=list(_COLUMNS), glob=False)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise IsharaError(f"is damaged or not a Parquet file ({reason}).") from None
    wrong = [name for name in _WHOLE if not table[name].dtype.is_integer()]
    wrong += [name for name in _AXES if not table[name].dtype.is_numeric()]
    if wrong:
        raise IsharaError(
            f"has a column {wrong[0]} of the type {table[wrong[0]].dtype}; expected numbers, whole ones for "
            f"{' and '.join(_WHOLE)}."
        )
    if not len(table):
        raise IsharaError("has no rows; expected one for each landmark in each frame.")
    if any(table[name].null_count() for name in ("type", *_WHOLE)):
        raise IsharaError("has rows without a frame, type or landmark_index.")
    return table


def _landmarks(table: pl.DataFrame, skeleton: Skeleton) -> NDArray[np.int64]:
    """(rows,) places in the skeleton."""
    kinds, index = table["type"].cast(pl.String), table["landmark_index"].to_numpy().astype(np.int64)
    columns = np.full(len(table), -1, np.int64)
    for kind, group in _PARTS.items():
        names = skeleton.groups[group]
        rows = (kinds == kind).to_numpy() & (index >= 0) & (index < len(names))
        columns[rows] = skeleton.index(names[0]) + index[rows]
    strange = np.flatnonzero(columns < 0)
    if len(strange):
        row = int(strange[0])
        raise IsharaError(
            f"has {len(strange)} rows that are no landmark of MediaPipe Holistic (first: {kinds[row]!r} number "
            f"{index[row]}); expected {', '.join(f'{k} 0–{len(skeleton.groups[g]) - 1}' for k, g in _PARTS.items())}."
        )
    return columns


def _frames(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """(rows,) frame numbers counted from 0."""
    first, last, distinct = int(numbers.min()), int(numbers.max()), len(np.unique(numbers))
    if last - first >= _WIDEST * distinct:
        raise IsharaError(f"has {distinct} frames, numbered from {first} to {last}; the numbers are damaged.")
    return numbers - first
