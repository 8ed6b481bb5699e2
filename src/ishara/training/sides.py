"""The clips of a run, prepared and on disk, by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import polars as pl
from filelock import FileLock
from rich.markup import escape

from ishara.clips.manifest import Manifest
from ishara.console import errors, track
from ishara.errors import IsharaError
from ishara.models.options import sees_pixels
from ishara.pose.prepare import model_skeleton
from ishara.pose.store import PoseStore, Source
from ishara.recipe import Recipe
from ishara.training.data import ClipDataset, TrainingClips
from ishara.training.pixel_data import PixelClip, PixelDataset, find_readable

FAILURES = "failures.csv"
STORES = ".store"
_MOST_NAMED = 5


@dataclass(frozen=True)
class Sides:
    """The training and validation clips of a run, and its vocabulary: the glosses that training clips have.

    `plain` are the training clips without anything random, and the ids are those of the clips of both sides. How long
    the middle one of the training clips lasts is known of landmarks.
    """

    training: TrainingClips
    validation: TrainingClips | None
    labels: list[str]
    failures: dict[str, str]
    plain: TrainingClips | None = None
    training_ids: Sequence[str] = ()
    validation_ids: Sequence[str] = ()
    clip_seconds: float | None = None


def load_sides(recipe: Recipe, manifest: Manifest, stores: Path, *, learn_all: bool = False) -> Sides:
    """Prepare a run's clips, or find them prepared.

    All clips are prepared together, those of the test side too, so that the folds of a protocol share one store.

    Parameters
    ----------
    manifest
        Clips with their `split`.
    stores
        Folder of prepared clips.
    learn_all
        Train on the validation clips of known glosses too, and validate on none.

    Raises
    ------
    IsharaError
        If there is no readable clip to train on.
    """
    readable = _pixels(recipe, manifest) if sees_pixels(recipe) else _landmarks(recipe, manifest, stores)
    by_id = {clip.id: clip for clip in manifest}
    index: dict[str, list[int]] = {"train": [], "validation": []}
    for i, clip in enumerate(readable.ids):
        if by_id[clip].split in index:
            index[str(by_id[clip].split)].append(i)
    if not index["train"]:
        raise IsharaError("There is no readable clip to train on; see the recipe's split and the manifest.")
    labels = sorted({by_id[readable.ids[i]].gloss for i in index["train"]})
    if len(labels) < 2:
        raise IsharaError(
            f"Only one gloss ({labels[0]}) has a readable training clip; a recogniser needs at least two."
        )
    _tell_of_glosses_without_clips(manifest, labels)
    classes = {gloss: i for i, gloss in enumerate(labels)}
    known = [i for i in index["validation"] if by_id[readable.ids[i]].gloss in classes]
    if learn_all:
        index["train"], known = sorted([*index["train"], *known]), []

    def side(members: list[int], *, augmented: bool) -> TrainingClips:
        return readable.side(members, [classes[by_id[readable.ids[i]].gloss] for i in members], augmented)

    return Sides(
        training=side(index["train"], augmented=True),
        validation=side(known, augmented=False) if known else None,
        labels=labels,
        failures={clip: why for clip, why in readable.failures.items() if by_id[clip].split in index},
        plain=side(index["train"], augmented=False),
        training_ids=[readable.ids[i] for i in index["train"]],
        validation_ids=[readable.ids[i] for i in known],
        clip_seconds=median(readable.seconds[i] for i in index["train"]) if readable.seconds else None,
    )


@dataclass(frozen=True)
class _Readable:
    """The clips that can be read, why the others cannot, and what makes a side of some of them and their classes."""

    ids: Sequence[str]
    failures: dict[str, str]
    side: Callable[[list[int], list[int], bool], TrainingClips]
    seconds: Sequence[float] = ()


def prepare_clips(recipe: Recipe, manifest: Manifest, stores: Path) -> PoseStore:
    """The landmarks of all clips of a manifest as the recipe wants them, prepared or found prepared.

    Raises
    ------
    IsharaError
        If not one clip could be read.
    """
    clips = [Source(clip.id, clip.path, clip.start, clip.end) for clip in manifest]
    stores.mkdir(parents=True, exist_ok=True)
    # Two runs may share their clips: the second waits, and finds them prepared.
    with FileLock(stores / "preparing.lock"):
        return PoseStore.build(
            stores, clips, recipe.pose, skeleton=model_skeleton(recipe.pose),
            progress=lambda items: track("Preparing clips", list(items)),
        )  # fmt: skip


def _landmarks(recipe: Recipe, manifest: Manifest, stores: Path) -> _Readable:
    store = prepare_clips(recipe, manifest, stores)
    return _Readable(
        store.ids,
        store.failures,
        lambda members, labels, augmented: ClipDataset(store, members, labels, recipe, augmented=augmented),
        [length / fps for length, fps in zip(store.lengths, store.fps, strict=True)],
    )


def _pixels(recipe: Recipe, manifest: Manifest) -> _Readable:
    clips = [PixelClip(clip.id, clip.path, clip.start, clip.end, clip.box) for clip in manifest]
    readable, failures = find_readable(
        clips, recipe.pixels, progress=lambda items: track("Looking at videos", list(items))
    )
    return _Readable(
        [clip.id for clip in readable],
        failures,
        lambda members, labels, augmented: PixelDataset(
            [readable[i] for i in members],
            labels,
            recipe.pixels,
            recipe.train.seed,
            augmented,
            plain_epochs=recipe.train.plain_epochs,
            looks=recipe.inference.views,
        ),
    )


def add_failures(folder: Path, failures: dict[str, str]) -> None:
    """Add clips that could not be read, with the reason, to a run's ``failures.csv``; none, and there is no file."""
    known = read_failures(folder)
    if failures and not failures.items() <= known.items():
        table = {**known, **failures}
        pl.DataFrame({"id": list(table), "reason": list(table.values())}).write_csv(folder / FAILURES)


def read_failures(folder: Path) -> dict[str, str]:
    """The clips that a run could not read, and why."""
    path = folder / FAILURES
    if not path.is_file():
        return {}
    table = pl.read_csv(path, glob=False, schema_overrides={"id": pl.String(), "reason": pl.String()})
    return dict(zip(table["id"], table["reason"], strict=True))


def _tell_of_glosses_without_clips(manifest: Manifest, labels: list[str]) -> None:
    known = set(labels)
    without = Counter(clip.gloss for clip in manifest if clip.split is not None and clip.gloss not in known)
    if without:
        named = ", ".join(list(without)[:_MOST_NAMED]) + (", …" if len(without) > _MOST_NAMED else "")
        errors.print(
            f"[yellow]Warning[/]: {len(without)} glosses ({escape(named)}) have no readable training clip: they cannot "
            f"be recognised, and their {without.total()} clips count as missed.",
            highlight=False,
            soft_wrap=True,
        )
