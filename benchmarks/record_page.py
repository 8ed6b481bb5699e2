"""Pictures of the live page at work on real clips, and a short film of it, for README and docs.

    python benchmarks/record_page.py MODEL clip.mp4 … -o docs/images

Chromium's camera shows the clips; MediaPipe and the recogniser see them as they are. In the pictures the person is
blurred, for the clips are other people's: what can be seen is the skeleton. The film is a GIF of less than 2 MB.
"""

from __future__ import annotations

import io
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from PIL import Image

from ishara.console import console
from ishara.errors import IsharaError
from ishara.live.app import create_app
from ishara.live.limits import Limits
from ishara.live.security import Access
from ishara.live.server import bind, make_server, prepare
from ishara.recognizer import Recognizer
from live.camera import browser_with, film

if TYPE_CHECKING:
    from playwright.sync_api import Page

MOST_BYTES = 2_000_000
# Blurred while it is small, and in place of the video itself: a filter on the video would take so much of the processor
# that the server could look at few pictures.
_BLUR = """() => {
    const video = document.getElementById("video");
    const small = Object.assign(document.createElement("canvas"), {width: 160, height: 120});
    const context = small.getContext("2d", {alpha: false});
    context.filter = "blur(5px)";
    video.after(small);
    video.style.opacity = 0;
    setInterval(() => { if (video.videoWidth) context.drawImage(video, -4, -3, 168, 126); }, 80);
}"""
_WIDTHS = (800, 720, 640, 560, 480)
_COLOURS = 192


@contextmanager
def served(model: Path) -> Iterator[str]:
    """A server in this process; its address."""
    live = prepare(Recognizer.load(model, threads=1), Access(), Limits())
    if live.camera_problem is not None:
        raise IsharaError(live.camera_problem)
    listening = bind("127.0.0.1", 0)
    server = make_server(create_app(live), live.limits)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


def filmed(page: Page, seconds: float, fps: float) -> list[bytes]:
    """Pictures of the page, one after the other, as JPEG: to take them apart now would slow the server down."""
    pictures: list[bytes] = []
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        pictures.append(page.screenshot(type="jpeg", quality=90))
        page.wait_for_timeout(max(0.0, 1000 * (len(pictures) / fps - (time.perf_counter() - began))))
    return pictures


def write_gif(screenshots: Sequence[bytes], path: Path, fps: float) -> Path:
    """As wide as it can be within the size that is allowed."""
    pictures = [Image.open(io.BytesIO(screenshot)).convert("RGB") for screenshot in screenshots]
    for width in _WIDTHS:
        height = round(pictures[0].height * width / pictures[0].width)
        small = [picture.resize((width, height), Image.Resampling.LANCZOS) for picture in pictures]
        # One palette for all, from some of them: otherwise still parts would flicker.
        some = small[:: max(1, len(small) // 6)]
        sheet = Image.new("RGB", (width, height * len(some)))
        for number, picture in enumerate(some):
            sheet.paste(picture, (0, number * height))
        palette = sheet.quantize(_COLOURS)
        flat = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in small]
        flat[0].save(path, save_all=True, append_images=flat[1:], duration=round(1000 / fps), loop=0, optimize=True)
        if path.stat().st_size < MOST_BYTES:
            return path
    raise IsharaError(f"{path}: holds {path.stat().st_size:,} bytes at {width} pixels; record fewer seconds.")


def main(
    model: Annotated[Path, typer.Argument(help="A run or recogniser folder.")],
    clips: Annotated[list[Path], typer.Argument(help="Videos of signs that it knows.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for live.gif and the pictures.")] = Path(
        "docs/images"
    ),
    seconds: Annotated[float, typer.Option(help="Of the film.")] = 12,
    fps: Annotated[float, typer.Option(help="Of the film.")] = 5,
) -> None:
    """Record the page."""
    out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        served(model) as address,
        browser_with(film(clips, Path(folder) / "camera.mjpeg")) as browser,
    ):
        # Without motion: in a still picture a bar half-way to its length would be wrong.
        page = browser.new_page(
            viewport={"width": 1200, "height": 820}, locale="en-GB", color_scheme="light", reduced_motion="reduce",
            permissions=["camera"],
        )  # fmt: skip
        page.goto(address)
        page.wait_for_selector("#start:visible")
        page.evaluate(_BLUR)
        page.click("#start")
        page.wait_for_selector("#state.live")
        screenshots = filmed(page, seconds, fps)
        # While a sign that was just told still stands in the picture, and the next is being made.
        page.wait_for_selector("#transcript li")
        page.wait_for_selector("#caption:visible")
        page.wait_for_selector("#now-bars li")
        page.screenshot(path=out / "live.png")
        page.check("input[value=bn]")
        page.check("input[value=dark]")
        page.wait_for_timeout(500)
        page.screenshot(path=out / "live-dark.png")
        page.set_viewport_size({"width": 390, "height": 844})
        page.check("input[value=en]")
        page.check("input[value=light]")
        page.wait_for_timeout(500)
        page.screenshot(path=out / "live-phone.png")
    write_gif(screenshots, out / "live.gif", fps)
    for name in ("live.gif", "live.png", "live-dark.png", "live-phone.png"):
        console.print(f"{out / name}: {(out / name).stat().st_size:,} bytes")


if __name__ == "__main__":
    typer.run(main)
