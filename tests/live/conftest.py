"""A live server with a small recogniser: a real one on a free port, and an estimator that stands in for MediaPipe."""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from numpy.typing import NDArray
from pydantic import SecretStr
from websockets.sync.client import ClientConnection, connect

from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.live.app import create_app
from ishara.live.limits import Limits
from ishara.live.schema import write_binary
from ishara.live.security import Access
from ishara.live.server import bind, make_server, prepare
from ishara.live.state import Live
from ishara.pose.pose import Array, Pose
from ishara.pose.skeleton import get_skeleton
from ishara.recipe import EstimatorOptions
from ishara.recognizer import Recognizer

TOKEN = "a-secret-that-nobody-guesses"
FPS = 25


class Puppet:
    """Stands in for MediaPipe: whatever the picture, the next frame of a synthetic clip."""

    def __init__(self, _: EstimatorOptions) -> None:
        self.skeleton = get_skeleton("holistic")
        self._pose = synthetic_clip("SYN-01").to(self.skeleton)
        self._next = 0

    def look(self, picture: NDArray[np.uint8]) -> tuple[Array, Array]:
        place = self._next % len(self._pose)
        self._next += 1
        return self._pose.coordinates[place], self._pose.confidence[place]

    def reset(self) -> None:
        self._next = 0

    def close(self) -> None:
        pass


Encode = Callable[[int, float, NDArray[np.float32]], str | bytes]


def binary(seq: int, time: float, points: NDArray[np.float32]) -> bytes:
    """A frame of landmarks (K, D + 1) as a binary message."""
    return write_binary("landmarks", seq, time, points.astype("<f4").tobytes())


@dataclass
class Client:
    """One WebSocket of a running server."""

    socket: ClientConnection

    def say(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def hear(self, kind: str | None = None) -> dict[str, Any]:
        """The next message, or the next of a kind."""
        while True:
            message: dict[str, Any] = json.loads(self.socket.recv(timeout=20))
            if kind in (None, message["type"]):
                return message

    def hello(self, **message: Any) -> dict[str, Any]:
        self.say(type="hello", version=1, **message)
        return self.hear()

    def play(self, pose: Pose, start: float = 0.0, encode: Encode = binary) -> list[dict[str, Any]]:
        """Send a clip's frames, one answer for each, then a pause; the signs that were found."""
        signs = []
        for number, (points, sure) in enumerate(zip(pose.coordinates, pose.confidence, strict=True)):
            self.socket.send(encode(number, start + number / pose.fps, np.column_stack([points, sure])))
            while (answer := self.hear())["type"] != "frame":
                signs.append(answer)
        self.say(type="pause")
        # Whatever the answer: when it comes, the pause has been heard.
        self.say(type="take", action="stop")
        while (answer := self.hear())["type"] == "sign":
            signs.append(answer)
        return signs


class Background:
    """A server in a thread, for as long as the context lasts."""

    def __init__(self, server: uvicorn.Server, listening: socket.socket) -> None:
        self._server = server
        self._listening = listening
        self._thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)

    def __enter__(self) -> int:
        """Its port, which takes connections from now on."""
        self._thread.start()
        return int(self._listening.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive()


@dataclass
class Running:
    """A server that runs in a thread."""

    live: Live
    port: int
    stack: ExitStack

    def connect(self, **options: Any) -> Client:
        # Beyond the default of a megabyte, so that the server's limits are met and not the client's.
        opening = connect(f"ws://127.0.0.1:{self.port}/ws", max_size=2**26, compression=None, **options)
        return Client(self.stack.enter_context(opening))


Serve = Callable[..., Running]


@pytest.fixture
def recognizer(tiny_run: Path, tmp_path: Path) -> Recognizer:
    """A recogniser that a test may teach."""
    return Recognizer.load(shutil.copytree(tiny_run / "recognizer", tmp_path / "recognizer"), threads=1)


@pytest.fixture
def serve(recognizer: Recognizer) -> Iterator[Serve]:
    """Starts servers with limits as keywords; they end with the test."""
    stack = ExitStack()

    def start(
        *, token: str | None = None, model: Recognizer | None = None, read_only: bool = False, **limits: Any
    ) -> Running:
        allowed = Limits(**limits)
        access = Access(token=SecretStr(token) if token else None)
        live = prepare(model or recognizer, access, allowed, make_estimator=Puppet, read_only=read_only)
        port = stack.enter_context(Background(make_server(create_app(live), allowed), bind("127.0.0.1", 0)))
        return Running(live, port, stack)

    with stack:
        yield start


def real_data() -> Path:
    """The real data; the test skips where they are not."""
    place = Path(os.environ.get("ISHARA_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
    if not (place / "README.md").is_file():
        pytest.skip(f"the real data are not at {place}")
    return place


def jpeg(width: int = 64, height: int = 48, quality: int = 3) -> bytes:
    """A small picture."""
    import av

    frame = av.VideoFrame.from_ndarray(
        np.linspace(0, 255, width * height * 3).astype(np.uint8).reshape(height, width, 3), "rgb24"
    )
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mjpeg") as file:
        stream = file.add_stream("mjpeg", rate=25, options={"qscale": str(quality)})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuvj420p"
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)
    return buffer.getvalue()
