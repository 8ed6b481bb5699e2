"""How much a stretch between two boundaries looks like one sign."""

from __future__ import annotations

import math

from ishara.spotting.boundaries import Boundary
from ishara.spotting.options import SpotOptions

_LEAST_PROBABILITY = 1e-3


class Worth:
    """A sum of simple reasons; a stretch that is worth more than nothing may be a sign."""

    def __init__(self, options: SpotOptions) -> None:
        self._options = options

    def most(self, start: Boundary, end: Boundary, inner: float) -> float:
        """What a stretch from one boundary to another or a later one can be worth at most.

        Parameters
        ----------
        start, end
            The boundaries.
        inner
            The strength of the strongest boundary between them.
        """
        options = self._options
        between = end.time - start.time
        if between > options.reach:
            return -math.inf
        # The ways up and down, which are no part of the sign, are some of it.
        length = max(between * options.longest / options.reach, options.typical)
        return options.worth - self._borders(1 - start.strength, inner) - self._length(length)

    def of(self, start: Boundary, end: Boundary, inner: float, length: float, probability: float) -> float:
        """What a stretch of so many seconds is worth, whose most likely gloss has this probability."""
        options = self._options
        if not options.shortest <= length <= options.longest:
            return -math.inf
        weak = (1 - start.strength) + (1 - end.strength)
        doubt = -options.doubt * math.log(max(probability, _LEAST_PROBABILITY))
        return options.worth - self._borders(weak, inner) - self._length(length) - doubt

    def _borders(self, weak: float, inner: float) -> float:
        return self._options.weak_border * weak + self._options.inner_border * inner

    def _length(self, length: float) -> float:
        return 0.5 * (math.log(length / self._options.typical) / self._options.spread) ** 2
