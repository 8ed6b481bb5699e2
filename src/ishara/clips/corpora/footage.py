"""What the readers of public corpora share: videos by name, what they are, and which are missing."""

from __future__ import annotations

import csv
import logging
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ishara.clips.corpora.base import Options
from ishara.clips.corpora.tree import VIDEO_SUFFIXES
from ishara.errors import IsharaError
from ishara.whole import whole

if TYPE_CHECKING:
    from ishara.video import VideoInfo

MISSING = "missing"
MISSING_HELP = "A CSV file to write the list of videos to that the labels name but that are not there."
_SUFFIXES = (*VIDEO_SUFFIXES, ".pose")  # of a clip that is there as both, the video is taken
_MOST_LISTED = 5
_YOUTUBE = re.compile(r"(?:youtu\.be/|[?&]v=|/embed/|/v/)([\w-]{11})")
_log = logging.getLogger(__name__)


def videos_by_stem(root: Path) -> dict[str, Path]:
    """Every video in a folder and below, by its name without suffix.

    Where a name occurs more than once, a file in a folder ``videos`` goes before others, and then .mp4 before others.
    """
    ranked: dict[str, tuple[tuple[bool, int, str], Path]] = {}
    walked: set[str] = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        # Corpora are often linked into place; a link that leads back into its own folder must not be followed for ever.
        real = os.path.realpath(folder)
        folders[:] = [] if real in walked else sorted(filter(_shown, folders))
        if real in walked:
            continue
        walked.add(real)
        for name in filter(_shown, names):
            stem, suffix = os.path.splitext(name)  # noqa: PTH122  tens of thousands of names
            if suffix.lower() in _SUFFIXES:
                path = Path(folder, name)
                rank = (path.parent.name != "videos", _SUFFIXES.index(suffix.lower()), str(path))
                ranked[stem] = min(ranked.get(stem, (rank, path)), (rank, path))
    return {stem: path for stem, (_, path) in ranked.items()}


def youtube_id(url: str | None) -> str | None:
    """The eleven characters that name a YouTube video, by which its file is named; ``None`` for another address."""
    match = _YOUTUBE.search(url or "")
    return match[1] if match else None


def report_missing(root: Path, missing: Sequence[Mapping[str, str | None]], found: int, options: Options) -> None:
    """Count the videos that labels name but that are not there and name the first; the option `missing` lists all.

    Parameters
    ----------
    root
        Where they were looked for.
    missing
        Of each: ``file`` (what it would be called) and what else is known, with the same keys for all.
    found
        How many are there.
    options
        The corpus's.

    Raises
    ------
    IsharaError
        If none is there.
    """
    if not missing and found:
        return
    listed = ", ".join(str(row["file"]) for row in missing[:_MOST_LISTED]) + (
        ", …" if len(missing) > _MOST_LISTED else ""
    )
    if MISSING in options and missing:
        _write_rows(Path(options[MISSING]), missing)
    if not found:
        raise IsharaError(f"{root}: none of the {len(missing)} videos that the labels name is here or below: {listed}.")
    where = f"all are listed in {options[MISSING]}" if MISSING in options else f"{MISSING}=FILE.csv lists them all"
    total = len(missing) + found
    _log.warning("%s: %d of %d videos are not there: %s (%s)", root, len(missing), total, listed, where)


class Probe:
    """Looks at each video once. One that cannot be read is ``None`` and no reason to stop; `report` tells of it."""

    def __init__(self) -> None:
        self._known: dict[Path, VideoInfo | None] = {}
        self._problems: list[str] = []

    def __call__(self, path: Path) -> VideoInfo | None:
        """What a video holds; ``None`` for one that cannot be read, and for a ``.pose`` file."""
        from ishara.video import probe

        if path not in self._known:
            self._known[path] = None
            if path.suffix != ".pose":
                try:
                    self._known[path] = probe(path)
                except IsharaError as error:
                    self._problems.append(str(error))
        return self._known[path]

    def report(self, root: Path) -> None:
        """Warn of the videos that could not be read, if there are any."""
        if self._problems:
            first = "; ".join(self._problems[:_MOST_LISTED])
            _log.warning("%s: %d videos cannot be read: %s", root, len(self._problems), first)


def _write_rows(path: Path, rows: Sequence[Mapping[str, str | None]]) -> None:
    with whole(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _shown(name: str) -> bool:
    return not name.startswith((".", "__MACOSX"))
