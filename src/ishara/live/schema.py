"""What is said over the WebSocket, version 1: the page's own language, open to every other client (docs/live.md).

Text messages are JSON objects with a ``type``. Frames are binary: a head of 16 bytes (`HEAD`, little-endian: kind,
version, two bytes of 0, number, time in seconds), then a JPEG, or a landmark frame as float32.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError

from ishara.errors import IsharaError
from ishara.pose.pose import Array

VERSION = 1
HEAD = struct.Struct("<BBHId")
JPEG, LANDMARKS = 1, 2
_MOST_LANDMARKS = 1000
_LONGEST = 1000

Input = Literal["jpeg", "landmarks"]
Seconds = Annotated[float, Field(ge=0, le=1e10, allow_inf_nan=False)]
Number = Annotated[int, Field(ge=0, lt=2**32)]
Text = Annotated[str, Field(max_length=_LONGEST)]


class _Said(BaseModel):
    """A message of the client's; what it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Hello(_Said):
    """The first message: who speaks which version, and what will come."""

    type: Literal["hello"]
    version: int = Field(description="Of this schema: 1.")
    token: SecretStr | None = Field(None, description="Where the server asks for one, if no Authorization header did.")
    input: Input = Field("jpeg", description="Pictures of a camera, or landmarks of frames.")
    skeleton: str = Field("holistic", max_length=64, description="Of landmarks: what they are, by a preset's name.")
    landmarks: list[Annotated[str, Field(max_length=64)]] | None = Field(
        None, min_length=1, max_length=_MOST_LANDMARKS, description="Their names in order, where they are no preset's."
    )
    dimensions: Literal[2, 3] = Field(3, description="Of landmarks: x and y, or x, y and z.")
    fps: float = Field(25, ge=1, le=120, description="At which rate signs are looked for; about the camera's.")
    left_handed: bool = Field(False, description="Whether the signer's leading hand is the left one.")


class LandmarkFrame(_Said):
    """A frame of landmarks, where binary messages are a burden."""

    type: Literal["landmarks"]
    seq: Number = Field(description="Its number; comes back in the answer.")
    time: Seconds = Field(description="Seconds on the client's clock, above those of the frame before.")
    points: list[list[float]] = Field(
        max_length=_MOST_LANDMARKS, description="[x, y, z, confidence] of each landmark, without z in 2 dimensions."
    )


class Options(_Said):
    """Something about the signer changes."""

    type: Literal["options"]
    left_handed: bool


class Pause(_Said):
    """No frame comes for a while: a sign that was begun ends here."""

    type: Literal["pause"]


class Ping(_Said):
    """A client that has nothing to say is still there."""

    type: Literal["ping"]


class Take(_Said):
    """A sign to be taught: from ``start`` to ``stop`` frames are a take; ``forget`` throws all takes away."""

    type: Literal["take"]
    action: Literal["start", "stop", "forget"]


class Teach(_Said):
    """Teach the takes as a sign."""

    type: Literal["teach"]
    gloss: Annotated[str, Field(min_length=1, max_length=100)]
    consent: Text = Field(description="Who agreed to what; kept beside the sign.")


Said = Annotated[
    Hello | LandmarkFrame | Options | Pause | Ping | Take | Teach,
    Field(discriminator="type"),
]
_said: TypeAdapter[Said] = TypeAdapter(Said)


class _Answer(BaseModel):
    """A message of the server's."""

    model_config = ConfigDict(frozen=True)


class Guess(BaseModel):
    """A gloss and its probability, 0 to 1."""

    model_config = ConfigDict(frozen=True)

    gloss: str
    probability: float


class Weight(BaseModel):
    """How much a frame counted; all of a sign's sum to 1."""

    model_config = ConfigDict(frozen=True)

    time: float
    weight: float


class Welcome(_Answer):
    """The answer to `Hello`."""

    type: Literal["welcome"] = "welcome"
    version: int = VERSION
    session: int
    landmarks: list[str] = Field(description="Names of the points that frames will show; none for a model of pixels.")
    edges: list[tuple[int, int]] = Field(description="The bones between them, by their places.")


class Seen(_Answer):
    """A frame was looked at."""

    type: Literal["frame"] = "frame"
    seq: int
    time: float
    # x and y as shares of the picture's width and height, and confidence.
    points: list[tuple[float, float, float]] | None = Field(
        description="[x, y, confidence] of each landmark, x and y as shares of the picture; null if landmarks came."
    )
    provisional: list[Guess] | None = Field(description="What is being signed, most likely first; null while at rest.")
    milliseconds: float = Field(description="From the frame's arrival to this message.")
    dropped: int = Field(description="Frames of this session that were not looked at, because newer ones had come.")


class Committed(_Answer):
    """A sign was recognised; it comes once."""

    type: Literal["sign"] = "sign"
    id: int
    gloss: str
    probability: float
    known: bool | None = Field(description="Whether it is a known sign; null where the recogniser cannot tell.")
    start: float = Field(description="On the client's clock, as is end.")
    end: float
    candidates: list[Guess]
    attention: list[Weight] = Field(description="Times are seconds from the start.")
    milliseconds: float = Field(description="From the arrival of the frame that decided it to this message.")


class TakeTold(_Answer):
    """A take begins or has ended."""

    type: Literal["take"] = "take"
    takes: int = Field(description="So many are complete.")
    recording: bool
    seconds: float = 0


class TaughtTold(_Answer):
    """The takes are a sign now."""

    type: Literal["taught"] = "taught"
    gloss: str
    takes: int
    glosses: int = Field(description="That the recogniser knows now.")


class Wrong(_Answer):
    """Something went wrong; after a fatal one the server closes."""

    type: Literal["error"] = "error"
    code: Literal["schema", "frame", "token", "full", "timeout", "unread", "model", "camera", "teach", "internal"]
    message: str
    fatal: bool = False


Answer = Welcome | Seen | Committed | TakeTold | TaughtTold | Wrong


@dataclass(frozen=True, eq=False)
class BinaryFrame:
    """A binary message, taken apart.

    Parameters
    ----------
    kind
        ``jpeg`` or ``landmarks``.
    seq, time
        The client's number and its clock, in seconds.
    payload
        The JPEG, or the landmarks' float32.
    """

    kind: Input
    seq: int
    time: float
    payload: bytes


def read_text(text: str) -> Said:
    """A text message.

    Raises
    ------
    IsharaError
        If it is none of this schema's; the message quotes nothing of it, for a token may be in it.
    """
    try:
        return _said.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        what = "is not JSON" if first["type"] == "json_invalid" else f"{where or 'the message'}: {first['type']}"
        raise IsharaError(
            f"The message is none of version {VERSION} of the schema ({what}); see docs/live.md."
        ) from None


def read_binary(data: bytes) -> BinaryFrame:
    """A binary message.

    Raises
    ------
    IsharaError
        If its head is not of this schema.
    """
    if len(data) <= HEAD.size:
        raise IsharaError(f"A binary message has {len(data)} bytes; expected a head of {HEAD.size} and a frame.")
    kind, version, _, seq, time = HEAD.unpack_from(data)
    if version != VERSION or kind not in (JPEG, LANDMARKS):
        raise IsharaError(
            f"A binary message begins with {kind}, {version}; expected {JPEG} (JPEG) or {LANDMARKS} (landmarks), then "
            f"{VERSION}, the version."
        )
    if not (math.isfinite(time) and time >= 0):
        raise IsharaError("A frame's time is not a number of seconds.")
    return BinaryFrame("jpeg" if kind == JPEG else "landmarks", seq, time, data[HEAD.size :])


def write_binary(kind: Input, seq: int, time: float, payload: bytes) -> bytes:
    """A binary message, as clients send it."""
    return HEAD.pack(JPEG if kind == "jpeg" else LANDMARKS, VERSION, 0, seq, time) + payload


def landmarks_of(payload: bytes | list[list[float]], count: int, dimensions: int) -> tuple[Array, Array]:
    """Coordinates (count, dimensions) and confidence (count,) of a frame's numbers.

    Raises
    ------
    IsharaError
        If they are not as many, a confidence is outside 0 to 1, or a landmark that was seen is nowhere.
    """
    width = dimensions + 1
    try:
        if isinstance(payload, bytes):
            numbers = np.frombuffer(payload, "<f4")
        else:
            with np.errstate(over="ignore"):
                numbers = np.array(payload, np.float64).astype(np.float32).ravel()
    except ValueError:
        numbers = np.empty(0, np.float32)
    if numbers.size != count * width:
        raise IsharaError(
            f"A frame of landmarks has {numbers.size} numbers; expected {count} × {width}, x to confidence of each."
        )
    points = numbers.reshape(count, width)
    confidence = points[:, -1].astype(np.float32)
    if not ((confidence >= 0) & (confidence <= 1)).all():
        raise IsharaError("A landmark's confidence is outside 0 to 1 (0: not seen).")
    seen = confidence > 0
    if not np.isfinite(points[seen]).all():
        raise IsharaError("A landmark that was seen has a coordinate that is not finite.")
    coordinates = np.where(seen[:, None], points[:, :-1], 0).astype(np.float32)
    return coordinates, confidence


def json_schema() -> dict[str, Any]:
    """The JSON schema of all text messages: ``client`` and ``server``."""
    server: TypeAdapter[Any] = TypeAdapter(Annotated[Answer, Field(discriminator="type")])
    return {"version": VERSION, "client": _said.json_schema(), "server": server.json_schema(mode="serialization")}
