"""How much each moment of a clip matters: stretches of it are left out, short ones and longer ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ishara.explain.curves import CHANCES, Curve, curves
from ishara.explain.removal import Mask
from ishara.explain.scoring import Floats, Scorer
from ishara.recognizer import ModelInput

MOMENTS = 12
# In moments: a short stretch tells where, a longer one what two neighbours share.
_WIDTHS = (1, 3)
_FEWEST = 2
# From the frames that go (T,) to the clip without them.
WithoutFrames = Callable[[Mask], ModelInput]


def segments(frames: int, most: int = MOMENTS) -> NDArray[np.int64]:
    """(T,): which of at most so many equal moments each frame is of."""
    count = min(frames, most)
    return np.arange(frames, dtype=np.int64) * count // frames


def moment_effects(frames: int, without: WithoutFrames, scorer: Scorer, whole: float) -> Floats | None:
    """(M,) change of the log-odds when a moment is left out; ``None`` where there are too few frames.

    Each is the mean over the stretches that hold the moment: itself, and three in a row.

    Parameters
    ----------
    frames
        T, that the model sees.
    without
        Leaves frames out.
    scorer, whole
        Who is asked, and the log-odds of the whole clip.
    """
    place = segments(frames)
    count = int(place[-1]) + 1
    if count < _FEWEST:
        return None
    windows = [_window(count, at, width) for width in _WIDTHS if width < count for at in range(count)]
    change = scorer.log_odds([without(window[place]) for window in windows]) - whole
    held = np.array(windows, np.float64)
    # A longer stretch is shared among its moments.
    effects: Floats = (held * (change / held.sum(axis=1))[:, None]).sum(axis=0) / held.sum(axis=0)
    return effects


def moment_curves(
    effects: Floats,
    frames: int,
    attention: NDArray[np.floating] | None,
    without: WithoutFrames,
    scorer: Scorer,
    *,
    chances: int = CHANCES,
) -> dict[str, Curve]:
    """Curves of leaving moments out, in the order of their effects, of attention and by chance.

    Parameters
    ----------
    effects, frames
        (M,) as of `moment_effects`, and T.
    attention
        (T,), where there is any.
    without, scorer
        As there.
    chances
        Rankings by chance.
    """
    place = segments(frames)
    importance = {"occlusion": -effects}
    if attention is not None:
        importance["attention"] = np.bincount(place, attention).astype(np.float64)
    return curves(importance, lambda gone: without(gone[place]), scorer, chances=chances)


def _window(count: int, at: int, width: int) -> Mask:
    window = np.zeros(count, bool)
    window[max(at - width // 2, 0) : at + width // 2 + 1] = True
    return window
