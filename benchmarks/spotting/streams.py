"""Streams: real clips joined by transitions and rests into one recording, whose truth is where the clips are in it.

All clips are first brought to one body: measured from the neck, in shoulder widths. A transition goes from the last
frame of a clip to the first of the next along a curve that leaves and arrives at the clips' own speeds, so that nothing
stops where a clip ends. A rest is a way down, hands that lie still but for a small noise, and a way up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ishara.pose.normalise import shoulder_normalise
from ishara.pose.pose import Pose, columns_of
from ishara.pose.skeleton import Skeleton

# Clips of all corpora are of about this rate; streams are joined at it and then brought to that of their condition.
RATE = 25.0
# Where the right hand's wrist lies at rest, in shoulder widths from the neck.
_RESTS = {"lap": (-0.35, 1.75), "side": (-0.75, 2.15), "belly": (-0.12, 1.25)}
# Below this on the way to and from a rest, a hand is below the picture: its fingers are not seen.
_PICTURE = 1.9
# A hand that rises less has no way up, in shoulder widths.
_RISE = 0.3
_NOISE, _KEPT_NOISE = 0.006, 0.8
# A hand leaves a clip no faster than this, in shoulder widths a second: a slip of the tracker is no speed.
_FASTEST = 6.0


@dataclass(frozen=True)
class Condition:
    """How clips are joined.

    Parameters
    ----------
    rests
        The share of the joins that are rests.
    rest, transition
        Seconds that the hands lie still, and that they take from one place to another: the least and the most.
    rate
        Frames per second of the stream.
    strangers
        How many clips of other signs stand among the stream's own, as a share of these.
    cut
        Whether the hands' ways up and down at the ends of the clips are cut off, as one sign runs into the next when
        people sign to each other.
    """

    name: str
    rests: float
    rest: tuple[float, float]
    transition: tuple[float, float]
    rate: float = RATE
    strangers: float = 0.0
    cut: bool = False


_REST, _LONG, _SHORT, _SLOW, _ANY = (0.4, 1.5), (1.5, 4.0), (0.12, 0.28), (0.4, 0.8), (0.12, 0.8)
CONDITIONS = (
    Condition("no rests, short transitions", 0.0, _REST, _SHORT),
    Condition("no rests, long transitions", 0.0, _REST, _SLOW),
    Condition("some rests", 0.5, _REST, _ANY),
    Condition("long rests", 1.0, _LONG, _ANY),
    Condition("no rests, ways up and down cut off", 0.0, _REST, _SHORT, cut=True),
    Condition("some rests, 15 frames a second", 0.5, _REST, _ANY, rate=15.0),
    Condition("some rests, 50 frames a second", 0.5, _REST, _ANY, rate=50.0),
    Condition("some rests, unknown signs among them", 0.5, _REST, _ANY, strangers=0.4),
)


@dataclass(frozen=True)
class Labelled:
    """A clip on one body; its gloss is None where the recogniser does not know it."""

    pose: Pose
    gloss: str | None


@dataclass(frozen=True)
class Span:
    """Where a sign is in a stream, in seconds."""

    start: float
    end: float
    gloss: str


@dataclass(frozen=True)
class Stream:
    """A recording and what is signed in it."""

    name: str
    condition: Condition
    pose: Pose
    truth: tuple[Span, ...]


def on_one_body(pose: Pose, skeleton: Skeleton) -> Pose:
    """A clip from the neck in shoulder widths, on the stream's landmarks."""
    pose = shoulder_normalise(pose.to(skeleton))
    frames = max(2, round(pose.duration * RATE))
    resampled = pose.resampled(frames)
    return Pose(resampled.coordinates, resampled.confidence, RATE, skeleton)


def stroke(pose: Pose) -> Pose:
    """A clip on one body without its ways up and down: from where its higher hand is half up to where it is half down.

    The whole clip where the hand does not rise, or where less than a third of it would be left.
    """
    wrists = [pose.skeleton.index(f"{side}_wrist") for side in ("left", "right")]
    heights = np.where(pose.seen[:, wrists], -pose.coordinates[:, wrists, 1], -np.inf).max(axis=1)
    peak = heights.max()
    first, last = 0, len(pose) - 1
    if peak - heights[0] > _RISE:
        first = int(np.argmax(heights >= (heights[0] + peak) / 2))
    if peak - heights[-1] > _RISE:
        last -= int(np.argmax(heights[::-1] >= (heights[-1] + peak) / 2))
    return pose.frames(slice(first, last + 1)) if last + 1 - first > len(pose) / 3 else pose


def join(name: str, clips: Sequence[Labelled], condition: Condition, rng: np.random.Generator) -> Stream:
    """One stream of the clips in their order, beginning and ending at rest."""
    if condition.cut:
        clips = [Labelled(stroke(clip.pose), clip.gloss) for clip in clips]
    place = _RESTS[str(rng.choice(list(_RESTS)))]
    parts = [_resting(clips[0].pose.frames([0]), place, _drawn(condition.rest, rng), rng)]
    parts.append(_between(parts[-1], clips[0].pose, _drawn(condition.transition, rng)))
    spans: list[tuple[int, int, str | None]] = []
    for number, clip in enumerate(clips):
        length = sum(map(len, parts))
        spans.append((length, length + len(clip.pose), clip.gloss))
        parts.append(clip.pose)
        last = number + 1 == len(clips)
        if last or rng.random() < condition.rests:
            rest = _resting(clip.pose.frames([-1]), place, _drawn(condition.rest, rng), rng)
            parts += [_between(clip.pose, rest, _drawn(condition.transition, rng)), rest]
        if not last:
            parts.append(_between(parts[-1], clips[number + 1].pose, _drawn(condition.transition, rng)))
    pose = Pose(
        np.concatenate([part.coordinates for part in parts]),
        np.concatenate([part.confidence for part in parts]),
        RATE,
        clips[0].pose.skeleton,
    )
    pose = _out_of_sight(pose, [(a, b) for a, b, _ in spans])
    truth = tuple(Span(a / RATE, b / RATE, gloss) for a, b, gloss in spans if gloss is not None)
    return Stream(name, condition, pose.resampled(round(len(pose) * condition.rate / RATE)), truth)


def _out_of_sight(pose: Pose, signs: Sequence[tuple[int, int]]) -> Pose:
    """Between signs, hands below the picture are not seen, and their wrists guessed, as MediaPipe has it."""
    between = np.ones(len(pose), bool)
    for start, end in signs:
        between[start:end] = False
    confidence = pose.confidence.copy()
    for side in ("left", "right"):
        wrist = pose.skeleton.index(f"{side}_wrist")
        hidden = np.flatnonzero(between & (pose.coordinates[:, wrist, 1] > _PICTURE))
        confidence[np.ix_(hidden, columns_of(pose.skeleton, f"{side}_hand"))] = 0
        confidence[hidden, wrist] = np.minimum(confidence[hidden, wrist], 0.2)
    return pose.replace(pose.coordinates, confidence)


def parted(clips: Sequence[Labelled], size: int, rng: np.random.Generator) -> list[list[Labelled]]:
    """The clips in a drawn order, in lists of about `size`."""
    order = [clips[i] for i in rng.permutation(len(clips))]
    borders = np.linspace(0, len(order), max(1, round(len(order) / size)) + 1).round().astype(int)
    return [order[a:b] for a, b in pairwise(borders)]


def among(clips: Sequence[Labelled], strangers: Sequence[Labelled], rng: np.random.Generator) -> list[Labelled]:
    """The clips with strangers at drawn places between them."""
    mixed = list(clips)
    for stranger in strangers:
        mixed.insert(int(rng.integers(0, len(mixed) + 1)), stranger)
    return mixed


def _drawn(least_and_most: tuple[float, float], rng: np.random.Generator) -> int:
    return max(1, round(float(rng.uniform(*least_and_most)) * RATE))


def _resting(pose: Pose, place: tuple[float, float], frames: int, rng: np.random.Generator) -> Pose:
    """Hands of a pose (one frame) that lie at rest for so many frames, with the noise of an estimator."""
    coordinates = pose.coordinates.copy()
    skeleton = pose.skeleton
    for side, sign in (("right", 1.0), ("left", -1.0)):
        there = np.array([sign * place[0], place[1]], np.float32)
        hand = columns_of(skeleton, f"{side}_hand")
        wrist, shoulder, elbow = (skeleton.index(f"{side}_{part}") for part in ("wrist", "shoulder", "elbow"))
        coordinates[0, hand, :2] += there - coordinates[0, hand[:1], :2]
        coordinates[0, wrist, :2] = there
        outward = np.array([-0.25 * sign, 0.1], np.float32)
        coordinates[0, elbow, :2] = (coordinates[0, shoulder, :2] + there) / 2 + outward
    noise = np.zeros((frames, *coordinates.shape[1:]), np.float32)
    for t in range(1, frames):
        noise[t] = _KEPT_NOISE * noise[t - 1] + rng.normal(0, _NOISE, coordinates.shape[1:])
    return pose.replace(coordinates + noise, np.repeat(pose.confidence, frames, axis=0))


def _between(one: Pose, other: Pose, frames: int) -> Pose:
    """The way from the last frame of one clip to the first of another (a cubic Hermite curve)."""
    start, end = one.coordinates[-1], other.coordinates[0]
    leaving = _speed(one.coordinates[-3:]) * (frames + 1)
    arriving = _speed(other.coordinates[:3]) * (frames + 1)
    u = (np.arange(1, frames + 1, dtype=np.float32) / (frames + 1))[:, None, None]
    curve = (
        (2 * u**3 - 3 * u**2 + 1) * start
        + (u**3 - 2 * u**2 + u) * leaving
        + (3 * u**2 - 2 * u**3) * end
        + (u**3 - u**2) * arriving
    )
    # What only one of both has keeps its place there; the nearer of both says whether it is seen.
    had, has = one.confidence[-1] > 0, other.confidence[0] > 0
    curve[:, ~had] = end[~had]
    curve[:, ~has] = start[~has]
    nearer = np.where(u[..., 0] < 0.5, one.confidence[-1], other.confidence[0])
    return one.replace(curve, nearer.astype(np.float32))


def _speed(coordinates: NDArray[np.float32]) -> NDArray[np.float32]:
    """(K, D) of a frame: the mean step, at most that of a fast hand."""
    if len(coordinates) < 2:
        return np.zeros_like(coordinates[0])
    step = (coordinates[-1] - coordinates[0]) / (len(coordinates) - 1)
    size = np.linalg.norm(step[:, :2], axis=1, keepdims=True)
    most = _FASTEST / RATE
    return np.asarray(step * np.minimum(1, most / np.maximum(size, 1e-6)), np.float32)
