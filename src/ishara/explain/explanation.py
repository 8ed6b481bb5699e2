"""`Explanation`: what was found of one clip, as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ishara.explain.curves import RANDOM, Curve
from ishara.explain.measured import Measured
from ishara.explain.neighbours import Neighbour
from ishara.explain.parts import Kind
from ishara.pose.pose import Pose
from ishara.recognizer import Prediction

Floats = NDArray[np.float64]
# A drawing whose largest change of the log-odds is less than this is not blown up to its full height.
SMALL = 0.3


@dataclass(frozen=True)
class Effect:
    """What one part of the body, or one finger, means to the answer.

    Parameters
    ----------
    key, title, kind
        As of `ishara.explain.parts.Part`.
    seen
        Share of the frames in which any of it was found.
    absent
        By how much the answer's log-odds change when it is taken away: below 0 where the answer needs it. A hand is
        absent; an arm of landmarks without fingers hangs down. ``None`` where it was never found, and for all else: a
        body without a trunk no model has ever seen, and what it says of one tells of its surprise.
    still
        The same when it is held where it was on average, so that only its movement is gone. ``None`` where it was never
        found.
    """

    key: str
    title: str
    kind: Kind
    seen: float
    absent: float | None
    still: float | None

    @property
    def change(self) -> float | None:
        """What it means: taken away where that can be asked about, else held still."""
        return self.still if self.absent is None else self.absent


@dataclass(frozen=True, eq=False)
class SpaceTime:
    """Where in the pictures the answer comes from.

    Parameters
    ----------
    effect
        (S, G, G) change of the answer's log-odds when a cell of the picture is blurred during a stretch of the clip.
    segment
        (T,) the stretch that each frame is of.
    """

    effect: Floats
    segment: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a recogniser said what it said of one clip; changes are of the natural log-odds of its answer.

    Parameters
    ----------
    name
        What the clip is called.
    recogniser
        The name of its recipe.
    prediction
        What was said; ``None`` where nothing could be, and then there is nothing else either.
    log_odds
        Of the answer, for the clip as it is.
    attention
        (T,) what the model pooled from each frame; ``None`` where it does not tell.
    moments
        (T,) change when the moments about a frame are left out; ``None`` where the clip is too short to part.
    effects
        Parts and fingers, where the model looks at landmarks.
    space
        Where in the pictures, where it looks at pictures.
    curves
        By what was taken away (``moments``, ``cells``) and by ranking (``occlusion``, ``attention``, ``random``).
    neighbours
        The nearest training clips.
    measured
        What was measured of recognisers that learn as this one does, where it was.
    unexplained
        What cannot be explained, and why: a sentence or two each.
    shown
        The landmarks of each of the T frames, as they were found; or (T, 3, S, S), the pictures that were seen.
    """

    name: str
    recogniser: str
    prediction: Prediction | None
    log_odds: float = 0.0
    taught: bool = False
    attention: NDArray[np.float32] | None = None
    moments: Floats | None = None
    effects: tuple[Effect, ...] = ()
    space: SpaceTime | None = None
    curves: Mapping[str, Mapping[str, Curve]] = field(default_factory=dict)
    neighbours: tuple[Neighbour, ...] = ()
    measured: Measured | None = None
    unexplained: tuple[str, ...] = ()
    shown: Pose | NDArray[np.uint8] | None = None

    def of(self, kind: Kind) -> list[Effect]:
        """The parts, or the fingers."""
        return [effect for effect in self.effects if effect.kind == kind]

    def ahead(self, what: str, ranking: str) -> float | None:
        """By how much a ranking's deletion curve lies below chance's on the mean, -1 to 1; ``None`` where none is."""
        own = self.curves.get(what, {})
        return own[RANDOM].deletion_area - own[ranking].deletion_area if ranking in own else None

    def as_json(self) -> dict[str, Any]:
        """All of it but the pictures, ready for JSON; the keys never change, null stands for what there is not."""
        said = self.prediction
        return {
            "clip": self.name,
            "recognizer": self.recogniser,
            "explained": said is not None,
            "gloss": said.gloss if said else None,
            "known": said.known if said else None,
            "taught": self.taught,
            "log_odds": _round(self.log_odds) if said else None,
            "ranked": [{"gloss": c.gloss, "probability": c.probability} for c in said.ranked] if said else [],
            "times": [_round(t) for t in said.times] if said else [],
            "attention": _rounded(self.attention),
            "moments": _rounded(self.moments),
            "parts": [_effect(effect) for effect in self.of("part")],
            "fingers": [_effect(effect) for effect in self.of("finger")],
            "space_time": None if self.space is None else np.round(self.space.effect, 4).tolist(),
            "curves": {what: {name: _curve(curve) for name, curve in own.items()} for what, own in self.curves.items()},
            "neighbours": [vars(neighbour) for neighbour in self.neighbours],
            "measured": None if self.measured is None else self.measured.model_dump(mode="json"),
            "unexplained": list(self.unexplained),
        }


def _effect(effect: Effect) -> dict[str, Any]:
    return {
        "part": effect.key,
        "seen": _round(effect.seen),
        "absent": None if effect.absent is None else _round(effect.absent),
        "still": None if effect.still is None else _round(effect.still),
    }


def _curve(curve: Curve) -> dict[str, Any]:
    lines = {name: _rounded(getattr(curve, name)) for name in ("share", "deletion", "insertion")}
    return lines | {"deletion_area": _round(curve.deletion_area), "insertion_area": _round(curve.insertion_area)}


def _rounded(values: NDArray[np.floating[Any]] | None) -> list[float] | None:
    return None if values is None else [_round(value) for value in values]


def _round(value: float | np.floating[Any]) -> float:
    return round(float(value), 5)
