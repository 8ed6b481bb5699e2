"""Which glosses are held out of training to be taught, and which of their clips teach and which ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from ishara.clips.clusters import merge
from ishara.clips.manifest import Manifest
from ishara.clips.splits import Cluster, assign
from ishara.errors import IsharaError
from ishara.recipe import Recipe

# The first is for choosing how; what is reported comes from the others.
CHOICES = ("development", "first", "second", "third")
GLOSSES = 10
SHOTS = (1, 3, 5)


@dataclass(frozen=True)
class Choice:
    """Glosses that are held out of training, and all clips with the sides of training: theirs have none."""

    name: str
    glosses: tuple[str, ...]
    manifest: Manifest


@dataclass(frozen=True)
class Draw:
    """Places of clips (of a list of ids): those that teach, and those that ask, by gloss."""

    support: dict[str, list[str]]
    query: dict[str, list[str]]


def units(manifest: Manifest, together: Sequence[Cluster]) -> dict[str, list[list[str]]]:
    """Each gloss's clips, near-identical ones as one unit.

    Raises
    ------
    IsharaError
        If near-identical clips have different glosses: then one of them could stand in training and ask.
    """
    gloss = dict(zip(manifest.table["id"], manifest.table["gloss"], strict=True))
    found: dict[str, list[list[str]]] = {}
    for unit in merge([*([clip] for clip in gloss), *together]):
        names = {gloss[clip] for clip in unit}
        if len(names) > 1:
            raise IsharaError(f"Near-identical clips have different glosses: {sorted(unit)}.")
        found.setdefault(names.pop(), []).append(sorted(unit))
    return found


def choose(manifest: Manifest, recipe: Recipe, together: Sequence[Cluster]) -> list[Choice]:
    """Disjoint sets of glosses to hold out, drawn from those with enough clips for the most shots and a question.

    The clips of the other glosses are parted as the recipe says, with a fifth of them for the test side.
    """
    enough = sorted(name for name, own in units(manifest, together).items() if len(own) > max(SHOTS))
    if len(enough) < GLOSSES * len(CHOICES):
        raise IsharaError(
            f"Only {len(enough)} glosses have more than {max(SHOTS)} clips; expected at least {GLOSSES * len(CHOICES)}."
        )
    order = np.random.default_rng(0).permutation(enough).tolist()
    made = []
    for number, name in enumerate(CHOICES):
        held_out = sorted(order[number * GLOSSES : (number + 1) * GLOSSES])
        trained = manifest.where(~pl.col("gloss").is_in(held_out))
        split = recipe.split.model_copy(update={"test": 0.2})
        sides = assign(trained, split, seed=number, together=together).table
        side_of = dict(zip(sides["id"], sides["split"], strict=True))
        column = pl.Series("split", [side_of.get(clip) for clip in manifest.table["id"]], pl.String)
        made.append(Choice(name, tuple(held_out), Manifest(manifest.table.with_columns(column))))
    return made


def draw(own: Mapping[str, Sequence[Sequence[str]]], shots: int, rng: np.random.Generator) -> Draw:
    """One drawing: so many clips of each gloss teach, each of another unit, and all clips of all other units ask.

    Parameters
    ----------
    own
        The units of each gloss; see `units`.
    """
    support: dict[str, list[str]] = {}
    query: dict[str, list[str]] = {}
    for gloss, mine in own.items():
        order = rng.permutation(len(mine))
        support[gloss] = [str(rng.choice(mine[i])) for i in order[:shots]]
        query[gloss] = [clip for i in order[shots:] for clip in mine[i]]
    return Draw(support, query)
