"""The baseline: windows of one length, each half over the one before, whatever the hands do."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ishara.errors import IsharaError
from ishara.pose.pose import Pose
from ishara.recognizer import Recognizer
from spotting.streams import RATE, Span

_MOST = 128


@dataclass(frozen=True)
class Window(Span):
    """A window and how probable its most likely gloss is."""

    probability: float


def windows(recognizer: Recognizer, pose: Pose, seconds: float) -> list[Window]:
    """What the recogniser says of each window of a stream; of those in which it sees nothing, nothing."""
    size = max(2, round(seconds * pose.fps))
    starts = range(0, max(1, len(pose) - size // 2), max(1, size // 2))
    found: list[Window] = []
    for first in range(0, len(starts), _MOST):
        clips, places = [], []
        for start in starts[first : first + _MOST]:
            clip = pose.frames(slice(start, start + size))
            try:
                clips.append(recognizer.prepare(clip.resampled(max(2, round(len(clip) * RATE / pose.fps)))))
            except IsharaError:
                continue  # no hand was seen
            places.append((start, start + len(clip)))
        if clips:
            for (start, end), said in zip(places, recognizer.classify(clips), strict=True):
                found.append(Window(start / pose.fps, end / pose.fps, said.gloss, said.probability))
    return found


def chosen(found: Sequence[Window], threshold: float) -> list[Window]:
    """The chain of windows without overlap whose probabilities beyond the threshold sum up to most."""
    likely = sorted((window for window in found if window.probability > threshold), key=lambda window: window.end)
    ends = [window.end for window in likely]
    totals, before = [0.0], []
    for place, window in enumerate(likely):
        before.append(bisect_right(ends, window.start + 1e-9, 0, place))
        totals.append(max(totals[-1], totals[before[-1]] + window.probability - threshold))
    chain, place = [], len(likely)
    while place:
        if totals[place] > totals[place - 1]:
            chain.append(likely[place - 1])
            place = before[place - 1]
        else:
            place -= 1
    return chain[::-1]


def median_length(clips: Sequence[Pose]) -> float:
    """Seconds of the median clip."""
    return float(np.median([clip.duration for clip in clips]))
