"""The leak check: no group on two sides of a split, and no near-identical clips on two sides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import polars as pl

from ishara.clips.duplicates import near_duplicates
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError, choices

__all__ = ["LeakReport", "check", "near_duplicates"]

T = TypeVar("T")
_MOST_LISTED = 3


@dataclass(frozen=True)
class LeakReport:
    """What stands on more than one side of a split.

    Parameters
    ----------
    group
        The column whose values were looked at; ``None`` where only near-identical clips were.
    groups
        Each value that is on several sides, with those sides.
    clusters
        Each cluster of near-identical clips that is: the clips' ids, each with its side.
    unknown
        How many clips have no value of the group, so that nothing can be said of them.
    """

    group: str | None
    groups: Mapping[str, tuple[str, ...]]
    clusters: tuple[Mapping[str, str], ...]
    unknown: int = 0

    @property
    def clean(self) -> bool:
        """Whether nothing leaks."""
        return not self.groups and not self.clusters

    def __str__(self) -> str:
        if self.clean:
            known = f" The {self.group} of {self.unknown} clips is not known." if self.unknown else ""
            return f"No leak was found.{known}"
        parts = []
        if self.groups:
            shown = "; ".join(f"{name} in {', '.join(sides)}" for name, sides in _first(self.groups.items()))
            parts.append(f"{len(self.groups)} values of {self.group!r} stand on two sides ({shown})")
        if self.clusters:
            shown = "; ".join(", ".join(f"{clip} in {side}" for clip, side in c.items()) for c in _first(self.clusters))
            parts.append(f"{len(self.clusters)} clusters of near-identical clips stand on two sides ({shown})")
        return f"The split leaks: {', and '.join(parts)}."

    def refuse(self) -> None:
        """Raise if anything leaks.

        Raises
        ------
        IsharaError
            That names what leaks.
        """
        if not self.clean:
            raise IsharaError(f"{self} Split by group, with split.near_duplicates=together.")


def check(manifest: Manifest, group: str | None, together: Iterable[frozenset[str]] = ()) -> LeakReport:
    """Look for what stands on more than one of train, validation and test.

    Parameters
    ----------
    manifest
        Clips with their split; those without one are left aside.
    group
        The column whose values must not be parted, such as ``signer``; ``None`` to look at `together` alone.
    together
        Clusters of near-identical clips, as `near_duplicates` finds them.

    Raises
    ------
    IsharaError
        If there is no such column, or no clip has a split.
    """
    table = manifest.table.filter(pl.col("split").is_not_null())
    if table.is_empty():
        raise IsharaError("The leak check needs a split, but no clip of the manifest has one.")
    if group is not None and group not in table.columns:
        raise IsharaError(f"The leak check: the manifest has no column {group!r}. {choices(group, table.columns)}")
    parted = {} if group is None else _parted(table, group)
    side = dict(zip(table["id"], table["split"], strict=True))
    clusters = ({clip: side[clip] for clip in sorted(cluster) if clip in side} for cluster in together)
    return LeakReport(
        group=group,
        groups=parted,
        clusters=tuple(cluster for cluster in clusters if len(set(cluster.values())) > 1),
        unknown=0 if group is None else table[group].null_count(),
    )


def _parted(table: pl.DataFrame, group: str) -> dict[str, tuple[str, ...]]:
    known = table.filter(pl.col(group).is_not_null())
    sides = known.group_by(group).agg(pl.col("split").unique().sort()).sort(group)
    return {str(name): tuple(found) for name, found in sides.iter_rows() if len(found) > 1}


def _first(items: Iterable[T]) -> list[T]:
    return list(items)[:_MOST_LISTED]
