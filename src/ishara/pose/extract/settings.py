"""What determines the landmarks of a clip besides the clip: the estimator's options and version, and what changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import JsonValue

from ishara.pose.estimate import EstimatorOptions

_ABSENT = "not set"


def settings_of(options: EstimatorOptions) -> dict[str, JsonValue]:
    """All that determines what an estimator finds, by name.

    Of a folder of model files, names and sizes count and not where it lies.
    """
    values: dict[str, JsonValue] = options.model_dump(mode="json", exclude={"models"})
    if options.models is not None:
        values["models"] = _sizes(options.models)
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


def _sizes(folder: Path) -> dict[str, JsonValue]:
    if not folder.is_dir():
        return {}
    return {file.name: file.stat().st_size for file in sorted(folder.iterdir()) if file.is_file()}
