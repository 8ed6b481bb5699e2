"""Which clips a reduced form is measured on, which it is calibrated with, and how many each form gets right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from numpy.typing import NDArray

from ishara.clips.clip import Clip
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.recognizer import Recognizer
from ishara.recognizer.inputs import ModelInput
from ishara.video.box import Box

# What a run folder calls its clips.
_MANIFEST = "manifest.csv"
_SIDES = ("test", "validation")
_CALIBRATED_WITH = 64

Progress = Callable[[Sequence[Clip]], Iterable[Clip]]


@dataclass(frozen=True)
class Evaluation:
    """Labelled clips to measure on, and what they are called."""

    name: str
    clips: list[Clip]


def evaluation_clips(run: Path, manifest: Path | None) -> Evaluation | None:
    """The test side of a manifest, or of a run's own; its validation side where it has none.

    Parameters
    ----------
    run
        The folder that the recogniser lies in.
    manifest
        Clips to use instead of the run's; all of them where they are on no sides.

    Returns
    -------
    None where no manifest is given and the run has none, or has neither side.

    Raises
    ------
    IsharaError
        If the manifest cannot be read, or has training clips alone.
    """
    path = manifest or run / _MANIFEST
    if manifest is None and not path.is_file():
        return None
    clips = Manifest.read(path)
    sides = clips.table["split"].drop_nulls().unique().to_list()
    if manifest is not None and not sides:
        return Evaluation(manifest.name, list(clips))
    side = next((side for side in _SIDES if side in sides), None)
    if side is None:
        if manifest is not None:
            raise IsharaError(
                f"{manifest}: has no clip of the test or validation side, only of {', '.join(sorted(sides))}; expected "
                "clips that the recogniser did not learn from."
            )
        return None
    of = "the run" if manifest is None else manifest.name
    return Evaluation(f"{side} side of {of}", list(clips.where(pl.col("split") == side)))


def calibration_clips(run: Path) -> list[Clip]:
    """Up to 64 clips that a run was trained on, from all over its manifest; none where they are not known."""
    if not (run / _MANIFEST).is_file():
        return []
    clips = list(Manifest.read(run / _MANIFEST).where(pl.col("split") == "train"))
    return clips[:: -(-len(clips) // _CALIBRATED_WITH)] if clips else []


def readable(recognizer: Recognizer, clips: Iterable[Clip]) -> Iterator[NDArray[Any]]:
    """What a model is given of each clip (T_i, …), one at a time; what cannot be read is left out."""
    for clip in clips:
        try:
            yield _prepared(recognizer, clip).x
        except IsharaError:
            continue


def count_right(
    recognizers: Sequence[Recognizer], evaluation: Evaluation, progress: Progress = iter
) -> tuple[int, list[int]]:
    """How many clips could be read, and how many of these each recogniser gets right.

    Every clip is read once, for all of them. Clips whose gloss none of them knows are left out.

    Raises
    ------
    IsharaError
        If not one clip could be read, or none has a known gloss.
    """
    first, places = recognizers[0], {label: place for place, label in enumerate(recognizers[0].labels)}
    known = [clip for clip in evaluation.clips if clip.gloss in places]
    if not known:
        raise IsharaError(f"{evaluation.name}: none of its {len(evaluation.clips)} clips has a gloss of this model.")
    count, right, failure = 0, [0] * len(recognizers), ""
    waiting: list[tuple[ModelInput, int]] = []

    def run() -> None:
        for place, recognizer in enumerate(recognizers):
            found = recognizer.run([clip for clip, _ in waiting]).logits.argmax(axis=1)
            right[place] += sum(int(answer == truth) for answer, (_, truth) in zip(found, waiting, strict=True))
        waiting.clear()

    for clip in progress(known):
        try:
            waiting.append((_prepared(first, clip), places[clip.gloss]))
        except IsharaError as error:
            failure = failure or str(error)
            continue
        count += 1
        if len(waiting) == first.together:
            run()
    if waiting:
        run()
    if not count:
        raise IsharaError(f"{evaluation.name}: not one of {len(known)} clips could be read. The first: {failure}")
    return count, right


def _prepared(recognizer: Recognizer, clip: Clip) -> ModelInput:
    return recognizer.prepare(clip.path, clip.start, clip.end, box=Box.parse(clip.box) if clip.box else None)
