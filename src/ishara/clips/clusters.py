"""Joining overlapping sets: what is the same as the same thing is one cluster."""

from __future__ import annotations

from collections.abc import Iterable


def merge(sets: Iterable[Iterable[str]]) -> list[frozenset[str]]:
    """The sets joined wherever they share a member, so that the results are disjoint.

    Returns
    -------
    list
        Sorted by smallest member; it depends on neither the order of the sets nor of their members.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for members in sets:
        roots = sorted({root(name) for name in members})
        for other in roots[1:]:
            parent[other] = roots[0]
    clusters: dict[str, set[str]] = {}
    for name in list(parent):
        clusters.setdefault(root(name), set()).add(name)
    return sorted((frozenset(cluster) for cluster in clusters.values()), key=min)
