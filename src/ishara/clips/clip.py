"""`Clip`: one labelled stretch of video or of landmarks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Clip:
    """One labelled stretch of video.

    Parameters
    ----------
    id
        Unique within its manifest.
    path
        Where it lies: a video, a ``.pose`` file, or ``file.npz#7`` for the eighth clip of a landmark array; with
        options, ``file.npz?aspect=1.5#7`` (see `ishara.pose.address.Address`).
    gloss
        The sign's name, as the corpus writes it.
    signer
        Who signs, where the corpus says so.
    split
        ``train``, ``validation`` or ``test`` where the corpus has official splits or one was assigned.
    start, end
        Seconds from the start of the file; ``None`` for its beginning and end.
    box
        Where the signer is in the picture: ``left top right bottom`` in pixels (see `ishara.video.box.Box`).
    language
        The sign language, as an ISO 639-3 code where there is one (``ase`` for American Sign Language).
    """

    id: str
    path: str
    gloss: str
    signer: str | None = None
    split: str | None = None
    start: float | None = None
    end: float | None = None
    box: str | None = None
    language: str | None = None
