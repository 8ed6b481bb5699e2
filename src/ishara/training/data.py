"""Clips as batches: augmented, padded to the longest of their batch, clips of like length together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import lightning as L
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from ishara.pose.augment import augment
from ishara.pose.features import extract_features
from ishara.pose.store import PoseStore
from ishara.pose.views import further_views
from ishara.recipe import Recipe, Train
from ishara.training.loaders import begin_loader
from ishara.training.seeds import derive

# A batch is drawn from a pool of this many batches' clips sorted by length: little padding, still random company.
_POOL = 8


class Batch(NamedTuple):
    """A batch of clips.

    Parameters
    ----------
    x
        (B, T, F) float32 features, or (B, T, 3, S, S) uint8 pictures; 0 beyond a clip's end.
    mask
        (B, T) bool, True for a real frame.
    label
        (B,) int64 class.
    """

    x: Tensor
    mask: Tensor
    label: Tensor


class ClipKey(NamedTuple):
    """Which clip to load, and for which epoch: the augmentation follows from both."""

    clip: int
    epoch: int


class TrainingClips(Protocol):
    """The clips of one side, with their class; a data set of features or of pictures.

    `labels` has the class of each clip, `lengths` its frames before augmentation.
    """

    @property
    def labels(self) -> Sequence[int]: ...

    @property
    def lengths(self) -> np.ndarray: ...

    def __len__(self) -> int: ...

    def __getitem__(self, keys: Sequence[ClipKey]) -> Batch: ...


def collate(items: Sequence[tuple[np.ndarray, int]]) -> Batch:
    """Pad the features of some clips, (T_i, F) each, to the longest of them."""
    longest = max(len(features) for features, _ in items)
    x = np.zeros((len(items), longest, items[0][0].shape[1]), np.float32)
    mask = np.zeros((len(items), longest), bool)
    for row, (features, _) in enumerate(items):
        x[row, : len(features)] = features
        mask[row, : len(features)] = True
    label = torch.tensor([label for _, label in items])
    return Batch(torch.from_numpy(x), torch.from_numpy(mask), label)


@dataclass(frozen=True, eq=False)
class ClipDataset(Dataset[Batch]):
    """Prepared clips with their class, read a batch at a time.

    Parameters
    ----------
    store
        Where the clips are.
    index
        Which clips of the store.
    labels
        The class of each of them.
    recipe
        Features, augmentation and seed.
    augmented
        Whether to change clips at random; what is drawn follows from seed, epoch and clip id alone.
    """

    store: PoseStore
    index: Sequence[int]
    labels: Sequence[int]
    recipe: Recipe
    augmented: bool

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, keys: Sequence[ClipKey]) -> Batch:
        return collate([self._load(key) for key in keys])

    def _load(self, key: ClipKey) -> tuple[np.ndarray, int]:
        clip = self.index[key.clip]
        pose = self.store[clip]
        if self.augmented and key.epoch >= self.recipe.train.plain_epochs:
            seed = derive(self.recipe.train.seed, "augment", key.epoch, self.store.ids[clip])
            pose = augment(pose, self.recipe.augment, np.random.default_rng(seed))
        return extract_features(pose, self.recipe.features), self.labels[key.clip]

    def views(self, clip: int) -> tuple[np.ndarray, ...]:
        """How a recogniser of this recipe sees a clip after the first look, for each further look (T_i, F)."""
        return further_views(self.store[self.index[clip]], self.recipe)

    @property
    def lengths(self) -> np.ndarray:
        """(N,) frames of each clip, before augmentation."""
        return np.array([self.store.lengths[i] for i in self.index])


@dataclass(eq=False)
class BucketSampler(Sampler[list[ClipKey]]):
    """Batches of clips of like length, drawn from seed and epoch.

    The batches that several processes have at a time are together the one that a single process would have with so many
    times the batch size: how many there are changes nothing in what is learnt from, and none waits for longer clips.

    Parameters
    ----------
    lengths
        (N,) frames of each clip.
    batch_size
        Clips that one process gets at a time.
    shuffle
        False gives the clips from short to long.
    rank, world
        This process's number, and how many there are. All get equally many batches: where the clips do not divide among
        the processes, some come twice.
    """

    lengths: np.ndarray
    batch_size: int
    seed: int
    shuffle: bool
    rank: int = 0
    world: int = 1
    epoch: int = field(default=0, init=False)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch to draw; Lightning calls this before each, also after resuming."""
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-self._share() // self.batch_size)

    def _share(self) -> int:
        return -(-len(self.lengths) // self.world)

    def __iter__(self) -> Iterator[list[ClipKey]]:
        for batch in self._batches():
            yield [ClipKey(int(i), self.epoch) for i in batch]

    def _batches(self) -> list[np.ndarray]:
        count = len(self.lengths)
        if self.shuffle:
            rng = np.random.default_rng(derive(self.seed, "order", self.epoch))
            order = rng.permutation(count)
        else:
            order = np.argsort(self.lengths, kind="stable")
        together = self.batch_size * self.world
        padded = np.resize(order, self._share() * self.world)
        if self.shuffle:
            pools = (padded[start : start + together * _POOL] for start in range(0, len(padded), together * _POOL))
            padded = np.concatenate([pool[np.argsort(self.lengths[pool], kind="stable")] for pool in pools])
        batches = [padded[start : start + together] for start in range(0, len(padded), together)]
        if self.shuffle:
            # A short batch stays last, so that every epoch of every process has full batches first.
            full = len(padded) // together
            batches = [batches[i] for i in rng.permutation(full)] + batches[full:]
        return [batch[self.rank :: self.world] for batch in batches]


class ClipData(L.LightningDataModule):
    """The training and validation clips of a run; a resumed one begins at `first_epoch`."""

    def __init__(self, training: TrainingClips, validation: TrainingClips | None, train: Train) -> None:
        super().__init__()
        self.train = train
        self.first_epoch = 0
        self.training = training
        self.validation = validation

    def train_dataloader(self) -> DataLoader:
        """Shuffled and augmented."""
        return self._loader(self.training, shuffle=True)

    def val_dataloader(self) -> DataLoader | list[DataLoader]:
        """In order of length, as they are."""
        return [] if self.validation is None else self._loader(self.validation, shuffle=False)

    def _loader(self, dataset: TrainingClips, *, shuffle: bool) -> DataLoader:
        train = self.train
        rank, world = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        sampler = BucketSampler(dataset.lengths, train.batch_size, train.seed, shuffle, rank, world)
        # Lightning tells the sampler its epoch before each, but loader processes fetch their first clips before that.
        sampler.set_epoch(self.first_epoch)
        # The sampler gives whole batches, so the loader's own batching is off; Lightning tells the sampler its epoch.
        return DataLoader(
            dataset,  # type: ignore[arg-type]  # it has what a data set needs
            sampler=sampler,
            batch_size=None,
            num_workers=train.workers,
            worker_init_fn=begin_loader,
            persistent_workers=train.workers > 0,
            pin_memory=torch.cuda.is_available(),
        )
