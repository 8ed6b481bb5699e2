"""JSON (``.json``): everything that was found, with the most likely glosses of each sign."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ishara.spotting.formats.found import Found
from ishara.spotting.segment import Segment
from ishara.whole import whole

FORMAT = 1
_MOST = 5


def as_record(segment: Segment) -> dict[str, Any]:
    """One segment: times in seconds; `known` and `score` are null where the recogniser has no threshold for them."""
    prediction = segment.prediction
    return {
        "start": round(segment.start, 3),
        "end": round(segment.end, 3),
        "gloss": segment.gloss,
        "probability": segment.probability,
        "known": segment.known,
        "score": prediction.score,
        "ranked": [{"gloss": c.gloss, "probability": c.probability} for c in prediction.ranked[:_MOST]],
    }


def write_json(path: Path, found: Found) -> Path:
    """Write the segments as JSON; `IsharaError` if it cannot be written."""
    value = {
        "format": FORMAT,
        "recording": found.source,
        "model": found.model,
        "segments": [as_record(segment) for segment in found.segments],
    }
    with whole(path) as partial:
        partial.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
