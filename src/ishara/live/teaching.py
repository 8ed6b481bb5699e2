"""Teaching a sign from takes at the page: whether this recogniser can be taught, and the takes of one session."""

from __future__ import annotations

import os

from ishara.errors import IsharaError
from ishara.live.signs import LandmarkSigns
from ishara.pose.pose import Pose
from ishara.pose.repair import hands_seen
from ishara.recognizer import Recognizer
from ishara.recognizer.names import is_built_in
from ishara.recognizer.teach import Taught, teach

_MOST_TAKES = 20
_SHORTEST = 0.3


def can_be_taught(recognizer: Recognizer) -> bool:
    """Whether signs can be added: it knows what it was trained on, and what is taught can be written down."""
    if recognizer.config.input == "pixels":
        return False
    try:
        recognizer.check_gallery()
    except IsharaError:
        return False
    # One that comes with Ishara is copied to the person's own folder first.
    return is_built_in(recognizer.folder) or os.access(recognizer.folder, os.W_OK)


class Takes:
    """The takes of a sign that somebody is about to teach; landmarks, never pictures."""

    def __init__(self) -> None:
        self._poses: list[Pose] = []

    def __len__(self) -> int:
        return len(self._poses)

    def add(self, signs: LandmarkSigns) -> None:
        """The take that was recorded just now.

        Raises
        ------
        IsharaError
            If it shows no sign: no frame, no hand, or too short; or there are many already.
        """
        pose = signs.stop_take()
        if len(self._poses) >= _MOST_TAKES:
            raise IsharaError(f"There are {_MOST_TAKES} takes already; teach them, or begin again.")
        if pose is None or pose.duration < _SHORTEST:
            raise IsharaError(f"The take is too short: a sign takes {_SHORTEST:g} seconds or more. Record it again.")
        if not hands_seen(pose).any():
            raise IsharaError("No hand was seen in the take. Show your hands to the camera, and record it again.")
        self._poses.append(pose)

    def forget(self) -> None:
        """Throw them away."""
        self._poses.clear()

    def teach(self, recognizer: Recognizer, gloss: str, consent: str) -> Taught:
        """Teach them; then they are gone from here.

        Raises
        ------
        IsharaError
            As `ishara.recognizer.teach.teach`; the takes stay.
        """
        taught = teach(recognizer, gloss, self._poses, consent=consent)
        self.forget()
        return taught
