"""From a manifest of videos to a folder of ``.pose`` files with a manifest of them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.pose.extract import Extraction, Job, OutputFolder, Work, Workers, extract, file_names
from ishara.pose.extract.engine import Progress
from ishara.pose.files import is_landmark_file

MANIFEST = "manifest.csv"
FAILURES = "failures.csv"


@dataclass(frozen=True, eq=False)
class ExtractedClips:
    """A manifest's clips as landmarks.

    Parameters
    ----------
    manifest
        The clips that could be extracted, each with its ``.pose`` file as path and without start, end and box; these
        and the old path stand in ``video_start``, ``video_end``, ``video_box`` and ``video``. All else is as it was,
        their order too.
    extraction
        What was done.
    """

    manifest: Manifest
    extraction: Extraction


def extract_clips(
    manifest: Manifest,
    out: str | Path,
    work: Work,
    *,
    workers: Workers = Workers(),  # noqa: B008 - it is frozen
    redo: bool = False,
    progress: Progress | None = None,
) -> ExtractedClips:
    """Extract every clip of a manifest, or go on with that.

    The folder then holds a ``.pose`` file per clip, ``manifest.csv``, and ``failures.csv`` where clips failed: their
    id, path and the reason.

    Parameters
    ----------
    manifest
        Clips of videos.
    out
        The folder: a path or an fsspec URL.
    work, workers, redo, progress
        See `ishara.pose.extract.extract`.

    Raises
    ------
    IsharaError
        If the clips are landmarks already, not one could be extracted, or the extraction had to stop; see
        `ishara.pose.extract.extract`.
    """
    _check_videos(manifest)
    folder = OutputFolder(out)
    files = {clip: f"{name}.pose" for clip, name in file_names(manifest.table["id"]).items()}
    jobs = [Job(clip.id, clip.path, folder.place(files[clip.id]), clip.start, clip.end, clip.box) for clip in manifest]
    extraction = extract(jobs, folder, work, workers=workers, redo=redo, progress=progress)
    _write_failures(folder, manifest, extraction)
    if not extraction.finished:
        clip, reason = next(iter(extraction.failures.items()))
        raise IsharaError(
            f"Not one of {len(manifest)} clips could be extracted. The first, {clip}: {reason} All reasons are in "
            f"{folder.place(FAILURES)}."
        )
    table = manifest.table.filter(pl.col("id").is_in(extraction.finished)).with_columns(
        pl.col("id").replace_strict(files).alias("path"),
        *(pl.col(name).alias(f"video_{name}") for name in ("start", "end", "box")),
        pl.col("path").alias("video"),
        *(pl.lit(None).alias(name) for name in ("start", "end", "box")),
    )
    _write_table(folder, MANIFEST, table)
    absolute = table.with_columns(pl.concat_str(pl.lit(f"{folder}/"), pl.col("path")).alias("path"))
    return ExtractedClips(Manifest(absolute), extraction)


def _check_videos(manifest: Manifest) -> None:
    landmarks = [clip.id for clip in manifest if is_landmark_file(clip.path)]
    if landmarks:
        raise IsharaError(
            f"{len(landmarks)} of {len(manifest)} clips are landmarks already (the first: {landmarks[0]}); there is "
            "nothing to extract from them. Expected a manifest of videos."
        )


def _write_failures(folder: OutputFolder, manifest: Manifest, extraction: Extraction) -> None:
    """Write the clips that failed, or remove the list of an earlier run."""
    if not extraction.failures:
        folder.remove(FAILURES)
        return
    reasons = pl.DataFrame({"id": list(extraction.failures), "reason": list(extraction.failures.values())})
    table = manifest.table.select("id", "path").join(reasons, on="id", how="inner", maintain_order="left")
    _write_table(folder, FAILURES, table)


def _write_table(folder: OutputFolder, name: str, table: pl.DataFrame) -> None:
    content = io.BytesIO()
    table.write_csv(content)
    folder.write(name, content.getvalue())
