"""What determines the landmarks of a clip besides the clip: the estimator's options and version, and what changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import JsonValue

from ishara.pose.estimate.options import ESTIMATE_VERSION, MODEL_FILES, EstimatorOptions

_ABSENT = "not set"


def settings_of(options: EstimatorOptions) -> dict[str, JsonValue]:
    """All that determines what an estimator finds, by name.

    Of a folder of model files, the content of MediaPipe's counts, and not where it lies.
    """
    values: dict[str, JsonValue] = options.model_dump(mode="json", exclude={"models"})
    values["extractor"] = ESTIMATE_VERSION
    if options.models is not None:
        values["models"] = {file.name: _digest(file) for file in sorted(options.models.glob(MODEL_FILES))}
    try:
        values["mediapipe"] = version("mediapipe")
    except PackageNotFoundError:
        values["mediapipe"] = None
    return values


def key_of(settings: Mapping[str, JsonValue]) -> str:
    """Twelve hexadecimal digits that change with any of the settings."""
    return hashlib.sha256(json.dumps(dict(settings), sort_keys=True).encode()).hexdigest()[:12]


def differences(before: Mapping[str, JsonValue], now: Mapping[str, JsonValue]) -> str:
    """What changed, in words: ``complexity is 2, was 1``."""
    changed = [name for name in {**before, **now} if before.get(name, _ABSENT) != now.get(name, _ABSENT)]
    said = [f"{name} is {_word(now.get(name, _ABSENT))}, was {_word(before.get(name, _ABSENT))}" for name in changed]
    return "; ".join(said)


def _word(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _digest(file: Path) -> str:
    """Twelve hexadecimal digits of a file's content."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()[:12]
