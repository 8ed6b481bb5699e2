"""Whether a sign is known at all: the threshold that training found, and how well it tells."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ishara.errors import IsharaError

OPEN_SET = "open_set.json"
FORMAT = 1
_MOST_BYTES = 2**16


class OpenSet(BaseModel):
    """``open_set.json``: from which score on a sign counts as known, and what is known of that threshold.

    The score is the calibrated probability of the most likely gloss, before it is shared with taught signs; what is
    taught raises it (see `ishara.recognizer.gallery.Teaching`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    format: int = FORMAT
    # None where no threshold can be had; then the reason is told.
    threshold: float | None = Field(default=None, ge=0, le=1)
    reason: str | None = None
    # The share of unknown signs that the threshold lets through as known ones, which it was chosen for.
    false_accept: float = Field(gt=0, lt=1)
    # The share of known signs that it calls unknown, and how well the score tells the two apart (0.5: not at all).
    refused: float | None = Field(default=None, ge=0, le=1)
    auroc: float | None = Field(default=None, ge=0, le=1)
    # Of how many clips that was found, and what stood for unknown signs.
    known_clips: int = Field(ge=0)
    unknown_clips: int = Field(ge=0)
    unknown: str

    def knows(self, score: float) -> bool | None:
        """Whether a score is that of a known sign; ``None`` where there is no threshold."""
        return None if self.threshold is None else score >= self.threshold


def read_open_set(path: Path) -> OpenSet:
    """Read ``open_set.json``.

    Raises
    ------
    IsharaError
        If it is not one, or of a format that this version of Ishara does not read.
    """
    if (size := path.stat().st_size) > _MOST_BYTES:
        raise IsharaError(f"{path}: holds {size:,} bytes; at most {_MOST_BYTES:,} are read.")
    try:
        found = OpenSet.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        reason = " ".join(f"{where}: {first['msg']}".split())[:200]
        raise IsharaError(
            f"{path}: does not say when a sign is known ({reason}); train the recogniser again."
        ) from None
    if found.format != FORMAT:
        raise IsharaError(f"{path}: has format {found.format}; this version of Ishara reads format {FORMAT}.")
    return found
