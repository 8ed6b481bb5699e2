"""Clips of pixels as batches: decoded when they are wanted, changed at random in training, uint8 all the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from rich.markup import escape
from torch import Tensor
from torch.utils.data import Dataset

from ishara.console import errors
from ishara.errors import IsharaError
from ishara.recipe import Pixels
from ishara.training.data import Batch, ClipKey
from ishara.training.pixel_augment import augment_pixels
from ishara.training.seeds import derive
from ishara.video.box import Box
from ishara.video.frames import count_frames, read_clip
from ishara.video.looks import further_looks

# Clips in a row that may be lost while training: more, and it is the disk that is lost.
_STAND_INS = 5


class PixelClip(NamedTuple):
    """Where a clip is, and how long.

    Parameters
    ----------
    id
        Unique in its data set; what is drawn follows from it.
    path
        The video: a path or an fsspec URL.
    start, end
        Seconds from the file's first frame; ``None`` for its beginning and end.
    box
        Where the signer is: ``left top right bottom`` in pixels; ``None`` where nobody knows.
    frames
        How many frames of it are looked at; `find_readable` counts them.
    """

    id: str
    path: str
    start: float | None = None
    end: float | None = None
    box: str | None = None
    frames: int = 0

    @property
    def signer(self) -> Box | None:
        """The box."""
        return None if self.box is None else Box.parse(self.box)


def find_readable(
    clips: Sequence[PixelClip],
    options: Pixels,
    *,
    progress: Callable[[Iterable[PixelClip]], Iterable[PixelClip]] = iter,
) -> tuple[list[PixelClip], dict[str, str]]:
    """Open each clip once before training: those that can be read, with their frames counted, and the others.

    Parameters
    ----------
    progress
        Wraps the clips to show progress.

    Returns
    -------
    list of PixelClip
        Those that can be read, in the order given.
    dict
        Ids of the others, and why.

    Raises
    ------
    IsharaError
        If not one clip can be read.
    """
    readable, failures = [], {}
    for clip in progress(clips):
        try:
            frames = count_frames(clip.path, options, start=clip.start, end=clip.end, box=clip.signer)
        except IsharaError as error:
            failures[clip.id] = str(error)
        else:
            readable.append(clip._replace(frames=frames))
    if not readable:
        first, reason = next(iter(failures.items()), ("", "there are no clips"))
        raise IsharaError(f"Not one of {len(failures)} clips could be read. The first, {first}: {reason}")
    return readable, failures


def read_pixels(
    clip: PixelClip, options: Pixels, rng: np.random.Generator | None = None, *, backend: str = "auto"
) -> Tensor:
    """The frames of a clip that are looked at, (T, 3, S, S) uint8; parameters and errors as `read_clip`'s."""
    frames = read_clip(clip.path, options, start=clip.start, end=clip.end, box=clip.signer, rng=rng, backend=backend)
    return torch.from_numpy(frames.rgb)


def collate_pixels(items: Sequence[tuple[Tensor, int]]) -> Batch:
    """Pad some clips, (T_i, 3, S, S) uint8 each, with black frames to the longest of them."""
    longest = max(len(clip) for clip, _ in items)
    x = torch.zeros((len(items), longest, *items[0][0].shape[1:]), dtype=torch.uint8)
    mask = torch.zeros((len(items), longest), dtype=torch.bool)
    for row, (clip, _) in enumerate(items):
        x[row, : len(clip)] = clip
        mask[row, : len(clip)] = True
    return Batch(x, mask, torch.tensor([label for _, label in items]))


@dataclass(frozen=True, eq=False)
class PixelDataset(Dataset[Batch]):
    """Videos with their class, decoded a batch at a time; nothing is kept between batches.

    A clip that can no longer be read is told of, and the next one stands in for it, so that a batch keeps its size.

    Parameters
    ----------
    clips
        Those that `find_readable` found.
    labels
        The class of each of them.
    options
        Frames, size and changes.
    seed
        Of the run.
    augmented
        Whether frames, part of the picture and changes are random; what is drawn follows from seed, epoch and clip id
        alone.
    plain_epochs
        So many epochs at the beginning are without that.
    backend
        As for `ishara.video.read_video`. The default decodes as in use, and is about as fast as TorchCodec.
    looks
        How often the recogniser will look at a clip.
    """

    clips: Sequence[PixelClip]
    labels: Sequence[int]
    options: Pixels
    seed: int
    augmented: bool
    plain_epochs: int = 0
    backend: str = "auto"
    looks: int = 1

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, keys: Sequence[ClipKey]) -> Batch:
        return collate_pixels([self._load(key) for key in keys])

    @property
    def lengths(self) -> np.ndarray:
        """(N,) frames of each clip that are looked at."""
        return np.array([clip.frames for clip in self.clips])

    def views(self, clip: int) -> tuple[np.ndarray, ...]:
        """How a recogniser of this recipe sees a clip after the first look, for each further look (T_i, 3, S, S)."""
        one = self.clips[clip]
        return further_looks(one.path, self.options, self.looks, start=one.start, end=one.end, box=one.signer)

    def _load(self, key: ClipKey) -> tuple[Tensor, int]:
        problem = None
        for number in range(key.clip, key.clip + _STAND_INS):
            index = number % len(self.clips)
            try:
                return self._read(ClipKey(index, key.epoch)), self.labels[index]
            except IsharaError as error:
                problem = problem or error
                _tell(f"{self.clips[index].id} can no longer be read ({error}); another clip stands in for it.")
        raise IsharaError(f"{_STAND_INS} clips in a row can no longer be read. The first: {problem}")

    def _read(self, key: ClipKey) -> Tensor:
        """One clip, (T, 3, S, S) uint8."""
        clip = self.clips[key.clip]
        changed = self.augmented and key.epoch >= self.plain_epochs
        rng = np.random.default_rng(derive(self.seed, "pixels", key.epoch, clip.id)) if changed else None
        pixels = read_pixels(clip, self.options, rng, backend=self.backend)
        return pixels if rng is None else augment_pixels(pixels, self.options.augment, rng)


@cache
def _tell(problem: str) -> None:
    """Warn once; the same clip comes again in every epoch."""
    errors.print(f"[yellow]Warning[/]: {escape(problem)}", highlight=False, soft_wrap=True)
