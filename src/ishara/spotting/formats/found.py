"""`Found`: what every format writes."""

from __future__ import annotations

from dataclasses import dataclass

from ishara.spotting.segment import Segment


@dataclass(frozen=True)
class Found:
    """The signs of a recording.

    Parameters
    ----------
    source
        The recording: a video or a file of landmarks.
    model
        What recognised them.
    segments
        In their order.
    video
        The video that landmarks are of, where that is known; of a video it is itself.
    """

    source: str
    model: str
    segments: tuple[Segment, ...]
    video: str | None = None

    @property
    def shown(self) -> str:
        """What people look at: the video, or the landmarks where there is none."""
        return self.video or self.source
