"""File names for clips: readable, safe on every file system, and a different one for every id."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

# Most file systems allow names of 255 bytes; a temporary name and the suffix need some of them.
_MOST_BYTES = 150
_DIGITS = 12
_DIGESTED = re.compile(rf".*-[0-9a-f]{{{_DIGITS}}}", re.DOTALL)
# The names that Windows keeps for devices, whatever their suffix.
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE | re.DOTALL)


def file_names(ids: Iterable[str]) -> dict[str, str]:
    """A file name, without suffix, for each id.

    An id that is a safe name is its own; another, or one that differs from its neighbour in case or in the coding of an
    accent alone, becomes a readable part of it and a digest of the whole. So a name changes between two calls only
    where such a neighbour comes or goes.
    """
    known = list(ids)
    alike = Counter(_fold(clip) for clip in known)
    return {clip: clip if _is_safe(clip) and alike[_fold(clip)] == 1 else _digested(clip) for clip in known}


def _is_safe(clip: str) -> bool:
    """Whether an id may be a file name; what looks like a digested name is none, so that the two kinds never meet."""
    return clip == _readable(clip) and not _DIGESTED.fullmatch(clip) and not _DEVICE.fullmatch(clip)


def _digested(clip: str) -> str:
    digest = hashlib.sha256(clip.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    return f"{_readable(clip)}-{digest}"


def _readable(clip: str) -> str:
    """Letters (with their marks), digits, dots, hyphens and underscores; never hidden, never too long."""
    kept = "".join(c if c in "._-" or unicodedata.category(c)[0] in "LMN" else "_" for c in clip)
    return kept.encode()[:_MOST_BYTES].decode(errors="ignore").strip(".-")


def _fold(clip: str) -> str:
    return unicodedata.normalize("NFKC", clip).casefold()
