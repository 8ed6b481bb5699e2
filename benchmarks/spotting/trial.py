"""One fold: its recogniser on streams of clips that it was not trained on, by ours and by windows of one length."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ishara.clips.manifest import Manifest
from ishara.pose.files import read_pose
from ishara.pose.pose import Pose
from ishara.recognizer import Recognizer
from ishara.spotting import Segment, SpotOptions, StreamSpotter
from spotting.compare import Counts, count, f1, matches
from spotting.fixed import chosen, median_length, windows
from spotting.streams import CONDITIONS, Condition, Labelled, Stream, among, join, on_one_body, parted

OURS, FIXED = "ishara", "fixed windows"
# Thresholds that the baseline chooses from, on validation.
_THRESHOLDS = np.arange(0, 0.95, 0.05).round(2).tolist()


@dataclass(frozen=True)
class Fold:
    """The clips of a fold.

    Parameters
    ----------
    sides
        The clips of ``validation`` and ``test``, on one body.
    strangers
        Clips of signs that the recogniser does not know.
    length
        Seconds of the median clip that it learnt from.
    """

    name: str
    recognizer: Recognizer
    sides: dict[str, list[Labelled]]
    strangers: list[Labelled]
    length: float


@dataclass(frozen=True)
class Found:
    """What one stretch of a long recording was found to be, and how many frames after its end."""

    segment: Segment
    delay: float


def read_fold(folder: Path, strangers: Sequence[str], without: Collection[str] = ()) -> Fold:
    """A fold of `ishara crossval`.

    Parameters
    ----------
    folder
        The fold's.
    strangers
        Paths of clips.
    without
        Ids of clips that are not tested.
    """
    recognizer = Recognizer.load(folder, threads=1)
    clips = Manifest.read(folder / "manifest.csv")
    skeleton = read_pose(next(iter(clips)).path).skeleton
    known = set(recognizer.labels)
    return Fold(
        folder.name,
        recognizer,
        {
            side: [
                Labelled(on_one_body(read_pose(clip.path), skeleton), clip.gloss)
                for clip in clips.where(pl.col("split") == side)
                if clip.gloss in known and not (side == "test" and clip.id in without)
            ]
            for side in ("validation", "test")
        },
        [Labelled(on_one_body(read_pose(path), skeleton), None) for path in strangers],
        median_length([read_pose(clip.path) for clip in clips.where(pl.col("split") == "train")]),
    )


def streams(fold: Fold, side: str, condition: Condition, size: int, seed: int) -> list[Stream]:
    """The streams of a side under a condition: each of its clips is in one of them."""
    rng = np.random.default_rng([seed, CONDITIONS.index(condition), side == "test"])
    # The same clips are together in the streams of all conditions.
    parts = parted(fold.sides[side], size, np.random.default_rng([seed, side == "test"]))
    made = []
    for number, part in enumerate(parts):
        drawn = rng.permutation(len(fold.strangers))[: round(condition.strangers * len(part))]
        clips = among(part, [fold.strangers[i] for i in drawn], rng)
        made.append(join(f"{fold.name} {number}", clips, condition, rng))
    return made


def spotted(recognizer: Recognizer, pose: Pose, options: SpotOptions | None) -> tuple[list[Found], list[float]]:
    """What `StreamSpotter` finds, with delays in frames, and the processor's seconds for each frame."""
    spotter = StreamSpotter(recognizer, pose.skeleton, pose.fps, options)
    found: list[Found] = []
    seconds = []
    for number, (coordinates, confidence) in enumerate(zip(pose.coordinates, pose.confidence, strict=True)):
        started = time.thread_time()
        segments = spotter.push(coordinates, confidence, number / pose.fps)
        seconds.append(time.thread_time() - started)
        found += [Found(segment, number + 1 - segment.end * pose.fps) for segment in segments]
    return found + [Found(segment, len(pose) - segment.end * pose.fps) for segment in spotter.finish()], seconds


def threshold(fold: Fold, size: int, seed: int) -> float:
    """The baseline's: with which it finds most places of signs in the validation streams."""
    heard = [
        (stream, windows(fold.recognizer, stream.pose, fold.length))
        for condition in CONDITIONS
        for stream in streams(fold, "validation", condition, size, seed)
    ]
    return max(_THRESHOLDS, key=lambda least: _f1([count(s.truth, chosen(found, least)) for s, found in heard]))


def _f1(counts: Sequence[Counts]) -> float:
    return f1(*(sum(getattr(c, name) for c in counts) for name in ("placed", "found", "signs")))


def measure(fold: Fold, side: str, size: int, seed: int, options: SpotOptions | None) -> Iterator[dict[str, Any]]:
    """A row per stream and per who found; ours has its delays and what a frame took as well."""
    least = threshold(fold, size, seed)
    for condition in CONDITIONS:
        for stream in streams(fold, side, condition, size, seed):
            common = {"stream": stream.name, "condition": condition.name, "frames": len(stream.pose)}
            found, seconds = spotted(fold.recognizer, stream.pose, options)
            segments = [one.segment for one in found]
            pairs = matches(stream.truth, segments)
            # From the end of the sign as it is, not as it was found.
            delays = [found[j].delay + (segments[j].end - stream.truth[i].end) * stream.pose.fps for i, j in pairs]
            yield {
                **common, "who": OURS, **asdict(count(stream.truth, segments)), "delays": delays,
                "milliseconds": {"median": 1e3 * float(np.median(seconds)), "most": 1e3 * max(seconds),
                                 "mean": 1e3 * float(np.mean(seconds))},
                **_errors(stream, segments),
            }  # fmt: skip
            baseline = chosen(windows(fold.recognizer, stream.pose, fold.length), least)
            yield {**common, "who": FIXED, **asdict(count(stream.truth, baseline)), "threshold": least}


def _errors(stream: Stream, segments: Sequence[Segment]) -> dict[str, int]:
    """Of signs that were not found: how many lie in a segment with others, and in how many segments others are cut."""
    placed = {i for i, _ in matches(stream.truth, segments)}
    missed = [sign for i, sign in enumerate(stream.truth) if i not in placed]
    merged = cut = 0
    for sign in missed:
        inside = [
            s for s in segments if min(s.end, sign.end) - max(s.start, sign.start) > 0.25 * (sign.end - sign.start)
        ]
        cut += len(inside) > 1
        merged += len(inside) == 1 and inside[0].duration > 1.5 * (sign.end - sign.start)
    return {"merged": merged, "cut": cut}
