"""Who is trained on and who is tested: one split, or the folds of a protocol, all from a seed.

What is parted is units, never clips: groups (such as signers) joined where near-identical clips tie them together, or,
for clips at random, the clusters of near-identical clips. A unit stands on one side, whole. The result depends on the
seed and on which clips there are, not on the order of the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from ishara.clips.clusters import merge
from ishara.clips.manifest import Manifest
from ishara.clips.stratify import deal, take
from ishara.errors import IsharaError, choices
from ishara.recipe import Protocol, Split

Cluster = frozenset[str]
# The parts that chance has in a split, so that one seed gives each its own numbers.
_TEST, _VALIDATION, _ORDER = range(3)


@dataclass(frozen=True)
class Fold:
    """One fold of a protocol.

    Parameters
    ----------
    name
        Unique within its protocol: the groups tested, or a number.
    manifest
        All clips, each with its `split`: ``train``, ``validation`` or ``test``.
    repeat
        Which drawing of the folds it is of, counted from 0.
    """

    name: str
    manifest: Manifest
    repeat: int = 0


def assign(manifest: Manifest, split: Split, seed: int, together: Sequence[Cluster] = ()) -> Manifest:
    """The same clips, each with its side.

    Parameters
    ----------
    manifest
        The clips. For ``by: official`` each has a side already; validation is taken from the training side where there
        is none.
    split
        What the test and validation sides are. A share of groups means so many of the groups, at least one; 0 means
        that there is no such side.
    seed
        Of what is drawn.
    together
        Clusters of ids of near-identical clips, each of which stays on one side (the official split is kept as it is).

    Raises
    ------
    IsharaError
        If the split cannot be made: no such column or group, groups that are not known for every clip, or a side that
        would be empty.
    """
    if split.by == "official":
        return _official(manifest, split, seed, together)
    parts = _Parts(manifest, split, together)
    test = parts.choose(split.test, "test", parts.ids, seed)
    return parts.finish(test, seed, turn=0)


def folds(manifest: Manifest, split: Split, protocol: Protocol, together: Sequence[Cluster] = ()) -> list[Fold]:
    """The folds of a protocol, each clip tested once per repetition.

    Parameters
    ----------
    manifest
        The clips; a split that they have is not looked at.
    split
        `group` names the column for the group protocols, `validation` what is taken from each training side: a further
        unit in each fold, where it is a share.
    protocol
        Repetition ``r`` is drawn with the seed ``r``, whatever the seeds of training are: runs with different seeds
        are compared on the same folds.
    together
        As for `assign`.

    Raises
    ------
    IsharaError
        As for `assign`, and if there are fewer units than folds.
    """
    if protocol.name == "held-out":
        if protocol.repeats > 1:
            raise IsharaError("protocol.repeats: held-out is one split, so it cannot be repeated; set it to 1.")
        if split.test == 0:
            raise IsharaError("protocol.name: held-out tests what split.test says, and that is nothing (0).")
        return [Fold("held-out", assign(manifest, split, 0, together))]
    by = "clip" if protocol.name == "stratified-k-fold" else "group"
    parts = _Parts(manifest, split.model_copy(update={"by": by}), together)
    if protocol.name == "leave-one-group-out":
        if protocol.repeats > 1:
            raise IsharaError(
                "protocol.repeats: leave-one-group-out draws nothing, so it cannot be repeated; set it to 1."
            )
        if len(parts.units) < 2:
            raise parts.too_few("leave-one-group-out", 2)
        return [Fold(parts.label(unit), parts.finish(unit, seed=0, turn=i)) for i, unit in enumerate(parts.units)]
    made = []
    for repeat in range(protocol.repeats):
        prefix = f"repeat-{repeat + 1}-" if protocol.repeats > 1 else ""
        for i, test in enumerate(parts.deal(protocol.folds, repeat)):
            made.append(Fold(f"{prefix}fold-{i + 1}", parts.finish(test, seed=repeat, turn=i), repeat))
    return made


class _Parts:
    """The units of a manifest that are dealt to sides."""

    def __init__(self, manifest: Manifest, split: Split, together: Iterable[Cluster]) -> None:
        self.manifest = manifest
        self.split = split
        self.ids = frozenset(manifest.table["id"])
        self.gloss: Mapping[str, str] = dict(zip(manifest.table["id"], manifest.table["gloss"], strict=True))
        self.grouped = split.by == "group"
        self.group = _groups(manifest, split.group) if self.grouped else {}
        same: dict[str, list[str]] = {}
        for clip, group in self.group.items():
            same.setdefault(group, []).append(clip)
        known = [cluster & self.ids for cluster in together]
        self.units = merge([*([clip] for clip in self.ids), *same.values(), *known])

    def label(self, unit: Cluster) -> str:
        """The groups of a unit, joined by ``+``."""
        return "+".join(sorted({self.group[clip] for clip in unit}))

    def too_few(self, name: str, needed: int) -> IsharaError:
        """What to say when there are fewer units than folds."""
        kind = (
            f"values of {self.split.group!r} that share no near-identical clips" if self.grouped else "separate clips"
        )
        advice = ["fewer folds"] if needed > 2 else []
        if self.grouped:
            advice.append("folds of clips (stratified-k-fold), though the same group then stands on both sides")
        what_to_do = " or ".join(advice or ["more clips"])
        return IsharaError(
            f"{name} needs at least {needed} {kind}; the manifest has {len(self.units)}. Take {what_to_do}."
        )

    def deal(self, count: int, seed: int) -> list[Cluster]:
        """The units dealt to folds of about the same size."""
        if len(self.units) < count:
            raise self.too_few(f"{count} folds", count)
        rng = np.random.default_rng([seed, _TEST])
        if not self.grouped:
            return deal(self.units, self.gloss, count, rng)
        # Group by group, the largest first, always to the smallest fold.
        dealt: list[set[str]] = [set() for _ in range(count)]
        shuffled = [self.units[i] for i in rng.permutation(len(self.units))]
        for unit in sorted(shuffled, key=len, reverse=True):
            min(dealt, key=len).update(unit)
        return [frozenset(fold) for fold in dealt]

    def choose(self, wanted: tuple[str, ...] | float, side: str, among: Cluster, seed: int, turn: int = 0) -> Cluster:
        """The clips of one side: named groups, or a share, taken from whole units within `among`."""
        if isinstance(wanted, tuple):
            return self._named(wanted, side) & among
        units = [unit for unit in self.units if unit <= among]
        if wanted == 0 or not units:
            return frozenset()
        if not self.grouped:
            part = _TEST if side == "test" else _VALIDATION
            return take(units, self.gloss, wanted, np.random.default_rng([seed, turn, part]))
        # One order for all folds, begun where the units that are left out stood: each fold has another validation unit.
        order = [self.units[i] for i in np.random.default_rng([seed, _ORDER]).permutation(len(self.units))]
        gone = next((i for i, unit in enumerate(order) if not unit <= among), 0)
        turned = [unit for unit in order[gone:] + order[:gone] if unit <= among]
        return frozenset().union(*turned[: max(1, round(wanted * len(units)))])

    def _named(self, wanted: tuple[str, ...], side: str) -> Cluster:
        if not self.grouped:
            raise IsharaError(
                f"split.{side} names groups ({', '.join(wanted)}), but clips are split at random: give a share."
            )
        known = set(self.group.values())
        for name in wanted:
            if name not in known:
                raise IsharaError(f"split.{side}: {self.split.group!r} has no value {name!r}. {choices(name, known)}")
        return frozenset().union(*(unit for unit in self.units if any(self.group[clip] in wanted for clip in unit)))

    def finish(self, test: Cluster, seed: int, turn: int) -> Manifest:
        """All clips with their sides, validation taken from what is not tested."""
        rest = self.ids - test
        validation = self.choose(self.split.validation, "validation", rest, seed, turn)
        sides = {"test": test, "validation": validation, "train": rest - validation}
        named = isinstance(self.split.validation, tuple) and len(self.split.validation) > 0
        needed = ("train",) if self.split.test == 0 else ("train", "test")
        empty = [side for side in needed if not sides[side]]
        if named and not validation:
            raise IsharaError(
                "split.validation names groups that are tested, or that near-identical clips tie to tested ones; name "
                "others or give a share."
            )
        if empty:
            what = f"{len(self.units)} units of {self.split.group!r}" if self.grouped else f"{len(self.ids)} clips"
            raise IsharaError(
                f"The split leaves nothing to {' and to '.join(empty)}: there are only {what} that can be parted, with "
                f"split.test={_shown(self.split.test)} and split.validation={_shown(self.split.validation)}. Make "
                "these smaller (split.validation=0 goes with train.keep=last), or split by another column or by clip."
            )
        side_of = {clip: side for side, clips in sides.items() for clip in clips}
        return self.manifest.with_column("split", [side_of[clip] for clip in self.manifest.table["id"]])


def _shown(wanted: tuple[str, ...] | float) -> str:
    return f"[{', '.join(wanted)}]" if isinstance(wanted, tuple) else f"{wanted:g}"


def _groups(manifest: Manifest, column: str) -> dict[str, str]:
    """The group of each clip by id."""
    table = manifest.table
    full = [name for name in table.columns if name not in ("id", "path", "split") and not table[name].null_count()]
    if column not in table.columns:
        raise IsharaError(f"split.group: the manifest has no column {column!r}. {choices(column, full)}")
    unknown = table[column].null_count()
    if unknown == len(table):
        raise IsharaError(
            f"split.group: no clip has a {column}. Choose a column that is known for every clip ({', '.join(full)}), "
            "or split.by=clip with near-identical clips kept together (crossval: stratified-k-fold)."
        )
    if unknown:
        first = table.filter(pl.col(column).is_null())["id"][0]
        raise IsharaError(
            f"split.group: {unknown} of {len(table)} clips have no {column} (first: {first}). Fill it in, leave them "
            "out, or choose another column."
        )
    return dict(zip(table["id"], table[column].cast(pl.String), strict=True))


def _can_set_groups_aside(manifest: Manifest, group: str) -> bool:
    """Whether enough whole groups are only trained on, so that some can validate; else single clips have to."""
    table = manifest.table
    if group not in table.columns or table[group].null_count():
        return False
    tested = table.group_by(group).agg((pl.col("split") == "test").any())
    return int((~tested["split"]).sum()) > 1


def _official(manifest: Manifest, split: Split, seed: int, together: Sequence[Cluster]) -> Manifest:
    """The corpus's own split; a validation side from the training side where it has none."""
    sides = manifest.table["split"]
    count = sides.null_count()
    if count:
        raise IsharaError(
            f"split.by is official, but {count} of {len(manifest)} clips have no official split. Choose split.by=group "
            "or clip."
        )
    missing = [side for side in ("train", "test") if side not in set(sides)]
    if missing:
        raise IsharaError(f"The official split has no {' and no '.join(missing)} clips. Choose split.by=group or clip.")
    if "validation" in set(sides) or split.validation == 0:
        return manifest
    grouped = _can_set_groups_aside(manifest, split.group)
    parts = _Parts(manifest, split.model_copy(update={"by": "group" if grouped else "clip"}), together)
    return parts.finish(frozenset(manifest.table.filter(pl.col("split") == "test")["id"]), seed, turn=0)
