"""ELAN's format (``.eaf``): a tier of glosses on the recording, and what belongs to each gloss on tiers below it."""

from __future__ import annotations

import mimetypes
import os
from pathlib import Path
from typing import Any

from ishara.extras import extra
from ishara.spotting.formats.found import Found
from ishara.whole import whole

GLOSS, PROBABILITY, OTHERS = "gloss", "probability", "other glosses"
_OTHERS = 3
_ASSOCIATED = "Symbolic_Association"
_UNKNOWN_TYPE = "application/octet-stream"


def check_eaf() -> None:
    """`IsharaError` with what to type if what writes it is not installed."""
    with extra("spot", "ELAN files"):
        import pympi  # noqa: F401


def write_eaf(path: Path, found: Found) -> Path:
    """Write the segments as an ELAN file that links to the recording.

    Raises
    ------
    IsharaError
        If it cannot be written, or pympi is not installed.
    """
    check_eaf()
    from pympi import Elan

    file = Elan.Eaf(author="ishara")
    file.remove_tier("default")
    file.add_linguistic_type(GLOSS)
    for kind in (PROBABILITY, OTHERS):
        file.add_linguistic_type(kind, constraints=_ASSOCIATED, timealignable=False)
    file.remove_linguistic_type("default-lt")
    file.add_tier(GLOSS, GLOSS)
    for tier in (PROBABILITY, OTHERS):
        file.add_tier(tier, tier, parent=GLOSS)
    _link(file, found, path)
    file.add_property("recogniser", found.model)
    for segment in found.segments:
        # Rounding keeps the order; the shortest sign is far longer than a millisecond.
        start, end = round(1000 * segment.start), round(1000 * segment.end)
        file.add_annotation(GLOSS, start, end, segment.label)
        middle = (start + end) // 2
        file.add_ref_annotation(PROBABILITY, GLOSS, middle, f"{segment.probability:.3f}")
        ranked = segment.prediction.ranked
        others = ranked[: _OTHERS + 1] if not segment.known else ranked[1 : _OTHERS + 1]
        told = ", ".join(f"{other.gloss} {other.probability:.2f}" for other in others)
        file.add_ref_annotation(OTHERS, GLOSS, middle, told)
    with whole(path) as partial:
        Elan.to_eaf(str(partial), file)
    return path


def _link(file: Any, found: Found, path: Path) -> None:
    """The recording, by its address and by the way from the ELAN file, so that both can move together."""
    kind = mimetypes.guess_type(found.shown)[0] or _UNKNOWN_TYPE
    if "://" in found.shown:
        file.add_linked_file(found.shown, mimetype=kind)
        return
    place = Path(found.shown).resolve()
    relative = os.path.relpath(place, path.resolve().parent)
    file.add_linked_file(place.as_uri(), relpath=Path(relative).as_posix(), mimetype=kind)
