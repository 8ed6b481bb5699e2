"""Where between two boundaries the sign itself is: without the ways up and down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ishara.spotting.boundaries import Boundary
from ishara.spotting.motion import Moment
from ishara.spotting.options import SpotOptions

_RESTS = ("opening", "closing")
_LESS = (0.5, 0.25)


@dataclass(frozen=True)
class Stretch:
    """From the time of a first frame to that of a last, in seconds."""

    start: float
    end: float


def stretch_between(
    moments: Iterable[Moment], start: Boundary, end: Boundary, rest: Moment | None, options: SpotOptions
) -> Stretch | None:
    """What may be a sign between two boundaries; None where the hands do not leave their rest, or not for long.

    At a boundary from which the hands rise, it begins where they are up by `options.edge` of their way to the highest
    place between both; likewise at its end. Between two rests, less is taken off where little would be left.
    """
    inside = [moment for moment in moments if start.time <= moment.time <= end.time]
    if len(inside) < 2:
        return None
    if rest is not None and max(_apart(moment, rest) for moment in inside) < options.least_way:
        return None
    stretch = _without_ways(inside, start, end, options.edge, options.least_dip)
    for part in _LESS if start.kind in _RESTS and end.kind in _RESTS else ():
        if stretch.end - stretch.start >= options.typical / 2:
            break
        # Of a small movement from rest to rest the way up is no way to the sign but the sign itself.
        stretch = _without_ways(inside, start, end, part * options.edge, options.least_dip)
    return stretch if options.shortest <= stretch.end - stretch.start <= options.longest else None


def _without_ways(inside: Sequence[Moment], start: Boundary, end: Boundary, edge: float, least: float) -> Stretch:
    """From where the hands are up by a share of their way to where they are down by as much; a smaller way is none."""
    raised = np.array([moment.raised for moment in inside])
    peak = float(raised.max())
    rise, fall = peak - start.level, peak - end.level
    first, last = 0, len(inside) - 1
    if rise > least:
        first = int(np.argmax(raised >= start.level + edge * rise))
    if fall > least:
        last -= int(np.argmax(raised[::-1] >= end.level + edge * fall))
    elif end.kind not in _RESTS:
        # The frame of the boundary is the first of the next sign.
        last -= 1
    return Stretch(inside[first].time, inside[last].time)


def _apart(one: Moment, other: Moment) -> float:
    """How far the hand that moved more did so, in shoulder widths."""
    return float(np.linalg.norm(one.places - other.places, axis=1).max())
