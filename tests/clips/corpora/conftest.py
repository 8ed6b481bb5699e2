"""Miniatures: small files with the names and the form of a corpus's own."""

import json
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest


@pytest.fixture
def make_video() -> Callable[..., Path]:
    """Write a short real video: `make_video(path, frames=…, fps=…, width=…, height=…)`."""

    def make(path: Path, *, frames: int = 3, fps: int = 25, width: int = 64, height: int = 48) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mpeg4", rate=fps)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for _ in range(frames):
                picture = av.VideoFrame.from_ndarray(np.zeros((height, width, 3), np.uint8), format="rgb24")
                container.mux(stream.encode(picture))
            container.mux(stream.encode())
        return path

    return make


@pytest.fixture
def put() -> Callable[..., Path]:
    """Write files below a folder: `put(root, "a/b.mp4", content=…)`; what is no text becomes JSON."""

    def write(root: Path, *names: str, content: object = "") -> Path:
        for name in names:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return root

    return write
