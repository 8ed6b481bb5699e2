"""A recogniser that looks at pictures: a ring buffer of frames, and no estimator."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from ishara.errors import IsharaError
from ishara.export.folder import write_recognizer
from ishara.live.jpeg import JpegDecoder
from ishara.live.pixel_signs import PixelSigns
from ishara.live.schema import write_binary
from ishara.models import create_model
from ishara.recipe import Recipe
from ishara.recognizer import ModelInput, Prediction, Recognizer
from ishara.recognizer.prediction import Candidate
from ishara.video.frames import read_clip

from .conftest import FPS, Serve, jpeg


@pytest.fixture
def of_pixels(tmp_path: Path) -> Recognizer:
    """An untrained recogniser of two glosses that sees four frames of 32 × 32 pixels."""
    sides = {"stem": 8, "widths": (8,), "depths": (1,), "features": 8, "hidden": 8, "layers": 1}
    settings = {"name": "pixels", "data": {"manifest": "clips.csv"}, "pixels": {"frames": 4, "size": 32}}
    recipe = Recipe.from_dict({**settings, "model": {"name": "sign2text"}})
    model = create_model("sign2text", num_classes=2, size=32, **sides)
    folder = tmp_path / "pixels"
    write_recognizer(folder, model, recipe, ["TEA", "TREE"], temperature=lambda _: 1.0, card=lambda _: "")
    return Recognizer.load(folder, threads=1)


class Said:
    """Stands in for the model: says what it is told to, window by window."""

    def __init__(self, signs: PixelSigns, *says: tuple[str, float]) -> None:
        self.windows: list[ModelInput] = []
        self._says = list(says)
        signs._recognizer = self  # type: ignore[assignment]

    def predict(self, window: ModelInput) -> Prediction:
        self.windows.append(window)
        gloss, probability = self._says[min(len(self.windows), len(self._says)) - 1]
        weight = np.full(len(window), 1 / len(window), np.float32)
        return Prediction((Candidate(gloss, probability),), weight, window.times)


def run(signs: PixelSigns, seconds: float, start: float = 0.0) -> list[str]:
    frame = JpegDecoder(10_000).frame(jpeg())
    found = []
    for number in range(round(seconds * FPS)):
        found += [segment.gloss for segment in signs.push(frame, start + number / FPS)]
    return found


def test_a_sign_is_told_once_when_two_windows_agree(of_pixels: Recognizer) -> None:
    signs = PixelSigns(of_pixels)
    said = Said(signs, ("TEA", 0.9), ("TREE", 0.9), ("TREE", 0.9), ("TREE", 0.9), ("TEA", 0.2), ("TREE", 0.9))
    assert run(signs, 4.6) == ["TREE", "TREE"]
    assert len(said.windows) >= 8
    # Four frames of the last two seconds, as the recipe samples them.
    assert said.windows[-1].x.shape == (4, 3, 32, 32)
    assert said.windows[-1].times[-1] == pytest.approx(2.0, abs=0.05)


def test_what_is_not_sure_is_not_told(of_pixels: Recognizer) -> None:
    signs = PixelSigns(of_pixels)
    Said(signs, ("TEA", 0.4))
    assert run(signs, 4) == []
    assert signs.provisional is not None


def test_a_gap_begins_anew(of_pixels: Recognizer) -> None:
    signs = PixelSigns(of_pixels)
    said = Said(signs, ("TEA", 0.9))
    assert run(signs, 1.2) == ["TEA"]
    assert run(signs, 1.2, start=10) == ["TEA"]
    assert all(window.times[-1] < 2 for window in said.windows)


def test_pictures_are_cut_as_clips_are(of_pixels: Recognizer, tmp_path: Path) -> None:
    with av.open(tmp_path / "a.avi", "w") as file:
        stream = file.add_stream("mjpeg", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for number in range(4):
            packet = av.Packet(jpeg(64, 48))
            packet.stream, packet.pts, packet.dts, packet.is_keyframe = stream, number, number, True
            packet.time_base = Fraction(1, FPS)
            file.mux(packet)
    expected = read_clip(tmp_path / "a.avi", of_pixels.recipe.pixels).rgb[0]
    signs = PixelSigns(of_pixels)
    signs.push(JpegDecoder(10_000).frame(jpeg(64, 48)), 0.0)
    np.testing.assert_allclose(signs._frames[0][1].astype(int), expected.astype(int), atol=1)
    mirrored = PixelSigns(of_pixels, left_handed=True)
    mirrored.push(JpegDecoder(10_000).frame(jpeg(64, 48)), 0.0)
    np.testing.assert_array_equal(mirrored._frames[0][1], signs._frames[0][1][:, :, ::-1])


def test_it_is_served_without_an_estimator(serve: Serve, of_pixels: Recognizer) -> None:
    running = serve(model=of_pixels)
    assert running.live.estimators is None
    assert not running.live.teachable
    client = running.connect()
    welcome = client.hello()
    assert (welcome["landmarks"], welcome["edges"]) == ([], [])
    answers = []
    for number in range(30):
        client.socket.send(write_binary("jpeg", number, number / FPS, jpeg()))
        answers.append(client.hear("frame"))
    assert answers[0]["points"] is None
    assert {guess["gloss"] for guess in answers[-1]["provisional"]} == {"TEA", "TREE"}
    landmarks = running.connect()
    assert landmarks.hello(input="landmarks")["code"] == "model"


def test_the_memory_of_a_stream_does_not_grow(of_pixels: Recognizer) -> None:
    signs = PixelSigns(of_pixels)
    Said(signs, ("TEA", 0.9))
    run(signs, 20)
    assert len(signs._frames) <= 2 * FPS + 1


def test_a_picture_that_is_none_changes_nothing(of_pixels: Recognizer) -> None:
    with pytest.raises(IsharaError):
        JpegDecoder(10_000).frame(b"x")
    signs = PixelSigns(of_pixels)
    Said(signs, ("TEA", 0.9))
    assert run(signs, 1.2) == ["TEA"]
