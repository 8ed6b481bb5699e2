"""A table (``.csv``): a row per sign."""

from __future__ import annotations

from pathlib import Path

from ishara.spotting.formats.found import Found
from ishara.whole import whole

_PLACES = 3


def write_csv(path: Path, found: Found) -> Path:
    """Write the segments as a table: start and end in seconds, gloss, probability, whether it is known, and the next.

    Raises
    ------
    IsharaError
        If it cannot be written.
    """
    import polars as pl

    columns: dict[str, type[pl.DataType]] = {
        "start": pl.Float64, "end": pl.Float64, "gloss": pl.String, "probability": pl.Float64, "known": pl.Boolean,
        "gloss_2": pl.String, "probability_2": pl.Float64,
    }  # fmt: skip
    rows = []
    for segment in found.segments:
        second = segment.prediction.ranked[1] if len(segment.prediction.ranked) > 1 else None
        rows.append(
            (
                round(segment.start, _PLACES), round(segment.end, _PLACES), segment.gloss, segment.probability,
                segment.known, second.gloss if second else None, second.probability if second else None,
            )
        )  # fmt: skip
    with whole(path) as partial:
        pl.DataFrame(rows, schema=columns, orient="row").write_csv(partial)
    return path
