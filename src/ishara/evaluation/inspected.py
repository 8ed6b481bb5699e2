"""The clips behind what `ishara inspect` is given: a folder, a manifest, a landmark file or an array of many clips."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import polars as pl

from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.pose.address import ARRAY_SUFFIXES, PARQUET_SUFFIX, Address, file_of
from ishara.pose.files import is_landmark_file, read_array
from ishara.pose.parquet import is_clip

_POSE_SUFFIX = ".pose"
_MANIFEST = "manifest.csv"
# What a manifest that `ishara extract` wrote says of the video of each clip.
VIDEO_COLUMNS = {
    "video": pl.String(),
    "video_start": pl.Float64(),
    "video_end": pl.Float64(),
    "video_box": pl.String(),
}
LABELS = {
    "id": pl.String(),
    "path": pl.String(),
    "start": pl.Float64(),
    "end": pl.Float64(),
    "gloss": pl.String(),
    "signer": pl.String(),
    **VIDEO_COLUMNS,
}


def clips_of(source: str | Path) -> list[dict[str, Any]]:
    """One row per clip, with some or all of `LABELS`: what is known of it before its landmarks are read.

    Raises
    ------
    IsharaError
        If there is nothing to inspect.
    """
    text = os.fspath(source)
    file = Path(file_of(text))
    if file.is_dir():
        return _manifest_rows(file / _MANIFEST) if (file / _MANIFEST).is_file() else _folder_rows(file)
    if not file.is_file():
        raise IsharaError(
            f"{source}: there is no such file or folder; expected .pose files, a manifest of them or one."
        )
    suffix = file.suffix.lower()
    if suffix == ".csv" or (suffix == PARQUET_SUFFIX and not is_clip(file)):
        return _manifest_rows(file)
    if suffix in ARRAY_SUFFIXES and Address.parse(text).index is None:
        return _array_rows(Address.parse(text))
    if not (suffix == PARQUET_SUFFIX or is_landmark_file(text)):
        raise IsharaError(
            f"{source}: holds no landmarks; expected a .pose, .npz or .npy file, a folder of .pose files, or a "
            "manifest. `ishara extract` makes .pose files from videos."
        )
    return [{"id": text.removeprefix(f"{file.parent}/").removesuffix(_POSE_SUFFIX), "path": text}]


def _folder_rows(folder: Path) -> list[dict[str, Any]]:
    files = sorted(folder.rglob(f"*{_POSE_SUFFIX}"))
    if not files:
        raise IsharaError(
            f"{folder}: holds no .pose file; expected the folder that `ishara extract MANIFEST -o FOLDER` wrote."
        )
    return [{"id": str(file.relative_to(folder).with_suffix("")), "path": str(file)} for file in files]


def _manifest_rows(path: Path) -> list[dict[str, Any]]:
    table = Manifest.read(path).table
    files = [file_of(clip) for clip in table["path"]]
    if not any(is_landmark_file(file) for file in files):
        raise IsharaError(
            f"{path}: names no landmark file (its first clip is {files[0]}); expected such as .pose files. "
            f"Make them first: ishara extract {path} -o FOLDER"
        )
    missing = [pl.lit(None, kind).alias(name) for name, kind in VIDEO_COLUMNS.items() if name not in table.columns]
    columns = table.with_columns(missing).select(*LABELS)
    rows = columns.with_columns(pl.col(name).cast(kind) for name, kind in VIDEO_COLUMNS.items()).to_dicts()
    for row in rows:
        beside = path.parent / (row["video"] or "")
        row["video"] = str(beside) if row["video"] and beside.is_file() else row["video"]
    return rows


def _array_rows(address: Address) -> list[dict[str, Any]]:
    array = read_array(address.file, address.layout)
    labels = {name: array.columns[name] for name in ("gloss", "signer") if name in array.columns}
    rows = []
    for i in range(len(array)):
        own: dict[str, Any] = {name: str(values[i]) for name, values in labels.items()}
        clip = Address(address.file, i, address.layout, address.aspect)
        rows.append({"id": f"{Path(address.file).stem}-{i}", "path": str(clip), **own})
    return rows
