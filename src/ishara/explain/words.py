"""What an explanation says in words: the summary, how sure one may be of it, and what attention may be called."""

from __future__ import annotations

import math

import numpy as np

from ishara.evaluation.page import NOTHING, percent
from ishara.explain.explanation import Explanation
from ishara.explain.measured import Margin
from ishara.explain.scoring import probability

# A part whose removal changes the log-odds by less than this does not matter: the odds change by less than a tenth.
_NOTHING = 0.1
# A ranking that is ahead of chance by less than this on one clip cannot be told from it.
_AHEAD = 0.01


def summary(explanation: Explanation) -> str:
    """What the answer leans on, in one or two sentences."""
    parts = [effect for effect in explanation.of("part") if (effect.change or 0) < -_NOTHING]
    said = []
    if parts:
        first = min(parts, key=lambda effect: effect.change or 0)
        how = "if it is held still" if first.absent is None else "without it"
        said.append(
            f"It leans most on the {first.title.lower()}: {how}, {left(explanation, first.change)} would be left."
        )
        if explanation.of("finger"):
            fingers = [effect for effect in explanation.of("finger") if (effect.change or 0) < -_NOTHING]
            if fingers:
                most = min(fingers, key=lambda effect: effect.change or 0)
                said.append(f"Of the fingers, the {most.title.lower()} matters most.")
    elif explanation.of("part"):
        said.append("No single part of the body decides: the answer stays with any one of them gone.")
    if (time := peak(explanation)) is not None:
        said.append(f"The moment that matters most is at {time:.1f} s.")
    elif explanation.moments is not None:
        said.append("No single moment decides: the answer stays with any one of them left out.")
    return " ".join(said)


def peak(explanation: Explanation) -> float | None:
    """When the moment is that matters most, in seconds; ``None`` where none does."""
    if explanation.moments is None or explanation.prediction is None or explanation.moments.min() > -_NOTHING:
        return None
    heaviest = np.flatnonzero(explanation.moments == explanation.moments.min())
    return float(explanation.prediction.times[heaviest].mean())


def left(explanation: Explanation, change: float | None) -> str:
    """What is left of the answer's probability after a change of its log-odds."""
    return NOTHING if change is None else percent(float(probability(np.array([explanation.log_odds + change]))[0]))


def odds(change: float | None) -> str:
    """A change of the log-odds in words: ``odds 12 times lower``."""
    if change is None:
        return ""
    factor = math.exp(min(abs(change), 20))
    if abs(change) < _NOTHING:
        return "hardly a change"
    times = f"{factor:,.0f}" if factor >= 10 else f"{factor:.1f}"
    return f"odds {times} times {'lower' if change < 0 else 'higher'}"


def trust(explanation: Explanation, what: str) -> str:
    """Whether the order that was found holds on this clip, in a sentence."""
    ahead = explanation.ahead(what, "occlusion")
    if ahead is None:
        return ""
    if ahead > _AHEAD:
        return (
            f"On this clip the order holds: taken away in it, the answer fades {100 * ahead:.0f} points further, "
            "on the mean, than by chance."
        )
    return "On this clip the order is no better than chance: do not read much into it."


def attention_title(explanation: Explanation) -> str:
    """What the attention strip is called: an explanation only where it was measured to be one."""
    measured = explanation.measured
    return "Attention" if measured is not None and measured.attention.beats_chance else "Where the model pooled"


def attention_note(explanation: Explanation) -> str:
    """What attention may be taken for, and how that is known."""
    measured = explanation.measured
    if measured is None:
        return (
            "How much of each frame goes into the answer. It is no explanation: whether these are the frames that "
            "matter was not measured for recognisers that learn as this one does."
        )
    margin = measured.attention
    tested = (
        f"measured on {measured.clips} clips of {measured.recipe}, its order is {100 * margin.value:+.1f} points "
        f"against chance ({100 * margin.low:+.1f} to {100 * margin.high:+.1f})"
    )
    if margin.beats_chance:
        return f"How much of each frame goes into the answer. It may be read as an explanation: {tested}."
    return f"How much of each frame goes into the answer. It is no explanation: {tested}."


def measured_note(explanation: Explanation) -> str:
    """How well leaving moments out does for this recipe, where that is known."""
    measured = explanation.measured
    if measured is None:
        return ""
    return (
        f"For recognisers that learn as this one does, measured on {measured.clips} test clips of "
        f"{measured.recipe}: where things are taken away in the order found, the answer fades, on the mean, "
        f"{_further(measured.occlusion)} for moments, and {_further(measured.cells)} for parts of the body."
    )


def _further(margin: Margin) -> str:
    """A margin in words; one whose interval holds 0 is called none."""
    points = f"{100 * margin.value:+.1f} points, {100 * margin.low:+.1f} to {100 * margin.high:+.1f}"
    if margin.beats_chance:
        return f"further than by chance ({points})"
    return f"{'less far than' if margin.high < 0 else 'no further than'} by chance ({points})"
