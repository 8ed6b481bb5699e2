"""Features of clips' frames by a frozen backbone: computed once, kept on disk, and read in place of the videos."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from ishara.console import track
from ishara.errors import IsharaError
from ishara.models.contract import ModelOutput
from ishara.pose.extract.stamps import stamps_of
from ishara.recipe import Pixels, Train
from ishara.training.data import Batch, ClipKey, TrainingClips, collate
from ishara.training.loaders import begin_loader
from ishara.training.pixel_data import PixelClip, PixelDataset, read_pixels
from ishara.training.sides import Sides

# Counts up whenever the same video, settings and weights would give other features.
_VERSION = 1
_SUFFIX = ".f32"


@runtime_checkable
class FrameModel(Protocol):
    """A model that first looks at each frame alone: ``model(x, mask)`` is ``from_features(frame_features(x, mask))``.

    Of frames, `frame_features` makes (B, T, feature_size) float32; `fingerprint` is another text wherever these would
    be others.
    """

    @property
    def feature_size(self) -> int: ...

    def fingerprint(self) -> str: ...

    def frame_features(self, x: Tensor, mask: Tensor | None = None) -> Tensor: ...

    def from_features(self, features: Tensor, mask: Tensor) -> ModelOutput: ...


@dataclass(frozen=True)
class FeatureStore:
    """One file for each clip, named after all that its features depend on: float32, a row for each frame.

    A file is whole as soon as it is there, so a pass that was stopped goes on, and several may run at once.

    Parameters
    ----------
    folder
        Where they lie; its name follows from the weights and from how frames are chosen and cut.
    size
        Features of a frame.
    """

    folder: Path
    size: int

    @classmethod
    def of(cls, home: Path, model: FrameModel, options: Pixels) -> FeatureStore:
        """The store of a model's features; `home` is the folder of stores."""
        shown = options.model_dump_json(exclude={"augment"})
        key = hashlib.sha256(f"{_VERSION} {model.fingerprint()} {shown}".encode()).hexdigest()[:16]
        return cls(home / f"features-{key}", model.feature_size)

    def files(self, clips: Sequence[PixelClip]) -> list[Path]:
        """Where the features of each clip are, or will be; a video that has changed has another."""
        stamps = stamps_of(clip.path for clip in clips)
        names = [repr((clip.path, stamps[clip.path], clip.start, clip.end, clip.box)) for clip in clips]
        return [self.folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}{_SUFFIX}" for name in names]

    def has(self, file: Path, frames: int) -> bool:
        """Whether a clip's features are there and whole: a full disk or a power cut may have shortened the file."""
        try:
            return file.stat().st_size == 4 * frames * self.size
        except OSError:
            return False

    def write(self, file: Path, features: np.ndarray) -> None:
        """Keep a clip's features, (T, size); `IsharaError` if the folder cannot be written to."""
        partial = file.with_name(f"{file.stem}-{os.getpid()}-{uuid.uuid4().hex[:8]}.part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                partial.write_bytes(features.astype("<f4").tobytes())
                partial.replace(file)
            finally:
                partial.unlink(missing_ok=True)
        except OSError as error:
            raise IsharaError(
                f"{self.folder}: features cannot be kept there ({error.strerror}). Make room or choose another folder "
                "with --out, or set train.cache_features=never."
            ) from None

    def read(self, file: Path, frames: int) -> np.ndarray:
        """A clip's features, (frames, size) float32.

        Raises
        ------
        IsharaError
            If they are no longer there.
        """
        try:
            return np.fromfile(file, "<f4").reshape(frames, self.size)
        except (OSError, ValueError):
            raise IsharaError(
                f"{file}: a clip's features are no longer there, or not whole. Give the same command again: they are "
                "computed anew, and the run goes on."
            ) from None


@dataclass(frozen=True, eq=False)
class FeatureDataset(Dataset[Batch]):
    """Clips' kept features with their class, read a batch at a time; batches are those that `PixelDataset` would give.

    Parameters
    ----------
    store, files
        Where the features of each clip are.
    lengths
        (N,) frames of each clip.
    labels
        The class of each of them.
    """

    store: FeatureStore
    files: Sequence[Path]
    lengths: np.ndarray
    labels: Sequence[int]

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, keys: Sequence[ClipKey]) -> Batch:
        return collate([(self._read(key.clip), self.labels[key.clip]) for key in keys])

    def _read(self, clip: int) -> np.ndarray:
        return self.store.read(self.files[clip], int(self.lengths[clip]))


@dataclass(frozen=True)
class Kept:
    """Sides whose clips are features, and how much there was to do for them.

    Parameters
    ----------
    sides
        Without the clips that could not be decoded: these are among its failures.
    store
        Where the features are.
    clips, computed
        How many clips there are, of both sides, and of how many the features were computed here.
    """

    sides: Sides
    store: FeatureStore
    clips: int
    computed: int


def keep_features(sides: Sides, model: FrameModel, options: Pixels, train: Train, home: Path) -> Kept:
    """Compute the features of all frames of all clips of a run, as far as they are not there.

    Parameters
    ----------
    sides
        Of pixels.
    model
        With its pretrained weights; what makes the features must be frozen.
    options
        Which frames, and which part of them; they are taken as in use, without random changes.
    train
        Threads, accelerator and workers.
    home
        The folder of stores.

    Raises
    ------
    IsharaError
        If no clip of a side can be decoded, or the features cannot be written.
    """
    sets = [side for side in (sides.training, sides.validation) if side is not None]
    clips = [clip for side in sets for clip in _pixels(side).clips]
    store = FeatureStore.of(home, model, options)
    files = store.files(clips)
    missing = [i for i, clip in enumerate(clips) if not store.has(files[i], clip.frames)]
    computed, failures = _compute(_Missing(clips, files, missing, store, options), model, train) if missing else (0, {})
    where = dict(zip((clip.id for clip in clips), files, strict=True))
    done = replace(
        sides,
        training=_side(_pixels(sides.training), store, where, failures),
        validation=None if sides.validation is None else _side(_pixels(sides.validation), store, where, failures),
        failures=sides.failures | failures,
    )
    return Kept(done, store, len(clips) - len(failures), computed)


def _pixels(side: TrainingClips) -> PixelDataset:
    assert isinstance(side, PixelDataset)
    return side


def _side(side: PixelDataset, store: FeatureStore, where: dict[str, Path], failures: dict[str, str]) -> FeatureDataset:
    left = [i for i, clip in enumerate(side.clips) if clip.id not in failures]
    if not left:
        first = side.clips[0].id
        raise IsharaError(f"Not one of {len(side)} clips could be decoded. The first, {first}: {failures[first]}")
    return FeatureDataset(
        store, [where[side.clips[i].id] for i in left], side.lengths[left], [side.labels[i] for i in left]
    )


@dataclass(frozen=True, eq=False)
class _Missing(Dataset[tuple[int, Tensor | str | None]]):
    """The clips whose features are not there, decoded; the reason where one cannot be.

    In no order, and without those that have come since, so that processes which begin together share the work.
    """

    clips: Sequence[PixelClip]
    files: Sequence[Path]
    missing: Sequence[int]
    store: FeatureStore
    options: Pixels

    def __len__(self) -> int:
        return len(self.missing)

    def __getitem__(self, number: int) -> tuple[int, Tensor | str | None]:
        index = self.missing[number]
        clip = self.clips[index]
        if self.store.has(self.files[index], clip.frames):
            return index, None
        try:
            return index, read_pixels(clip, self.options)
        except IsharaError as error:
            return index, str(error)


def _compute(missing: _Missing, model: FrameModel, train: Train) -> tuple[int, dict[str, str]]:
    """Compute and keep; of how many clips, and the ids of those that cannot be decoded, with the reason."""
    assert isinstance(model, nn.Module)
    if train.threads is not None:
        torch.set_num_threads(train.threads)
    device = torch.device("cuda" if train.accelerator != "cpu" and torch.cuda.is_available() else "cpu")
    model.to(device).eval()
    order = np.random.default_rng().permutation(len(missing)).tolist()
    loader = DataLoader(missing, sampler=order, batch_size=None, num_workers=train.workers, worker_init_fn=begin_loader)
    computed, failures = 0, {}
    # Here in full precision, whatever training is done in: it is done once, and is what the recogniser computes.
    with torch.no_grad(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        for _, (index, found) in zip(track("Computing features", order), loader, strict=True):
            if isinstance(found, str):
                failures[missing.clips[index].id] = found
            elif found is not None:
                features = model.frame_features(found[None].to(device))[0]
                missing.store.write(missing.files[index], features.float().cpu().numpy())
                computed += 1
    model.cpu().train()
    return computed, failures
