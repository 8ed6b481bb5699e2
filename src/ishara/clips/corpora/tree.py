"""The files of a corpus's folder: which are clips, and telling of those that are not."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from ishara.errors import IsharaError

VIDEO_SUFFIXES = (
    ".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp", ".gif",
)  # fmt: skip
CLIP_SUFFIXES = (".pose", *VIDEO_SUFFIXES)
_MOST_LISTED = 8
_log = logging.getLogger(__name__)
T = TypeVar("T")


def files_below(folder: Path) -> list[Path]:
    """All files at any depth, sorted, without hidden ones and what macOS leaves in zip files.

    A folder that may not be read is told.
    """

    def tell(error: OSError) -> None:
        if isinstance(error, PermissionError) and not _hidden(Path(error.filename), folder):
            _log.warning("%s: cannot be read (%s); its files are left out.", error.filename, error.strerror)

    found = (Path(place, name) for place, _, names in os.walk(folder, onerror=tell) for name in names)
    return sorted(path for path in found if path.is_file() and not _hidden(path, folder))


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in path.relative_to(root).parts)


def listed(files: Sequence[Path | str], root: Path) -> str:
    """The first few of some files, relative to the root, for a message."""
    shown = [str(path.relative_to(root)) if isinstance(path, Path) else path for path in files[:_MOST_LISTED]]
    more = f", … ({len(files)} files)" if len(files) > _MOST_LISTED else ""
    return (", ".join(shown) or "nothing") + more


def report(root: Path, files: Sequence[Path | str], problem: str, *, noun: str = "files") -> None:
    """Warn of files that were left out, if there are any: how many, why (``are not named as …``), and the first few."""
    if files:
        _log.warning("%s: %d %s %s: %s", root, len(files), noun, problem, listed(files, root))


def named_clips(root: Path, parse: Callable[[Path], T | None], *, corpus: str, layout: str) -> list[tuple[Path, T]]:
    """The videos and ``.pose`` files at any depth below a folder, each with what its name says.

    Parameters
    ----------
    root
        The folder.
    parse
        What a path says, from its parts below the root; ``None`` where it is not one of the corpus's names. Such files
        are reported and left out.
    corpus, layout
        The corpus's name and what it expects, for messages.

    Raises
    ------
    IsharaError
        If the root is no folder, or no clip below it has such a name.
    """
    if not root.is_dir():
        raise IsharaError(f"{root}: is a file; expected a folder. {corpus} expects: {layout}")
    files = files_below(root)
    clips = [path for path in files if path.suffix.lower() in CLIP_SUFFIXES]
    parsed = [(path, parse(path.relative_to(root))) for path in clips]
    named = [(path, name) for path, name in parsed if name is not None]
    if not named:
        raise IsharaError(
            f"{root}: there are no clips of {corpus} here. Expected: {layout} Found: {listed(files, root)}."
        )
    report(root, [path for path, name in parsed if name is None], f"are not named as in {corpus} and were left out")
    return named


def refuse_twins(root: Path, ids: Iterable[str]) -> None:
    """`IsharaError` if a clip is there more than once, such as in two versions of a corpus below one folder."""
    twice = [clip for clip, times in Counter(ids).items() if times > 1]
    if twice:
        raise IsharaError(
            f"{root}: {len(twice)} clips are there more than once, in different folders or formats (first: "
            f"{twice[0]}); give the folder of one version."
        )
