"""Batches of pixels: what is in them follows from seed, epoch and clip; one bad clip stops nothing."""

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from ishara.errors import IsharaError
from ishara.recipe import Pixels
from ishara.training.data import ClipKey
from ishara.training.pixel_data import PixelClip, PixelDataset, find_readable

OPTIONS = Pixels(frames=6, size=32, sampling="segments", augment={"preset": "default", "randaugment": (1, 5)})
LENGTHS = (12, 3, 20)


def write(path: Path, frames: int, width: int = 64, height: int = 48, fps: int = 25) -> Path:
    rng = np.random.default_rng(frames)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for k in range(frames):
            picture = np.full((height, width, 3), 60 + 8 * k, np.uint8)
            picture[: height // 2, : width // 2] = rng.integers(0, 255, 3)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[PixelClip]:
    """Three clips, of another length, size and rate each."""
    folder = tmp_path_factory.mktemp("clips")
    sizes = ((64, 48, 25), (48, 64, 30), (96, 40, 50))
    paths = [write(folder / f"{n}.mp4", n, *size) for n, size in zip(LENGTHS, sizes, strict=True)]
    return find_readable([PixelClip(path.stem, str(path)) for path in paths], OPTIONS)[0]


@pytest.fixture
def dataset(clips: list[PixelClip]) -> Callable[..., PixelDataset]:
    def make(*, augmented: bool = True, seed: int = 0, options: Pixels = OPTIONS) -> PixelDataset:
        return PixelDataset(clips, [2, 0, 1], options, seed, augmented)

    return make


def keys(epoch: int = 0) -> list[ClipKey]:
    return [ClipKey(clip, epoch) for clip in range(3)]


def test_a_batch_is_padded_with_black_frames_and_masked(dataset: Callable[..., PixelDataset]) -> None:
    batch = dataset()[keys()]
    assert batch.x.dtype == torch.uint8
    assert tuple(batch.x.shape) == (3, 6, 3, 32, 32)
    assert batch.mask.dtype == torch.bool
    assert batch.mask.sum(1).tolist() == [6, 3, 6]
    assert batch.mask[1].tolist() == [True] * 3 + [False] * 3
    assert (batch.x[~batch.mask] == 0).all()
    assert batch.label.tolist() == [2, 0, 1]
    assert dataset().lengths.tolist() == [6, 3, 6]


def test_what_is_drawn_follows_from_seed_epoch_and_clip(dataset: Callable[..., PixelDataset]) -> None:
    first = dataset()[keys()]
    assert torch.equal(dataset()[keys()].x, first.x)
    assert torch.equal(dataset()[keys()[1:2]].x[0, :3], first.x[1, :3]), "whatever its company"
    assert not torch.equal(dataset()[keys(epoch=1)].x, first.x)
    assert not torch.equal(dataset(seed=1)[keys()].x, first.x)


def test_the_first_epochs_may_be_without_changes(dataset: Callable[..., PixelDataset]) -> None:
    late = replace(dataset(), plain_epochs=2)
    plain = dataset(augmented=False)[keys()].x
    assert torch.equal(late[keys(epoch=0)].x, plain)
    assert torch.equal(late[keys(epoch=1)].x, plain)
    assert torch.equal(late[keys(epoch=2)].x, dataset()[keys(epoch=2)].x)
    assert not torch.equal(late[keys(epoch=2)].x, plain)


def test_in_validation_nothing_is_random(dataset: Callable[..., PixelDataset]) -> None:
    plain = dataset(augmented=False)
    assert torch.equal(plain[keys()].x, plain[keys(epoch=3)].x)
    assert torch.equal(plain[keys()].x, dataset(augmented=False, options=OPTIONS.model_copy(), seed=5)[keys()].x)


def test_nothing_is_kept_between_batches(dataset: Callable[..., PixelDataset]) -> None:
    data = dataset()
    data[keys()]
    assert len(pickle.dumps(data)) < 4000


def test_clips_that_cannot_be_read_are_found_before_training(clips: list[PixelClip], tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    bad = [
        PixelClip("text", str(text)),
        PixelClip("gone", str(tmp_path / "gone.mp4")),
        clips[0]._replace(id="box", box="900 0 950 40"),
        clips[0]._replace(id="late", start=60.0),
    ]
    readable, failures = find_readable([bad[0], clips[0], *bad[1:], clips[1]], OPTIONS)
    assert readable == clips[:2]
    assert list(failures) == ["text", "gone", "box", "late"]
    assert "gone.mp4: there is no such file" in failures["gone"]
    assert "outside of the picture" in failures["box"]
    with pytest.raises(IsharaError, match=r"Not one of 4 clips could be read. The first, text: .*text\.mp4"):
        find_readable(bad, OPTIONS)


def test_a_clip_that_is_lost_while_training_is_told_of_and_stood_in_for(
    clips: list[PixelClip], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = PixelClip("lost", str(tmp_path / "lost.mp4"), frames=6)
    data = PixelDataset([lost, clips[1]], [0, 1], OPTIONS, 0, augmented=True)
    batch = data[[ClipKey(0, 0), ClipKey(1, 0)]]
    assert batch.label.tolist() == [1, 1]
    assert torch.equal(batch.x[0], batch.x[1])
    data[[ClipKey(0, 1)]]
    assert capsys.readouterr().err.count("lost can no longer be read") == 1
    with pytest.raises(IsharaError, match=r"in a row can no longer be read\. The first: .*there is no such file"):
        PixelDataset([lost], [0], OPTIONS, 0, augmented=True)[[ClipKey(0, 0)]]


def test_the_signers_box_and_stretch_of_a_clip_are_used(clips: list[PixelClip]) -> None:
    options = Pixels(frames=6, size=32, margin=0)
    whole, part = clips[0], clips[0]._replace(box="0 0 20 20", start=0.2, end=0.32)
    batch = PixelDataset([whole, part], [0, 1], options, 0, augmented=False)[keys()[:2]]
    assert batch.mask.sum(1).tolist() == [6, 3]
    assert batch.x[1, :3].float().std((2, 3)).max() < 8, "the corner of one colour"
    assert batch.x[0].float().std((2, 3)).max() > 8
