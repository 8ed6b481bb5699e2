"""Batches: everything drawn follows from seed, epoch and clip; nothing is lost; several processes share the work."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ishara.recipe import Recipe
from ishara.training import split_clips
from ishara.training.data import Batch, BucketSampler, ClipKey, TrainingClips, collate
from ishara.training.seeds import derive_int
from ishara.training.sides import load_sides

LENGTHS = st.lists(st.integers(1, 200), min_size=1, max_size=120).map(np.array)


def drawn(sampler: BucketSampler) -> list[int]:
    return [key.clip for batch in sampler for key in batch]


@given(LENGTHS, st.integers(1, 16), st.booleans())
def test_an_epoch_has_every_clip_once(lengths: np.ndarray, batch_size: int, shuffle: bool) -> None:
    sampler = BucketSampler(lengths, batch_size, 0, shuffle)
    batches = list(sampler)
    assert sorted(key.clip for batch in batches for key in batch) == list(range(len(lengths)))
    assert len(batches) == len(sampler)
    assert all(len(batch) == batch_size for batch in batches[:-1])


@given(LENGTHS, st.integers(1, 16), st.integers(2, 4))
def test_processes_share_the_clips_and_take_equally_many_batches(
    lengths: np.ndarray, batch_size: int, world: int
) -> None:
    samplers = [BucketSampler(lengths, batch_size, 0, True, rank, world) for rank in range(world)]
    shares = [drawn(sampler) for sampler in samplers]
    assert set().union(*shares) == set(range(len(lengths)))
    assert len({len(list(sampler)) for sampler in samplers}) == 1
    assert len({len(share) for share in shares}) == 1


@given(LENGTHS, st.integers(1, 8), st.booleans(), st.integers(2, 4))
def test_batches_of_several_processes_are_together_those_of_one(
    lengths: np.ndarray, batch_size: int, shuffle: bool, world: int
) -> None:
    lengths = np.resize(lengths, len(lengths) * world)
    single = BucketSampler(lengths, batch_size * world, 0, shuffle)
    several = [BucketSampler(lengths, batch_size, 0, shuffle, rank, world) for rank in range(world)]
    for whole, shares in zip(single, zip(*several, strict=True), strict=True):
        assert sorted(whole) == sorted(key for share in shares for key in share)
        assert len({len(share) for share in shares}) == 1


def test_the_order_follows_from_seed_and_epoch() -> None:
    lengths = np.arange(1, 65)
    first, again, other_seed = (BucketSampler(lengths, 8, seed, True) for seed in (1, 1, 2))
    assert list(first) == list(again)
    assert drawn(first) != drawn(other_seed)
    before = drawn(first)
    first.set_epoch(1)
    assert drawn(first) != before
    assert {key.epoch for batch in first for key in batch} == {1}


def test_clips_of_like_length_come_together() -> None:
    lengths = np.random.default_rng(0).integers(10, 200, 400)
    bucketed = BucketSampler(lengths, 16, 0, True)
    padded = sum(16 * max(lengths[key.clip] for key in batch) for batch in bucketed)
    order = np.random.default_rng(1).permutation(400)
    at_random = sum(16 * lengths[order[i : i + 16]].max() for i in range(0, 400, 16))
    assert padded < 0.75 * at_random


def test_collate_pads_with_zeros_and_masks_them() -> None:
    batch = collate([(np.ones((3, 2), np.float32), 5), (np.ones((1, 2), np.float32), 4)])
    assert batch.mask.tolist() == [[True, True, True], [True, False, False]]
    assert (batch.x[~batch.mask] == 0).all()
    assert batch.label.tolist() == [5, 4]
    assert batch.x.dtype == torch.float32


@pytest.mark.parametrize("where", [("dropout", 0, 1), ("dropout", 1, 0), ("augment", 0, "a"), ("augment", 0, "b")])
def test_every_place_of_a_run_has_its_own_seed(where: tuple) -> None:
    assert derive_int(3, *where) == derive_int(3, *where)
    assert derive_int(3, *where) != derive_int(4, *where)
    assert derive_int(3, *where) != derive_int(3, "elsewhere", *where)


def test_the_first_epochs_may_be_without_changes(tiny_recipe: Recipe, tmp_path: Path) -> None:
    recipe = tiny_recipe.with_overrides(["train.plain_epochs=2"])
    sides = load_sides(recipe, split_clips(recipe), tmp_path)
    assert sides.plain is not None

    def clip(side: TrainingClips, epoch: int) -> Batch:
        return side[[ClipKey(0, epoch)]]

    plain = clip(sides.plain, 0).x
    assert torch.equal(clip(sides.training, 0).x, plain)
    assert torch.equal(clip(sides.training, 1).x, plain)
    changed = clip(sides.training, 2).x
    assert changed.shape != plain.shape or not torch.equal(changed, plain)
