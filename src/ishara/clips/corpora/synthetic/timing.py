"""When a signer rests, raises the hands, holds, moves and lowers them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ishara.clips.corpora.synthetic.sign import Sign
from ishara.clips.corpora.synthetic.signer import Manner, Signer

Array = NDArray[np.float64]

FPS = 25.0
SHORTEST, LONGEST = 25, 60


@dataclass(frozen=True, eq=False)
class Timing:
    """When what happens, per frame (T,).

    Parameters
    ----------
    raised
        0 at rest, 1 while the sign is made.
    formed
        The same for the handshape, which comes a little earlier and stays a little longer.
    phase
        How much of the movement is done, 0 to 1.
    seconds
        Time of the frame.
    """

    raised: Array
    formed: Array
    phase: Array
    seconds: Array


def draw_timing(sign: Sign, signer: Signer, manner: Manner, r: np.random.Generator) -> Timing:
    """Rest, raise, hold, move, hold, lower, rest; squeezed or stretched into the allowed lengths."""
    repeats = max(1, sign.movement.repeats + manner.extra) / sign.movement.repeats
    lengths = np.array(
        [
            r.uniform(0.0, 0.16),
            r.uniform(0.32, 0.46) / signer.tempo**0.5,
            signer.hold * r.uniform(0.5, 1.5),
            sign.seconds * repeats**0.7 / manner.tempo,
            signer.hold * r.uniform(0.5, 1.5),
            r.uniform(0.32, 0.48) / signer.tempo**0.5,
            r.uniform(0.0, 0.16),
        ]
    )
    frames = int(np.clip(round(lengths.sum() * FPS), SHORTEST, LONGEST))
    lengths *= frames / FPS / lengths.sum()
    seconds = np.arange(frames) / FPS
    edges = np.cumsum(lengths)

    def ramp(start: float, end: float) -> Array:
        return np.clip((seconds - start) / (end - start), 0, 1)

    up, down = ramp(edges[0], edges[1]), ramp(edges[4], edges[5])
    early = ramp(edges[0], 0.4 * edges[0] + 0.6 * edges[1])
    late = ramp(0.6 * edges[4] + 0.4 * edges[5], edges[5])
    phase = ramp(edges[2], edges[3]) ** signer.rhythm
    return Timing(_ease(up) - _ease(down), _ease(early) - _ease(late), _soft(phase), seconds)


def _ease(x: Array) -> Array:
    """Minimum jerk (Flash & Hogan 1985) from 0 to 1."""
    return x**3 * (10 - 15 * x + 6 * x**2)


def _soft(x: Array) -> Array:
    """Half as eased as `_ease`: a movement of several cycles stays even in the middle."""
    return 0.5 * x + 0.5 * _ease(x)
