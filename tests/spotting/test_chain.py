"""The chain that commits early is the best one there is."""

from __future__ import annotations

from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from ishara.spotting.boundaries import Boundary
from ishara.spotting.chain import Chain
from ishara.spotting.options import SpotOptions
from ishara.spotting.worth import Worth

WORTH = Worth(SpotOptions())
Span = tuple[int, int]


def boundaries(gaps: list[float], strengths: list[float]) -> list[Boundary]:
    times = [sum(gaps[: n + 1]) for n in range(len(gaps))]
    return [Boundary("dip", time, 0.0, strength) for time, strength in zip(times, strengths, strict=False)]


def worth(at: list[Boundary], probabilities: list[float], i: int, j: int) -> float:
    inner = max((b.strength for b in at[i + 1 : j]), default=0.0)
    p = probabilities[(7 * i + j) % len(probabilities)]
    return WORTH.of(at[i], at[j], inner, at[j].time - at[i].time, p)


def run(at: list[Boundary], probabilities: list[float], *, early: bool) -> list[Span]:
    chain: Chain[Span] = Chain(WORTH)
    given: list[Span] = []
    for j, boundary in enumerate(at):
        starts = [(node, at.index(node.boundary)) for node, _ in chain.starts(boundary)] if early else [
            (node, i) for i, node in enumerate(chain.nodes)
        ]  # fmt: skip
        chain.add(boundary, [(node, worth(at, probabilities, i, j), (i, j)) for node, i in starts])
        if early:
            given += chain.decided()
    return given + chain.close()


def best(at: list[Boundary], probabilities: list[float]) -> float:
    @cache
    def until(j: int) -> float:
        if j == 0:
            return 0.0
        return max([until(j - 1), *(until(i) + max(worth(at, probabilities, i, j), 0.0) for i in range(j))])

    return until(len(at) - 1)


@given(
    gaps=st.lists(st.floats(0.1, 1.5), min_size=2, max_size=14),
    strengths=st.lists(st.floats(0, 1), min_size=14, max_size=14),
    probabilities=st.lists(st.floats(0.01, 1), min_size=1, max_size=9),
)
def test_signs_given_early_are_those_of_the_best_chain(
    gaps: list[float], strengths: list[float], probabilities: list[float]
) -> None:
    at = boundaries(gaps, strengths)
    found = run(at, probabilities, early=True)
    assert sum(worth(at, probabilities, i, j) for i, j in found) >= best(at, probabilities) - 1e-9
    assert all(a[1] <= b[0] for a, b in zip(found, found[1:], strict=False))
    assert (
        sum(worth(at, probabilities, i, j) for i, j in run(at, probabilities, early=False))
        >= best(at, probabilities) - 1e-9
    )


def test_a_sign_is_given_at_a_boundary_that_surely_parts_signs() -> None:
    at = boundaries([0.5, 1.1, 1.1], [1.0, 1.0, 1.0])
    chain: Chain[Span] = Chain(WORTH)
    chain.add(at[0], [])
    chain.add(at[1], [(chain.nodes[0], worth(at, [0.9], 0, 1), (0, 1))])
    assert chain.decided() == [(0, 1)]
    assert chain.decided() == []
    assert chain.close() == []
