"""Small videos, written with PyAV, whose frames can be told apart: frame k is of one grey level, 10 + 5k."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from ishara.video.backends import torchcodec_problem

FPS = 25


@dataclass(frozen=True)
class Spec:
    """How a test video is written."""

    frames: int = 12
    width: int = 64
    height: int = 48
    codec: str = "libx264"
    pixels: str = "yuv420p"
    # When each frame is shown, in ticks of 1/100 s; evenly where none are given.
    ticks: Sequence[int] | None = None
    rotation: int = 0
    matrix: Sequence[int] | None = None
    sound: bool = False
    key_every: int = 250
    options: dict[str, str] = field(default_factory=lambda: {"crf": "10"})
    container_options: dict[str, str] = field(default_factory=dict)
    aspect: Fraction | None = None


def grey(number: int) -> int:
    """The level of a frame."""
    return 10 + 5 * number


def marked(number: int, width: int, height: int) -> NDArray[np.uint8]:
    """(H, W, 3): a grey frame whose top left quarter is red, so that turns and mirrors show."""
    picture = np.full((height, width, 3), grey(number), np.uint8)
    picture[: height // 2, : width // 2] = (200, 30, 30)
    return picture


def write(path: Path, spec: Spec, pictures: Iterable[NDArray[np.uint8]] | None = None) -> Path:
    """Write a video; of `marked` frames where none are given."""
    if pictures is None:
        pictures = (marked(k, spec.width, spec.height) for k in range(spec.frames))
    with av.open(str(path), "w", options=spec.container_options) as container:
        stream = container.add_stream(spec.codec, rate=FPS, options=spec.options)
        stream.width, stream.height, stream.pix_fmt = spec.width, spec.height, spec.pixels
        stream.codec_context.gop_size = spec.key_every
        if spec.aspect is not None:
            stream.codec_context.sample_aspect_ratio = spec.aspect
        if spec.ticks is not None:
            stream.codec_context.time_base = Fraction(1, 100)
        if spec.rotation:
            stream.set_display_rotation(spec.rotation)
        if spec.matrix is not None:
            stream.set_display_matrix(spec.matrix)
        if spec.sound:
            _add_sound(container)
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=spec.pixels)
            frame.pts = number if spec.ticks is None else spec.ticks[number]
            frame.time_base = Fraction(1, FPS if spec.ticks is None else 100)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _add_sound(container: av.container.OutputContainer) -> None:
    """A second of silence."""
    stream = container.add_stream("aac", rate=8000, layout="mono")
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
    frame.sample_rate = 8000
    container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """A file with sound only."""
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        _add_sound(container)
    return path


@pytest.fixture
def video(tmp_path: Path) -> Callable[..., Path]:
    """Write a video of that name into the test's folder: ``video("a.mp4", frames=3)``; at most 49 `marked` frames."""

    def make(name: str = "clip.mp4", pictures: Sequence[NDArray[np.uint8]] | None = None, **settings: object) -> Path:
        return write(tmp_path / name, Spec(**settings), pictures)  # type: ignore[arg-type]

    return make


@pytest.fixture(params=["pyav", "torchcodec"])
def backend(request: pytest.FixtureRequest) -> str:
    """Each back-end in turn; TorchCodec is skipped where it does not decode, with the reason."""
    if request.param == "torchcodec" and (problem := torchcodec_problem()):
        pytest.skip(problem)
    return str(request.param)
