"""Where a sign may begin or end: rests, dips of the hands between two signs, and pauses of their movement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ishara.spotting.motion import Moment
from ishara.spotting.options import SpotOptions

Kind = Literal["opening", "closing", "dip", "pause"]
# A hand slows down to this share of its speed before a pause, and is as much faster after it.
_SLOWER = 0.4
# A pause that is nearer to the boundary before is none of its own, in seconds.
_NEAR = 0.15
# Hands that stay so long where they are, wherever that is, do not go on with a sign; in seconds.
_FROZEN = 1.2


@dataclass(frozen=True)
class Boundary:
    """A moment at which a sign may begin or end.

    Parameters
    ----------
    kind
        ``opening``: the hands leave their rest; ``closing``: they come to it; ``dip``: they are lower than before and
        after; ``pause``: they are slower than before and after.
    time
        Seconds.
    level
        How far the hands are raised there, in shoulder widths.
    strength
        How surely it parts two signs, in [0, 1].
    """

    kind: Kind
    time: float
    level: float
    strength: float


class BoundaryFinder:
    """Finds boundaries while moments come in; they come in the order of their times."""

    def __init__(self, options: SpotOptions) -> None:
        self._options = options
        self.resting = False
        # The hands when they last rested; nothing is known of them where a recording begins with a sign.
        self.rest: Moment | None = None
        self._begun = False
        self._still_since: Moment | None = None
        self._moved_since: Moment | None = None
        self._last = float("-inf")
        self._rising = True
        self._turn: Moment | None = None
        self._peak = 0.0
        self._fastest = 0.0
        self._slowest: Moment | None = None

    def push(self, moment: Moment) -> list[Boundary]:
        """Take a moment; the boundaries that are certain now."""
        if not self._begun:
            self._begun = True
            self._leave(moment)
            if moment.highest < self._options.rest_height:
                self.rest = moment
            return [self._boundary("opening", moment, 1.0)]
        still = moment.speed < self._options.rest_speed
        if self.resting:
            return self._at_rest(moment, still)
        self._still_since = (self._still_since or moment) if still else None
        if self._still_since is not None and self._is_rest(moment, self._still_since):
            return [self._rest(self._still_since, moment)]
        return self._dips(moment) or self._pauses(moment)

    def finish(self, moment: Moment) -> list[Boundary]:
        """The end of the recording, after its last moment."""
        return [] if self.resting else [self._boundary("closing", moment, 1.0)]

    def _is_rest(self, moment: Moment, since: Moment) -> bool:
        long = moment.time - since.time
        low = moment.highest < self._options.rest_height
        # Some signs are held no higher than where other people rest: these are above where this person rested before.
        usual = self.rest is None or moment.raised <= self.rest.raised + self._options.least_way
        return (low and usual and long >= self._options.rest_time) or long >= _FROZEN

    def _rest(self, since: Moment, now: Moment) -> Boundary:
        self.resting = True
        self._moved_since = None
        self.rest = now
        # A hold before the chest is part of the sign, hands that lie low are not.
        at = since if now.highest < self._options.rest_height else now
        return self._boundary("closing", at, 1.0)

    def _at_rest(self, moment: Moment, still: bool) -> list[Boundary]:
        self._moved_since = None if still else (self._moved_since or moment)
        rest = self.rest or moment
        raised = moment.raised > rest.raised + self._options.least_dip
        moved = self._moved_since is not None and moment.time > self._moved_since.time
        if not (moved or raised):
            self.rest = min(rest, moment, key=lambda one: one.raised)
            return []
        begun = self._moved_since or moment
        self._leave(moment)
        return [self._boundary("opening", begun, 1.0)]

    def _leave(self, moment: Moment) -> None:
        self.resting = False
        self._still_since = None
        self._rising = True
        self._turn = self._slowest = moment
        self._fastest = moment.speed

    def _dips(self, moment: Moment) -> list[Boundary]:
        """Dips: the hands go down and up again, by so much at least."""
        turn = self._turn or moment
        least = self._options.least_dip
        if self._rising:
            if moment.raised >= turn.raised:
                self._turn = moment
            elif moment.raised < turn.raised - least:
                self._rising, self._peak, self._turn = False, turn.raised, moment
            return []
        if moment.raised <= turn.raised:
            self._turn = moment
        elif moment.raised > turn.raised + least:
            strength = min(1.0, (self._peak - turn.raised) / self._options.deep_dip)
            self._rising, self._turn = True, moment
            self._slowest, self._fastest = moment, moment.speed
            return [self._boundary("dip", turn, strength)]
        return []

    def _pauses(self, moment: Moment) -> list[Boundary]:
        """Pauses, while the hands are up: a slowest moment between two fast ones."""
        slowest = self._slowest or moment
        if moment.speed < slowest.speed:
            self._slowest = moment
        elif slowest.speed <= _SLOWER * self._fastest and slowest.speed <= _SLOWER * moment.speed:
            self._slowest, self._fastest = moment, moment.speed
            if self._rising and slowest.time - self._last >= _NEAR:
                return [self._boundary("pause", slowest, 0.0)]
        elif moment.speed > self._fastest:
            self._slowest, self._fastest = moment, moment.speed
        return []

    def _boundary(self, kind: Kind, moment: Moment, strength: float) -> Boundary:
        self._last = max(self._last, moment.time)
        return Boundary(kind, self._last, moment.raised, strength)
