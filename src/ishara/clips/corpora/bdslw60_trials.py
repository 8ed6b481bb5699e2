"""Where the trials are in BdSLW60's session videos, from the ``output1.json`` beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ishara.clips.corpora.tree import files_below, report
from ishara.errors import IsharaError

ANNOTATION = "output1.json"
_HANDS = {"RightHand": "right", "LeftHand": "left"}


@dataclass(frozen=True)
class Trial:
    """One trial of a session.

    Parameters
    ----------
    number
        Counted from 0 for each hand of a session.
    handedness
        ``right`` or ``left``: the hand that leads.
    start, end
        Seconds from the beginning of the session's video.
    """

    number: int
    handedness: str
    start: float
    end: float


def read_trials(root: Path) -> dict[tuple[Path, str], list[Trial]]:
    """The trials of each session, by the folder and the name (without suffix) of its video.

    The annotation numbers frames from 1, the last included, and gives the frame rate: so its authors read it
    (``PREPROCESSING/RUN_THIS_CREATE_NUMPY.ipynb`` of https://github.com/hasanssl/BdSLW60_Code). Trials whose numbers
    make no stretch of a video are reported and left out.

    Parameters
    ----------
    root
        The corpus's folder.

    Raises
    ------
    IsharaError
        If an annotation is not JSON or not of that form; it names the file.
    """
    trials: dict[tuple[Path, str], list[Trial]] = {}
    wrong: list[str] = []
    for path in files_below(root):
        if path.name == ANNOTATION:
            try:
                for session, hand, number, frames in _entries(json.loads(path.read_text(encoding="utf-8"))):
                    trial = _trial(hand, number, *frames)
                    if trial is None:
                        wrong.append(f"{session} {hand} {number}")
                    else:
                        trials.setdefault((path.parent, session), []).append(trial)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise IsharaError(
                    f"{path}: is not BdSLW60's annotation ({type(error).__name__}: {error}); expected word → signer → "
                    "RightHand or LeftHand → session with FrameRate and trials of starting and ending frames."
                ) from None
    report(root, wrong, f"of {ANNOTATION} are no stretch of a video and were left out", noun="trials")
    return trials


def _entries(words: Any) -> Iterator[tuple[str, str, int, tuple[int, int, float]]]:
    """Session, hand, number of the trial, and its first and last frame and the frame rate, as annotated."""
    for signers in words.values():
        for hands in signers.values():
            for hand, sessions in hands.items():
                for session, annotated in sessions.items():
                    rate = float(annotated["FrameRate"])
                    for number, trial in annotated["trials"].items():
                        yield session, hand, int(number), (int(trial["starting"]), int(trial["ending"]), rate)


def _trial(hand: str, number: int, first: int, last: int, rate: float) -> Trial | None:
    if hand not in _HANDS or not (0 < rate < float("inf") and 1 <= first <= last):
        return None
    return Trial(number, _HANDS[hand], (first - 1) / rate, last / rate)
