"""A recogniser's folder: what it is, where it is, and proof that its files are those that were written."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal
from unicodedata import category

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_serializer, field_validator

from ishara.errors import IsharaError
from ishara.forms import Form
from ishara.pose.prepare import model_layout
from ishara.recipe import Recipe
from ishara.recognizer.names import find_by_name, names

FORMAT = 1
CONFIG = "config.json"
CALIBRATION = "calibration.json"
GRAPH = "model.onnx"
# PyTorch's own form, which lies beside the graph: Ishara runs that, and never opens this one.
PROGRAM = "model.pt2"
CARD = "README.md"
# The files of that form; the first is opened.
_OPENVINO = ("model.xml", "model.bin")
# Where a run folder keeps its recogniser.
INSIDE_RUN = "recognizer"
# What a file of a folder may be called: no path leads out of it.
_FILE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
# How a recogniser names its own folder.
_HERE = "."
_SHA256 = r"^[0-9a-f]{64}$"
# What is larger is no configuration: one of 100,000 glosses has a tenth of it.
_MOST_BYTES = 32 * 2**20
_MOST_SHOWN = 200
_TEMPERATURES = (0.001, 1000.0)


class Accuracy(BaseModel):
    """How many clips a reduced form gets right, beside the form that it was made from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # Whose clips: a side of the run, or a manifest.
    measured_on: str
    clips: int = Field(ge=1)
    right_before: int = Field(ge=0)
    right_after: int = Field(ge=0)

    @property
    def points_lost(self) -> float:
        """Points of top-1 that the form loses; below 0 where it gains."""
        return 100 * (self.right_before - self.right_after) / self.clips

    def __str__(self) -> str:
        before, after = (f"{right / self.clips:.1%}" for right in (self.right_before, self.right_after))
        return f"top-1 {before} before and {after} after, on {self.clips} clips ({self.measured_on})"


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
    parameters: int = Field(ge=0, le=10**13)
    # How long the middle one of the clips that it learnt from lasts, in seconds; not known of every recogniser.
    clip_seconds: float | None = Field(None, gt=0, le=86_400, allow_inf_nan=False)
    # Of a model that began with published weights: what did not come from them, in sentences.
    origin: list[str] = []
    versions: dict[str, str]
    files: dict[Annotated[str, Field(pattern=_FILE_NAME)], Annotated[str, Field(pattern=_SHA256)]] = Field(
        max_length=32
    )
    # In what form the graph is, how it was reduced ("dynamic", "static", "half"), and what that cost.
    form: Form = "onnx"
    reduction: str | None = None
    accuracy: Accuracy | None = None

    @property
    def frame(self) -> tuple[int, ...]:
        """The shape of one frame: (F,), or (3, S, S)."""
        size = self.recipe.pixels.size
        return (3, size, size) if self.input == "pixels" else (len(self.features),)

    @property
    def graph(self) -> tuple[str, ...]:
        """The files of the graph; the first is opened."""
        if self.form == "exported-program":
            return (GRAPH, PROGRAM)
        return _OPENVINO if self.form == "openvino" else (GRAPH,)

    @field_serializer("recipe")
    def _without_places(self, recipe: Recipe) -> dict[str, Any]:
        """The recipe as it is written: model files of an estimator lie in the recogniser's own folder."""
        written = recipe.model_dump(mode="json")
        if recipe.estimator.models is not None:
            written["estimator"]["models"] = _HERE
        return written

    @field_validator("labels")
    @classmethod
    def _each_once(cls, labels: list[str]) -> list[str]:
        if twice := sorted(label for label, times in Counter(labels).items() if times > 1):
            raise ValueError(f"{twice[0]!r} is there more than once")
        # They are printed: such a character could move a terminal's cursor, or hide what stands there.
        if odd := [label for label in labels if any(category(character) == "Cc" for character in label)]:
            raise ValueError(f"{odd[0]!r} holds a control character")
        return labels


def find_recognizer(path: Path) -> Path:
    """The recogniser folder at a path: the folder itself, the one inside a run folder, or the one that a name means.

    A folder of that name wins where it is a recogniser; another folder that happens to be called so does not hide it.

    Raises
    ------
    IsharaError
        If there is none.
    """
    for folder in (path, path / INSIDE_RUN):
        if (folder / CONFIG).is_file():
            # Of a relative path without a name, such as ".", nobody could say what lies beside it.
            return folder if folder.name not in ("", "..") else folder.resolve()
    if (named := find_by_name(path)) is not None:
        return named
    found = (
        f"a folder with {', '.join(sorted(p.name for p in path.iterdir())[:6]) or 'nothing'}"
        if path.is_dir()
        else ("a file" if path.is_file() else "nothing")
    )
    raise IsharaError(
        f"{path}: is not a recogniser: found {found}, expected a folder with {CONFIG} and {GRAPH}. "
        f"`ishara train RECIPE` makes one.{_by_name()}"
    )


def _by_name() -> str:
    """The recognisers that need no folder, as a further sentence; nothing where there are none."""
    return f" These come with Ishara: {', '.join(names())}." if names() else ""


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
        config = Config.model_validate_json(_read_small(path))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        message = str(first["msg"]).removeprefix("Value error, ")
        raise IsharaError(f"{path}: is not a recogniser's configuration: {_shown(f'{where}: {message}')}.") from None
    if config.format != FORMAT:
        raise IsharaError(f"{path}: has format {config.format}; this version of Ishara reads format {FORMAT}.")
    config = _with_own_models(path, config)
    if config.input == "pixels":
        return config
    recipe = config.recipe
    try:
        layout = model_layout(recipe)
    except IsharaError as error:
        raise IsharaError(f"{path}: {_shown(str(error))}") from None
    if list(layout.landmarks) != config.landmarks or list(layout.names) != config.features:
        raise IsharaError(
            f"{path}: its landmarks or features are not those that its recipe gives in this version of Ishara; "
            "train it again, or install the version named under `versions`."
        )
    return config


def _with_own_models(path: Path, config: Config) -> Config:
    """With the place of the model files that the estimator of landmarks needs beside those inside its package."""
    recipe = config.recipe
    if recipe.estimator.models is None:
        return config
    if recipe.estimator.models != Path(_HERE):
        found = _shown(str(recipe.estimator.models))
        raise IsharaError(
            f"{path}: recipe.estimator.models is {found}, which is outside the recogniser; expected {_HERE!r}, its own "
            "folder, with the files in it."
        )
    estimator = recipe.estimator.model_copy(update={"models": path.parent})
    return config.model_copy(update={"recipe": recipe.model_copy(update={"estimator": estimator})})


def _read_small(path: Path) -> str:
    """A text file that cannot be large; an `IsharaError` if it is, or is not text."""
    if (size := path.stat().st_size) > _MOST_BYTES:
        raise IsharaError(f"{path}: holds {size:,} bytes; at most {_MOST_BYTES:,} are read.")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise IsharaError(f"{path}: is not text in UTF-8 ({error.reason} at byte {error.start}).") from None


def _shown(text: str) -> str:
    """A text from a file that nobody vouches for, as part of one line of a message."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return plain if len(plain) <= _MOST_SHOWN else f"{plain[:_MOST_SHOWN]}…"


def verify(folder: Path, name: str, config: Config) -> None:
    """Make sure that a recogniser's file is the one that was exported.

    Raises
    ------
    IsharaError
        If it is missing, or its SHA-256 is not the one in the configuration.
    """
    path = folder / name
    if not path.is_file():
        if name not in config.files:
            raise IsharaError(
                f"{path}: is not part of a recogniser exported as {config.form}; it lies in the folder that "
                "`ishara train` wrote."
            )
        raise IsharaError(f"{path}: is missing; copy the whole recogniser folder, or train it again.")
    if digest(path) != config.files.get(name):
        raise IsharaError(f"{path}: is damaged or not the file that was exported (its SHA-256 differs from {CONFIG}).")


def card_of_form(config: Config) -> str:
    """What a card says of a form, nothing of what was trained; the figures above it are those of what was trained."""
    if any(name.endswith(".safetensors") for name in config.files):
        return ""
    reduced = f" ({config.reduction})" if config.reduction else ""
    lines = ["", "## Form", "", f"Exported as `{config.form}`{reduced}, without the weights for training."]
    if config.accuracy is not None:
        lines.append(f"Measured when it was exported: {config.accuracy}.")
    elif config.reduction:
        lines.append("What that costs was not measured.")
    return "\n".join([*lines, ""])


def read_temperature(path: Path) -> float:
    """The temperature in ``calibration.json``; an `IsharaError` if it holds none."""
    text = _read_small(path)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise IsharaError(f"{path}: is not JSON ({_shown(str(error))}).") from None
    temperature: Any = value.get("temperature") if isinstance(value, dict) else None
    lowest, highest = _TEMPERATURES
    # True is an int, too; the comparison also refuses what is not a number, and takes integers of any size.
    is_number = isinstance(temperature, int | float) and not isinstance(temperature, bool)
    if is_number and lowest <= temperature <= highest:
        return float(temperature)
    raise IsharaError(
        f'{path}: found {_shown(text.strip())}; expected {{"temperature": T}} with a number T from {lowest:g} to '
        f"{highest:g}."
    )
