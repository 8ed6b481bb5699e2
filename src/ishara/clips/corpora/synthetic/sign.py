"""A sign: handshape × place × movement × one or two hands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_DIRECTIONS = {
    "right": (-1, 0, 0), "left": (1, 0, 0), "up": (0, -1, 0), "down": (0, 1, 0),
    "forward": (0, 0, -1), "back": (0, 0, 1),
}  # fmt: skip


def direction(words: str) -> Array:
    """(3,) unit vector in body space of words such as ``up`` or ``forward left`` (the signer's left)."""
    total = np.sum([_DIRECTIONS[word] for word in words.split()], axis=0, dtype=float)
    return np.asarray(total / np.linalg.norm(total))


@dataclass(frozen=True)
class Movement:
    """How the hand travels and turns while a sign is made.

    Parameters
    ----------
    path
        ``tap`` draws back and touches; ``line`` and ``arc`` go once, or there and back when repeated; ``circle`` starts
        along `aside`; ``zigzag`` goes along `towards` swinging along `aside`.
    towards, aside
        Directions in words (see `direction`), for the right hand.
    size
        In shoulder widths.
    repeats
        How often.
    reverse
        Whether it is run backwards, so that it ends at the place.
    twist, nod
        Degrees that the hand turns about the forearm, and bends at the wrist.
    """

    path: Literal["tap", "line", "arc", "circle", "zigzag"] = "line"
    towards: str = "left"
    aside: str = "up"
    size: float = 0.35
    repeats: int = 1
    reverse: bool = False
    twist: float = 0.0
    nod: float = 0.0

    def offset(self, phase: Array, *, size: float = 1.0, tilt: float = 0.0) -> Array:
        """(T, 3) shift from the place in shoulder widths, at phases (T,) in [0, 1].

        `size` multiplies the extent; `tilt` (radians) turns the path in its plane: a person's own way with it.
        """
        along, across = self._path(1 - phase if self.reverse else phase)
        a, b = direction(self.towards), direction(self.aside)
        a, b = np.cos(tilt) * a + np.sin(tilt) * b, np.cos(tilt) * b - np.sin(tilt) * a
        shift = along[:, None] * a + across[:, None] * b
        return np.asarray(self.size * size * shift)

    def _path(self, phase: Array) -> tuple[Array, Array]:
        still = np.zeros_like(phase)
        turn = 2 * np.pi * self.repeats * phase
        swing = (1 - np.cos(turn)) / 2 if self.repeats > 1 else phase
        if self.path == "tap":
            return -(np.sin(turn / 2) ** 2), still
        if self.path == "line":
            return swing, still
        if self.path == "arc":
            return swing, 0.5 * np.sin(np.pi * swing)
        if self.path == "circle":
            return (1 - np.cos(turn)) / 2, np.sin(turn) / 2
        return phase, 0.4 * np.sin(turn)

    def turns(self, phase: Array) -> tuple[Array, Array]:
        """Twist and nod (T,) in radians at phases (T,) in [0, 1]."""
        swing = np.sin(2 * np.pi * self.repeats * phase)
        return np.radians(self.twist) * swing, np.radians(self.nod) * (1 - np.cos(2 * np.pi * self.repeats * phase)) / 2


@dataclass(frozen=True)
class Sign:
    """One invented sign, described for a right-handed signer.

    Parameters
    ----------
    gloss
        Its neutral name.
    handshape, place
        Keys of `hand.HANDSHAPES` and `body.PLACES`.
    fingers, palm
        Where the fingers point and the palm faces, in words (see `direction`).
    movement
        What the hand does there.
    contact
        What is at the place: the palm, or the tips of straight fingers.
    ends
        Handshape at the end, where it changes.
    second
        The other hand: ``none`` rests, ``mirror`` does the same, ``alternate`` does the same half a cycle later,
        ``base`` is held still under the dominant one.
    seconds
        How long the movement takes an average signer.
    """

    gloss: str
    handshape: str
    place: str
    fingers: str
    palm: str
    movement: Movement
    contact: Literal["palm", "tip"] = "palm"
    ends: str = ""
    second: Literal["none", "mirror", "alternate", "base"] = "none"
    seconds: float = 0.8

    @property
    def description(self) -> str:
        """What the sign is made of, in a line."""
        move = self.movement
        aside = "" if move.path in ("line", "tap") else f" and {move.aside}"
        path = f"{move.path} {move.towards}{aside}" + (" backwards" if move.reverse else "")
        parts = [path, "twist" if move.twist else "", "nod" if move.nod else ""]
        parts += [f"{move.repeats} times" if move.repeats > 1 else ""]
        hands = {
            "none": "one hand",
            "mirror": "two hands alike",
            "alternate": "two hands in turn",
            "base": "on a base hand",
        }
        shape = self.handshape + (f" to {self.ends}" if self.ends else "")
        return f"{shape}; {self.place}; {', '.join(filter(None, parts))}; {hands[self.second]}"
