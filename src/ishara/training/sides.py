"""The clips of a run, prepared and on disk, by side."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from rich.markup import escape

from ishara.clips.manifest import Manifest
from ishara.console import errors, track
from ishara.errors import IsharaError
from ishara.pose.prepare import model_skeleton
from ishara.pose.store import PoseStore, Source
from ishara.recipe import Recipe
from ishara.training.data import ClipDataset

FAILURES = "failures.csv"
STORES = ".store"
_MOST_NAMED = 5


@dataclass(frozen=True)
class Sides:
    """The training and validation clips of a run, and its vocabulary: the glosses that training clips have."""

    training: ClipDataset
    validation: ClipDataset | None
    labels: list[str]
    failures: dict[str, str]


def load_sides(recipe: Recipe, manifest: Manifest, stores: Path) -> Sides:
    """Prepare a run's clips, or find them prepared.

    All clips are prepared together, those of the test side too, so that the folds of a protocol share one store.

    Parameters
    ----------
    manifest
        Clips with their `split`.
    stores
        Folder of prepared clips.

    Raises
    ------
    IsharaError
        If there is no readable clip to train on.
    """
    clips = [Source(clip.id, clip.path, clip.start, clip.end) for clip in manifest]
    skeleton = model_skeleton(recipe.pose)
    store = PoseStore.build(
        stores, clips, recipe.pose, skeleton=skeleton, progress=lambda items: track("Preparing clips", list(items))
    )
    by_id = {clip.id: clip for clip in manifest}
    index: dict[str, list[int]] = {"train": [], "validation": []}
    for i, clip in enumerate(store.ids):
        if by_id[clip].split in index:
            index[str(by_id[clip].split)].append(i)
    if not index["train"]:
        raise IsharaError("There is no readable clip to train on; see the recipe's split and the manifest.")
    labels = sorted({by_id[store.ids[i]].gloss for i in index["train"]})
    if len(labels) < 2:
        raise IsharaError(
            f"Only one gloss ({labels[0]}) has a readable training clip; a recogniser needs at least two."
        )
    _tell_of_glosses_without_clips(manifest, labels)
    classes = {gloss: i for i, gloss in enumerate(labels)}
    known = [i for i in index["validation"] if by_id[store.ids[i]].gloss in classes]

    def side(members: list[int], *, augmented: bool) -> ClipDataset:
        own = [classes[by_id[store.ids[i]].gloss] for i in members]
        return ClipDataset(store, members, own, recipe, augmented=augmented)

    return Sides(
        training=side(index["train"], augmented=True),
        validation=side(known, augmented=False) if known else None,
        labels=labels,
        failures={clip: why for clip, why in store.failures.items() if by_id[clip].split in index},
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
    without = Counter(clip.gloss for clip in manifest if clip.gloss not in set(labels))
    if without:
        named = ", ".join(list(without)[:_MOST_NAMED]) + (", …" if len(without) > _MOST_NAMED else "")
        errors.print(
            f"[yellow]Warning[/]: {len(without)} glosses ({escape(named)}) have no readable training clip: they cannot "
            f"be recognised, and their {without.total()} clips count as missed.",
            highlight=False,
            soft_wrap=True,
        )
