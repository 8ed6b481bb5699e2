"""`POST /predict`: a clip that is uploaded, a video or a ``.pose`` file, to ranked glosses."""

from __future__ import annotations

import asyncio
import io
import logging
import struct
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import BinaryIO

from fastapi import HTTPException
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from ishara.errors import IsharaError
from ishara.live.limits import Limits
from ishara.live.schema import Guess, Weight
from ishara.live.session import weights
from ishara.live.state import Live
from ishara.pose.files import read_pose
from ishara.recognizer import Prediction, Recognizer
from ishara.video import probe

_log = logging.getLogger(__name__)
FIELD = "clip"
_LONGEST_NAME = 80
# A file of more frames a second than this counts as longer than it says.
_MOST_FPS = 120
# The first four bytes of a .pose file are its version.
_POSE_VERSIONS = tuple(struct.pack("<f", version) for version in (0.0, 0.1, 0.2))


class Predicted(BaseModel):
    """What is signed in a clip."""

    clip: str = Field(description="The file's name.")
    gloss: str = Field(description="The most likely gloss.")
    probability: float
    known: bool | None = Field(description="Whether it is a known sign; null where the recogniser cannot tell.")
    ranked: list[Guess] = Field(description="Most likely first.")
    attention: list[Weight] = Field(description="How much each frame counted; all sum to 1.")


class Uploads:
    """Predicts clips, a few at a time.

    Parameters
    ----------
    live
        What is served.
    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self._taken = 0
        # One at a time computes: a video's landmarks take all that a core has.
        self._turn = asyncio.Semaphore(1)

    async def predict(self, request: Request, top: int) -> Predicted:
        """The answer to one request; an `HTTPException` says what was wrong with it."""
        try:
            answer = await self._predict(request, top)
        except HTTPException as error:
            self._live.metrics.uploads.labels(str(error.status_code)).inc()
            _log.warning("An upload was refused (%d).", error.status_code)
            raise
        self._live.metrics.uploads.labels("predicted").inc()
        return answer

    async def _predict(self, request: Request, top: int) -> Predicted:
        limits = self._live.limits
        if self._taken >= limits.uploads:
            raise HTTPException(503, "Other clips are being predicted; try again in a while.", {"Retry-After": "5"})
        self._taken += 1
        try:
            name, content = await _clip(request, limits)
            async with self._turn:
                try:
                    prediction = await run_in_threadpool(_of_clip, self._live.recognizer, content, name, limits)
                except IsharaError as error:
                    raise HTTPException(422, str(error)) from None
        finally:
            self._taken -= 1
        ranked = [Guess(gloss=c.gloss, probability=c.probability) for c in prediction.ranked[:top]]
        return Predicted(
            clip=name,
            gloss=prediction.gloss,
            probability=prediction.probability,
            known=prediction.known,
            ranked=ranked,
            attention=weights(prediction),
        )


async def _clip(request: Request, limits: Limits) -> tuple[str, bytes]:
    """Name and content of the clip in a form; nothing of it is written to a disk."""
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > limits.upload_bytes:
        raise _too_large(limits)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise HTTPException(415, f"Expected a form (multipart/form-data) with the file in the field {FIELD!r}.")
    parser = MultiPartParser(request.headers, _counted(request, limits), max_files=1, max_fields=1)
    # In memory to the end: pictures of a person are not ours to leave on a disk.
    parser.spool_max_size = limits.upload_bytes
    try:
        async with asyncio.timeout(limits.body_seconds):
            form = await parser.parse()
    except TimeoutError:
        raise HTTPException(408, f"The clip did not arrive within {limits.body_seconds:g} seconds.") from None
    except ClientDisconnect:
        raise HTTPException(400, "The client went away.") from None
    except MultiPartException as error:
        raise HTTPException(400, f"The form cannot be read: {error.message}") from None
    file = form.get(FIELD)
    if not isinstance(file, UploadFile):
        raise HTTPException(422, f"The form has no file in the field {FIELD!r}.")
    return _safe_name(file.filename), await file.read()


async def _counted(request: Request, limits: Limits) -> AsyncGenerator[bytes]:
    """A request's body, as long as it is not too large."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limits.upload_bytes:
            raise _too_large(limits)
        yield chunk


def _too_large(limits: Limits) -> HTTPException:
    return HTTPException(413, f"The clip is larger than {limits.upload_bytes / 2**20:g} MiB; upload a shorter one.")


def _safe_name(name: str | None) -> str:
    """A file's name as it may stand in a message: its last part, printable."""
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(sign for sign in last if sign.isprintable())[:_LONGEST_NAME] or "clip"


def _of_clip(recognizer: Recognizer, content: bytes, name: str, limits: Limits) -> Prediction:
    if content[:4] in _POSE_VERSIONS:
        return _of_pose(recognizer, content, name, limits)
    video: BinaryIO = io.BytesIO(content)
    video.name = name  # type: ignore[misc]  # what messages call it
    info = probe(video)
    if info.width * info.height > limits.clip_pixels:
        raise IsharaError(f"{name}: has pictures of {info.width}×{info.height} pixels; scale it down to 1920×1080.")
    _check_length(name, max(info.duration, info.frames / _MOST_FPS), limits)
    video.seek(0)
    return recognizer.predict(video)


def _of_pose(recognizer: Recognizer, content: bytes, name: str, limits: Limits) -> Prediction:
    with tempfile.TemporaryDirectory() as folder:
        # pose-format reads files alone; landmarks are no pictures, and this one is gone at once.
        path = Path(folder) / "clip.pose"
        path.write_bytes(content)
        try:
            pose = read_pose(path)
        except IsharaError as error:
            raise IsharaError(str(error).replace(str(path), name)) from None
    _check_length(name, max(pose.duration, len(pose) / _MOST_FPS), limits)
    return recognizer.predict(pose)


def _check_length(name: str, seconds: float, limits: Limits) -> None:
    if seconds > limits.clip_seconds:
        raise IsharaError(
            f"{name}: is {seconds:.0f} seconds long; at most {limits.clip_seconds:g} are taken. A clip shows one sign: "
            "`ishara spot` finds the signs of a long recording."
        )
