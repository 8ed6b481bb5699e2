"""`spot`: the signs of a whole recording."""

from __future__ import annotations

from ishara.pose.pose import Pose
from ishara.recognizer import Recognizer
from ishara.spotting.options import SpotOptions
from ishara.spotting.segment import Segment
from ishara.spotting.stream import StreamSpotter


def spot(recognizer: Recognizer, pose: Pose, options: SpotOptions | None = None) -> list[Segment]:
    """Find the signs of a recording, as `StreamSpotter` does frame by frame.

    Parameters
    ----------
    recognizer
        Of landmarks.
    pose
        The whole recording.
    options
        What counts as a sign.

    Returns
    -------
    The signs in their order; no two overlap.
    """
    spotter = StreamSpotter(recognizer, pose.skeleton, pose.fps, options)
    found = []
    for number, (coordinates, confidence) in enumerate(zip(pose.coordinates, pose.confidence, strict=True)):
        found += spotter.push(coordinates, confidence, number / pose.fps)
    return found + spotter.finish()
