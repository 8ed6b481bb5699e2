"""Signing that is drawn, and a recogniser that knows where the hands were."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ishara.pose.pose import Pose
from ishara.pose.skeleton import get_skeleton
from ishara.recognizer import Candidate, ModelInput, Prediction

SKELETON = get_skeleton("upper-body-hands")
LOW, HIGH = 1.8, 0.2


class Fake:
    """Says of each clip how high the right wrist went: ``high`` above the chest, else ``low``; counts its clips."""

    folder = Path("fake")
    config = SimpleNamespace(input="landmarks", clip_seconds=None)

    def __init__(self, probability: float = 0.9, known: bool | None = None) -> None:
        self.probability, self.known = probability, known
        self.lengths: list[int] = []

    def prepare(self, pose: Pose) -> ModelInput:
        wrist = pose.landmark("right_wrist")[:, 1]
        shoulders = abs(pose.landmark("left_shoulder") - pose.landmark("right_shoulder"))[:, 0]
        neck = (pose.landmark("left_shoulder")[:, 1] + pose.landmark("right_shoulder")[:, 1]) / 2
        self.lengths.append(len(pose))
        return ModelInput(
            ((wrist - neck) / np.maximum(shoulders, 1e-6))[:, None], np.arange(len(pose), dtype=np.float32)
        )

    def classify(self, clips: Sequence[ModelInput]) -> list[Prediction]:
        said = []
        for clip in clips:
            names = ("high", "low") if float(clip.x.min()) < 0.5 else ("low", "high")
            rest = 1 - self.probability
            ranked = (Candidate(names[0], self.probability), Candidate(names[1], rest))
            said.append(Prediction(ranked, clip.times, clip.times, known=self.known, score=self.probability))
        return said


def drawn(heights: NDArray[np.floating[Any]], fps: float = 25.0, *, seed: int = 0) -> Pose:
    """A person whose right hand is so far below the neck in each frame, in shoulder widths; the left hangs."""
    frames = len(heights)
    coordinates = np.zeros((frames, len(SKELETON), 3), np.float32)
    places = {"left_shoulder": (0.5, 0.0), "right_shoulder": (-0.5, 0.0), "nose": (0.0, -0.6), "left_wrist": (0.7, 1.9)}
    for name, place in places.items():
        coordinates[:, SKELETON.index(name), :2] = place
    for name in SKELETON.landmarks:
        if name.startswith("right_hand") or name == "right_wrist":
            coordinates[:, SKELETON.index(name), 0] = -0.4
            coordinates[:, SKELETON.index(name), 1] = heights
    coordinates += np.random.default_rng(seed).normal(0, 0.004, coordinates.shape).astype(np.float32)
    confidence = np.ones(coordinates.shape[:2], np.float32)
    for name in SKELETON.groups["left_hand"]:
        confidence[:, SKELETON.index(name)] = 0
    return Pose(coordinates, confidence, fps, SKELETON)


def course(*points: tuple[float, float], fps: float = 25.0) -> NDArray[np.float64]:
    """Heights that go smoothly from each (seconds, height) to the next, at every frame."""
    seconds, heights = np.array(points).T
    times = np.arange(round(seconds[-1] * fps)) / fps
    place = np.clip(np.searchsorted(seconds, times, side="right") - 1, 0, len(seconds) - 2)
    u = (times - seconds[place]) / (seconds[place + 1] - seconds[place])
    return heights[place] + (heights[place + 1] - heights[place]) * (3 * u**2 - 2 * u**3)


def signs(number: int, *, low: float = LOW, rest: float = 1.0, held: float = 0.8, high: float = HIGH) -> list[Any]:
    """The points of so many signs: up, held, down and at rest."""
    points, time = [(0.0, LOW), (0.8, LOW)], 0.8
    for last in range(1, number + 1):
        down = LOW if last == number else low
        points += [(time + 0.3, high), (time + 0.3 + held, high), (time + 0.6 + held, down)]
        time += 0.6 + held
        if rest and down == LOW:
            points.append((time + rest, down))
            time += rest
    return points if points[-1][1] == LOW and rest else [*points, (time + 0.8, LOW)]


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def three_signs() -> Pose:
    return drawn(course(*signs(3)))
