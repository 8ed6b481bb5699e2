"""`inspect_poses`: how well the landmarks of a corpus were found, per signer and gloss, and which clips to check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from ishara.errors import IsharaError
from ishara.evaluation.inspected import LABELS, clips_of
from ishara.pose.files import read_pose
from ishara.pose.quality import Limits, Quality, measure, problems

_QUALITY = {
    "frames": pl.Int64(),
    "fps": pl.Float64(),
    "left_hand": pl.Int64(),
    "right_hand": pl.Int64(),
    "no_hand": pl.Int64(),
    "longest_gap": pl.Int64(),
    "no_body": pl.Int64(),
    "jumps": pl.Int64(),
    "shoulder_width": pl.Float64(),
    "shoulder_share": pl.Float64(),
}

Progress = Callable[[Sequence[dict[str, Any]]], Iterable[dict[str, Any]]]


@dataclass(frozen=True)
class Part:
    """How well landmarks were found in some clips; a share is ``None`` where no skeleton among them has such a part.

    Parameters
    ----------
    name
        A signer or a gloss; empty for all clips.
    clips, frames
        How many.
    left_hand, right_hand, any_hand, body
        Share of the frames in which each was seen, in [0, 1].
    no_hand, no_body
        Frames lost: in which neither hand, or no body, was seen.
    handless
        Clips in which no hand was ever seen.
    suspicious
        Clips that are worth a look.
    """

    name: str
    clips: int
    frames: int
    left_hand: float | None
    right_hand: float | None
    any_hand: float | None
    body: float | None
    no_hand: int | None
    no_body: int | None
    handless: int
    suspicious: int


@dataclass(frozen=True)
class Range:
    """Least, middle and most of a figure over the clips."""

    least: float
    median: float
    most: float


@dataclass(frozen=True, eq=False)
class Inspection:
    """What was found in a corpus of landmarks.

    Parameters
    ----------
    source
        What was inspected.
    clips
        One row per clip that could be read: ``id``, ``path``, ``start``, ``end``, ``gloss``, ``signer``, ``video`` and
        its stretch (null where not known), the fields of `Quality`, ``seconds`` and ``problems`` (a list of short
        texts).
    failures
        Clip id → why it could not be read; those clips are in no figure.
    """

    source: str
    clips: pl.DataFrame
    failures: dict[str, str]

    @property
    def overall(self) -> Part:
        """All clips."""
        return _part("", self.clips)

    def by(self, column: str) -> list[Part]:
        """The parts of the clips that share a ``signer`` or ``gloss``, the worst (fewest frames with a hand) first."""
        known = self.clips.filter(pl.col(column).is_not_null())
        parts = [_part(str(key[0]), rows) for key, rows in known.group_by(column, maintain_order=True)]
        return sorted(parts, key=lambda part: (1.0 if part.any_hand is None else part.any_hand, part.name))

    def range(self, column: str) -> Range:
        """Least, middle and most of ``fps``, ``frames`` or ``seconds``."""
        values = self.clips[column].cast(pl.Float64)
        least, median, most = values.quantile(0, "nearest"), values.median(), values.quantile(1, "nearest")
        assert isinstance(median, float)
        assert least is not None
        assert most is not None
        return Range(least, median, most)

    def suspicious(self) -> pl.DataFrame:
        """The clips that are worth a look, the worst first."""
        some = self.clips.filter(pl.col("problems").list.len() > 0)
        order = [(pl.col("no_hand") / pl.col("frames")).fill_null(0), pl.col("problems").list.len(), pl.col("jumps")]
        return some.sort([*order, pl.col("id")], descending=[True, True, True, False])

    def as_json(self) -> dict[str, Any]:
        """Everything, in types that JSON has."""
        ranges = {name: asdict(self.range(name)) for name in ("fps", "frames", "seconds")}
        return {
            "source": self.source,
            "overall": asdict(self.overall),
            **ranges,
            "by_signer": [asdict(part) for part in self.by("signer")],
            "by_gloss": [asdict(part) for part in self.by("gloss")],
            "suspicious": self.suspicious()["id"].to_list(),
            "failures": self.failures,
            "clips": self.clips.to_dicts(),
        }


def inspect_poses(source: str | Path, limits: Limits | None = None, *, progress: Progress | None = None) -> Inspection:
    """Read the landmarks of every clip and measure how well they were found.

    Parameters
    ----------
    source
        A manifest of landmark files (.csv, .parquet), a folder of .pose files (its ``manifest.csv`` where it has one),
        a .pose file, or a landmark array (.npz, .npy; all its clips, or one with ``#7``).
    limits
        From where on a clip is worth a look.
    progress
        Wraps the rows that are read, to show how far they are.

    Raises
    ------
    IsharaError
        If there is nothing to inspect, or no clip of it can be read.
    """
    rows = clips_of(source)
    found: list[dict[str, Any]] = []
    failures: dict[str, str] = {}
    for row in progress(rows) if progress else rows:
        try:
            quality = measure(read_pose(row["path"], row.get("start"), row.get("end")))
        except IsharaError as error:
            failures[row["id"]] = str(error).removeprefix(f"{row['path']}: ")
            continue
        found.append(row | _fields(quality, limits))
    if not found:
        clip, reason = next(iter(failures.items()))
        raise IsharaError(f"{source}: none of its {len(failures)} clips can be read. The first, {clip}: {reason}")
    schema = {**LABELS, **_QUALITY, "seconds": pl.Float64(), "problems": pl.List(pl.String())}
    return Inspection(str(source), pl.DataFrame(found, schema=schema), failures)


def _fields(quality: Quality, limits: Limits | None) -> dict[str, Any]:
    return asdict(quality) | {"seconds": quality.seconds, "problems": problems(quality, limits)}


def _part(name: str, clips: pl.DataFrame) -> Part:
    no_hand, no_body = _share(clips, "no_hand"), _share(clips, "no_body")
    return Part(
        name=name,
        clips=len(clips),
        frames=int(clips["frames"].sum()),
        left_hand=_share(clips, "left_hand"),
        right_hand=_share(clips, "right_hand"),
        any_hand=None if no_hand is None else 1 - no_hand,
        body=None if no_body is None else 1 - no_body,
        no_hand=None if no_hand is None else int(clips["no_hand"].sum()),
        no_body=None if no_body is None else int(clips["no_body"].sum()),
        handless=int((clips["no_hand"] == clips["frames"]).sum()),
        suspicious=int((clips["problems"].list.len() > 0).sum()),
    )


def _share(clips: pl.DataFrame, column: str) -> float | None:
    """Share of the frames that a column counts, over the clips whose skeleton has that part."""
    known = clips.filter(pl.col(column).is_not_null())
    return float(known[column].sum()) / float(known["frames"].sum()) if len(known) else None
