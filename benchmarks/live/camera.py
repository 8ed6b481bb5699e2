"""A browser whose camera shows clips: Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# Chromium plays such a file at this rate, over and over.
_FPS = 30
_SIZE = (640, 480)
_REST = 25


def film(clips: Sequence[Path], target: Path) -> Path:
    """Write clips one after the other, still pictures before and after each, as Chromium's fake camera reads them."""
    with av.open(target, "w", format="mjpeg") as file:
        stream = file.add_stream("mjpeg", rate=_FPS)
        stream.width, stream.height, stream.pix_fmt = *_SIZE, "yuvj420p"
        for clip in clips:
            with av.open(clip) as source:
                pictures = [_as_filmed(frame) for frame in source.decode(video=0)]
            for picture in (*[pictures[0]] * _REST, *pictures, *[pictures[-1]] * _REST):
                for packet in stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")):
                    file.mux(packet)
        for packet in stream.encode(None):
            file.mux(packet)
    return target


def _as_filmed(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """A frame as such a camera would take it: whole from top to bottom, what is too wide cut off at both sides."""
    width, height = _SIZE
    # Even, as the encoder's formats want it; a frame that is higher than the camera's is squeezed.
    wide = max(width, 2 * round(frame.width * height / frame.height / 2))
    picture = frame.to_ndarray(format="rgb24", width=wide, height=height)
    left = (wide - width) // 2
    return np.ascontiguousarray(picture[:, left : left + width])


@contextmanager
def browser_with(camera: Path) -> Iterator[Browser]:
    """A browser with such a camera, for contexts that have the permission ``camera``; to others it is refused."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                # Containers run as root, which Chromium's sandbox refuses.
                "--no-sandbox",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={camera}",
            ],
        )
        yield browser
        browser.close()
