"""What a report says beyond the figures: accuracy by what clips are like, shortcuts, and what is drawn of the clips."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import Field

from ishara.evaluation.conditions import by_length
from ishara.evaluation.confused import ConfusedPair
from ishara.evaluation.embedding_map import EmbeddingMap
from ishara.evaluation.metrics import Figures, Part
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.shortcuts import ShortcutCheck

NOT_ASKED = "this page was made from predictions alone, without the clips"


class Insight(Figures):
    """Accuracy by what clips are like, shortest, fewest and lowest first, and what the shortcut checks found.

    `shortcuts` is null where they could not be made, and `why_no_shortcuts` says why; so does `why_no_hands` where it
    is not known in how many frames a hand was missed.
    """

    by_length: list[Part] = Field(default_factory=list)
    by_missed_hands: list[Part] = Field(default_factory=list)
    by_hand: list[Part] = Field(default_factory=list)
    why_no_hands: str | None = NOT_ASKED
    shortcuts: ShortcutCheck | None = None
    why_no_shortcuts: str | None = NOT_ASKED

    @classmethod
    def of(cls, predictions: Predictions) -> Insight:
        """What predictions alone can say."""
        return cls(by_length=by_length(predictions))


@dataclass(frozen=True)
class Views:
    """What is drawn of the clips: pairs that are confused, the map, and what could not be drawn, a sentence each.

    `why_no_map` says why there can be none; without it, the page is silent where there is none.
    """

    pairs: list[ConfusedPair] = field(default_factory=list)
    map: EmbeddingMap | None = None
    problems: list[str] = field(default_factory=list)
    why_no_map: str | None = None
