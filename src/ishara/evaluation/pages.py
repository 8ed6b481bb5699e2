"""Putting what was measured between two markers of a page."""

from __future__ import annotations

from pathlib import Path

from ishara.errors import IsharaError
from ishara.whole import write_whole


def put_between(page: Path, begin: str, end: str, text: str) -> bool:
    """Replace what stands between a page's markers, each on a line of its own; tells whether that changed it.

    Raises
    ------
    IsharaError
        If the page has no markers.
    """
    whole = page.read_text(encoding="utf-8")
    before, first, rest = whole.partition(begin)
    _, last, after = rest.partition(end)
    if not first or not last:
        raise IsharaError(f"{page}: has no place for what was measured; expected the lines {begin} and {end}.")
    indent = before.rpartition("\n")[2]
    changed = f"{before}{begin}\n{indent}{text}\n{indent}{end}{after}"
    if changed != whole:
        write_whole(page, changed)
    return changed != whole
