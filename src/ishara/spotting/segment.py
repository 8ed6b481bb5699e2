"""`Segment`: one sign that was found in a long recording."""

from __future__ import annotations

from dataclasses import dataclass

from ishara.recognizer.prediction import Prediction

UNKNOWN = "?"


@dataclass(frozen=True)
class Segment:
    """A stretch of a recording and what is signed in it.

    Parameters
    ----------
    start, end
        Seconds from the beginning of the recording: the beginning of its first frame and the end of its last.
    gloss
        What was recognised.
    probability
        Its calibrated probability, in [0, 1].
    prediction
        All that the recogniser says of the stretch; its times are from `start`.
    known
        Whether it is a sign that the recogniser knows; false only where unknown ones are asked for.
    """

    start: float
    end: float
    gloss: str
    probability: float
    prediction: Prediction
    known: bool = True

    @property
    def label(self) -> str:
        """Its gloss, or a question mark where the sign is not known."""
        return self.gloss if self.known else UNKNOWN

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.end - self.start
