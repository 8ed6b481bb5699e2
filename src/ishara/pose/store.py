"""Prepared clips on disk, memory-mapped: training holds the landmarks it reads, not copies of them."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ishara.errors import IsharaError
from ishara.pose.address import file_of
from ishara.pose.extract.stamps import stamps_of
from ishara.pose.files import read_pose
from ishara.pose.pose import Pose
from ishara.pose.prepare import prepare
from ishara.pose.skeleton import Skeleton
from ishara.recipe import PoseOptions

_VERSION = 2
_HEADER = "store.json"


class Source(NamedTuple):
    """Where a clip of a store comes from.

    Parameters
    ----------
    id
        Unique in the store.
    address
        A file, or ``file.npz#7``; see `ishara.pose.files.read_pose`.
    start, end
        Seconds from the beginning of the file; ``None`` for its beginning and end.
    """

    id: str
    address: str
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True, eq=False)
class PoseStore:
    """Clips by number, as float16 in one memory-mapped file.

    Landmarks in shoulder widths keep three digits in float16: a thousandth of a width, finer than any estimator.

    Parameters
    ----------
    folder
        Where it lies.
    ids
        Clip ids, in order.
    failures
        Clips that could not be read, with the reason; they are not in `ids`.
    """

    folder: Path
    ids: tuple[str, ...]
    failures: dict[str, str]
    lengths: tuple[int, ...]
    fps: tuple[float, ...]
    skeleton: Skeleton
    _coordinates: np.memmap
    _confidence: np.memmap
    _offsets: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, i: int) -> Pose:
        """The i-th clip, as float32."""
        where = slice(self._offsets[i], self._offsets[i + 1])
        return Pose(self._coordinates[where], self._confidence[where], self.fps[i], self.skeleton)

    @property
    def nbytes(self) -> int:
        """Bytes on disk; the operating system keeps in memory what is being read."""
        return self._coordinates.nbytes + self._confidence.nbytes

    @classmethod
    def build(
        cls,
        home: Path,
        clips: Sequence[Source | tuple[str, str]],
        options: PoseOptions,
        *,
        skeleton: Skeleton,
        progress: Callable[[Iterable[Source]], Iterable[Source]] = iter,
    ) -> PoseStore:
        """Read and prepare clips, or open the store if the same clips were prepared in the same way before.

        Parameters
        ----------
        home
            Folder of stores; this one gets a sub-folder named after what is in it.
        clips
            Where they come from; of a pair of id and address, the whole file.
        options, skeleton
            How to prepare them, and the skeleton that results.
        progress
            Wraps the clips to show progress.

        Raises
        ------
        IsharaError
            If not one clip could be read.
        """
        sources = [Source(*clip) for clip in clips]
        folder = home / _key(sources, options)
        if not _is_whole(folder) or _may_be_mended(folder, sources):
            partial = folder.with_name(folder.name + ".part")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            _write(partial, progress(sources), options, skeleton)
            shutil.rmtree(folder, ignore_errors=True)
            partial.replace(folder)
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> PoseStore:
        """Open a store that was built before."""
        header = json.loads((folder / _HEADER).read_text(encoding="utf-8"))
        skeleton = Skeleton(header["skeleton"], tuple(header["landmarks"]))
        lengths = tuple(header["lengths"])
        shape = (sum(lengths), len(skeleton))
        coordinates = np.memmap(folder / "coordinates.f16", np.float16, "r", shape=(*shape, header["dimensions"]))
        confidence = np.memmap(folder / "confidence.f16", np.float16, "r", shape=shape)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        return cls(
            folder, tuple(header["ids"]), header["failures"], lengths, tuple(header["fps"]), skeleton,
            coordinates, confidence, offsets,
        )  # fmt: skip


def _is_whole(folder: Path) -> bool:
    """Whether a store is there and its files are as long as its header says: a full disk may have cut them."""
    try:
        header = json.loads((folder / _HEADER).read_text(encoding="utf-8"))
        numbers = sum(header["lengths"]) * len(header["landmarks"])
        sizes = {"coordinates.f16": 2 * numbers * header["dimensions"], "confidence.f16": 2 * numbers}
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _may_be_mended(folder: Path, sources: Sequence[Source]) -> bool:
    """Whether a clip failed that another try may have: one behind a URL, which the network may have kept back."""
    failures = json.loads((folder / _HEADER).read_text(encoding="utf-8"))["failures"]
    return any(source.id in failures and "://" in source.address for source in sources)


def _key(sources: Sequence[Source], options: PoseOptions) -> str:
    """A name that changes with the clips, their files and the way they are prepared."""
    digest = hashlib.sha256(f"{_VERSION} {options.model_dump_json()}".encode())
    stamps = stamps_of(file_of(source.address) for source in sources)
    for source in sources:
        digest.update(f"{tuple(source)} {stamps[file_of(source.address)] or 'missing'}\n".encode())
    return digest.hexdigest()[:16]


def _write(folder: Path, sources: Iterable[Source], options: PoseOptions, skeleton: Skeleton) -> None:
    ids, lengths, fps, failures = [], [], [], {}
    with (folder / "coordinates.f16").open("wb") as coordinates, (folder / "confidence.f16").open("wb") as confidence:
        for source in sources:
            try:
                pose = prepare(read_pose(source.address, source.start, source.end), options)
            except IsharaError as error:
                failures[source.id] = str(error)
                continue
            coordinates.write(_float16(pose.coordinates).tobytes())
            confidence.write(_float16(pose.confidence, floor=True).tobytes())
            ids.append(source.id)
            lengths.append(len(pose))
            fps.append(pose.fps)
    if not ids:
        clip, reason = next(iter(failures.items()), ("", "there are no clips"))
        raise IsharaError(f"Not one of {len(failures)} clips could be read. The first, {clip}: {reason}")
    header = {
        "ids": ids, "lengths": lengths, "fps": fps, "failures": failures, "dimensions": options.dimensions,
        "skeleton": skeleton.name, "landmarks": skeleton.landmarks,
    }  # fmt: skip
    (folder / _HEADER).write_text(json.dumps(header, ensure_ascii=False), encoding="utf-8")


def _float16(values: np.ndarray, *, floor: bool = False) -> np.ndarray:
    """Rounded to float16; with `floor`, what is above 0 stays above 0."""
    half = np.clip(values, -6e4, 6e4).astype(np.float16)
    return np.where((values > 0) & (half == 0), np.float16(1e-4), half) if floor else half
