"""The best chain of signs that do not overlap, found while boundaries come in: a Viterbi search that commits early."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from ishara.spotting.boundaries import Boundary
from ishara.spotting.worth import Worth

S = TypeVar("S")


@dataclass(frozen=True)
class _Link(Generic[S]):
    """A sign of a chain, and the one before it."""

    sign: S
    before: _Link[S] | None


@dataclass(frozen=True)
class Node(Generic[S]):
    """A boundary, the best chain of signs that end by it, and what that is worth."""

    boundary: Boundary
    total: float
    last: _Link[S] | None


class Chain(Generic[S]):
    """Boundaries since the last rest, with the best chain up to each.

    Of two stretches that overlap only one can be a sign: this is what suppresses the others (non-maximum suppression),
    but it weighs whole chains and not pairs.
    """

    def __init__(self, worth: Worth) -> None:
        self._worth = worth
        self.nodes: list[Node[S]] = []

    def starts(self, boundary: Boundary) -> list[tuple[Node[S], float]]:
        """Where a sign that ends here could begin and be part of the best chain, whatever the recogniser says of it.

        Each comes with the strength of the strongest boundary between it and here.
        """
        return [
            (node, inner)
            for node, inner in self._with_inner()
            if node.total + self._worth.most(node.boundary, boundary, inner) > self.nodes[-1].total
        ]

    def add(self, boundary: Boundary, signs: list[tuple[Node[S], float, S]]) -> None:
        """Take a boundary with the signs that could end there: where each begins, what it is worth, and what it is."""
        best = Node(boundary, self.nodes[-1].total if self.nodes else 0.0, self.nodes[-1].last if self.nodes else None)
        for start, worth, sign in signs:
            if worth > 0 and start.total + worth > best.total:
                best = Node(boundary, start.total + worth, _Link(sign, start.last))
        self.nodes.append(best)

    def decided(self) -> list[S]:
        """The signs that every chain which may still become the best begins with; none is given twice."""
        now = self.nodes[-1]
        self.nodes = [
            node
            for node, inner in self._with_inner()
            if node is now or node.total + self._worth.most(node.boundary, now.boundary, inner) > now.total
        ]
        chains = [_signs(node.last) for node in self.nodes]
        common = 0
        while all(len(chain) > common and chain[common] is chains[0][common] for chain in chains):
            common += 1
        if common:
            self.nodes = [Node(node.boundary, node.total, _shortened(node.last, common)) for node in self.nodes]
        return chains[0][:common]

    def close(self) -> list[S]:
        """The end of the chain: all its signs that were not given before."""
        signs = _signs(self.nodes[-1].last) if self.nodes else []
        self.nodes = []
        return signs

    def _with_inner(self) -> list[tuple[Node[S], float]]:
        """The nodes, each with the strength of the strongest boundary after it."""
        found: list[tuple[Node[S], float]] = []
        strongest = 0.0
        for node in reversed(self.nodes):
            found.append((node, strongest))
            strongest = max(strongest, node.boundary.strength)
        return found[::-1]


def _signs(link: _Link[S] | None) -> list[S]:
    signs: list[S] = []
    while link is not None:
        signs.append(link.sign)
        link = link.before
    return signs[::-1]


def _shortened(link: _Link[S] | None, common: int) -> _Link[S] | None:
    shorter: _Link[S] | None = None
    for sign in _signs(link)[common:]:
        shorter = _Link(sign, shorter)
    return shorter
