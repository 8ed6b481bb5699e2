"""Which format a file is written in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ishara.errors import IsharaError
from ishara.spotting.formats.eaf import check_eaf, write_eaf
from ishara.spotting.formats.film import check_film, write_film
from ishara.spotting.formats.found import Found
from ishara.spotting.formats.records import write_json
from ishara.spotting.formats.table import write_csv
from ishara.spotting.formats.vtt import write_vtt

FORMATS: dict[str, Callable[[Path, Found], Path]] = {
    ".eaf": write_eaf,
    ".vtt": write_vtt,
    ".csv": write_csv,
    ".json": write_json,
    ".mp4": write_film,
}
_CHECKS: dict[str, Callable[[], None]] = {".eaf": check_eaf, ".mp4": check_film}


def check_output(path: Path, *sources: str) -> None:
    """Refuse a file that could not be written in the end, or is one of the sources, before anything long begins.

    Raises
    ------
    IsharaError
        If its suffix is of no format, it is the recording itself or a folder, or a package is not installed.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise IsharaError(
            f"{path}: is of no format that segments are written in; end its name in {', '.join(FORMATS)}."
        )
    if path.is_dir():
        raise IsharaError(f"{path}: is a folder; expected a file.")
    for given in sources:
        if "://" not in given and path.resolve() == Path(given).resolve():
            raise IsharaError(f"{path}: is the recording itself; write to another file.")
    _CHECKS.get(suffix, lambda: None)()


def write_found(path: Path, found: Found) -> Path:
    """Write what was found in the format that the file's suffix says; errors as for `check_output`."""
    check_output(path, found.source, found.shown)
    return FORMATS[path.suffix.lower()](path, found)
