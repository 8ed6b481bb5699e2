"""A recogniser's folder: what it is, where it is, and proof that its files are those that were written."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ishara.errors import IsharaError
from ishara.pose.features import feature_layout
from ishara.pose.prepare import model_skeleton
from ishara.recipe import Recipe

FORMAT = 1
CONFIG = "config.json"
CALIBRATION = "calibration.json"
GRAPH = "model.onnx"
CARD = "README.md"
# Where a run folder keeps its recogniser.
INSIDE_RUN = "recognizer"
# What a file of a folder may be called: no path leads out of it.
_FILE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"


class Config(BaseModel):
    """``config.json``: what a recogniser is, and the SHA-256 of the files beside it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int
    recipe: Recipe
    labels: list[str] = Field(min_length=1)
    # What a frame of a clip is: features of landmarks, whose names follow, or a picture.
    input: Literal["landmarks", "pixels"] = "landmarks"
    landmarks: list[str] = []
    features: list[str] = []
    parameters: int
    # Of a model that began with published weights: what did not come from them, in sentences.
    origin: list[str] = []
    versions: dict[str, str]
    files: dict[Annotated[str, Field(pattern=_FILE_NAME)], str]

    @property
    def frame(self) -> tuple[int, ...]:
        """The shape of one frame: (F,), or (3, S, S)."""
        size = self.recipe.pixels.size
        return (3, size, size) if self.input == "pixels" else (len(self.features),)

    @field_validator("labels")
    @classmethod
    def _each_once(cls, labels: list[str]) -> list[str]:
        if twice := sorted({label for label in labels if labels.count(label) > 1}):
            raise ValueError(f"{twice[0]!r} is there more than once")
        return labels


def find_recognizer(path: Path) -> Path:
    """The recogniser folder at a path: the folder itself, or the one inside a run folder.

    Raises
    ------
    IsharaError
        If there is none.
    """
    for folder in (path, path / INSIDE_RUN):
        if (folder / CONFIG).is_file():
            return folder
    found = (
        f"a folder with {', '.join(sorted(p.name for p in path.iterdir())[:6]) or 'nothing'}"
        if path.is_dir()
        else ("a file" if path.is_file() else "nothing")
    )
    raise IsharaError(
        f"{path}: is not a recogniser: found {found}, expected a folder with {CONFIG} and {GRAPH}. "
        "`ishara train RECIPE` makes one."
    )


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digests(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """SHA-256 of some files of a folder."""
    return {name: digest(folder / name) for name in names}


def read_config(path: Path) -> Config:
    """Read a recogniser's ``config.json``.

    Raises
    ------
    IsharaError
        If it is not one, or this version of Ishara would make other features of its recipe.
    """
    try:
        config = Config.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": str(error)}
        where = ".".join(map(str, first["loc"])) or "the file"
        message = str(first["msg"]).removeprefix("Value error, ")
        raise IsharaError(f"{path}: is not a recogniser's configuration: {where}: {message}.") from None
    if config.format != FORMAT:
        raise IsharaError(f"{path}: has format {config.format}; this version of Ishara reads format {FORMAT}.")
    if config.input == "pixels":
        return config
    recipe = config.recipe
    skeleton = model_skeleton(recipe.pose)
    layout = feature_layout(skeleton, recipe.features, recipe.pose.dimensions)
    if list(skeleton.landmarks) != config.landmarks or list(layout.names) != config.features:
        raise IsharaError(
            f"{path}: its landmarks or features are not those that its recipe gives in this version of Ishara; "
            "train it again, or install the version named under `versions`."
        )
    return config


def verify(folder: Path, name: str, config: Config) -> None:
    """Make sure that a recogniser's file is the one that was exported.

    Raises
    ------
    IsharaError
        If it is missing, or its SHA-256 is not the one in the configuration.
    """
    path = folder / name
    if not path.is_file():
        raise IsharaError(f"{path}: is missing; copy the whole recogniser folder, or train it again.")
    if digest(path) != config.files.get(name):
        raise IsharaError(f"{path}: is damaged or not the file that was exported (its SHA-256 differs from {CONFIG}).")


def read_temperature(path: Path) -> float:
    """The temperature in ``calibration.json``; an `IsharaError` if it holds none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise IsharaError(f"{path}: is not JSON ({error}).") from None
    temperature: Any = value.get("temperature") if isinstance(value, dict) else None
    # True is an int, too.
    is_number = isinstance(temperature, int | float) and not isinstance(temperature, bool)
    if is_number and math.isfinite(temperature) and temperature > 0:
        return float(temperature)
    raise IsharaError(f'{path}: found {json.dumps(value)}; expected {{"temperature": T}} with a number T above 0.')
