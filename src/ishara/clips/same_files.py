"""Which files are copies of one another, byte by byte."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path


def same_files(paths: Iterable[str]) -> dict[str, str]:
    """For each local file that others are copies of, the one of them that stands for all: the first by name.

    Files that are alone are not named, nor is what is no local file or an empty one. Only files of one size are read.
    """
    of_size: dict[int, list[str]] = defaultdict(list)
    for path in sorted(set(paths)):
        if Path(path).is_file() and (size := Path(path).stat().st_size):
            of_size[size].append(path)
    found: dict[str, str] = {}
    for alike in of_size.values():
        first: dict[bytes, str] = {}
        for path in alike if len(alike) > 1 else ():
            stands = first.setdefault(_digest(path), path)
            if stands != path:
                found[path] = found[stands] = stands
    return found


def _digest(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
