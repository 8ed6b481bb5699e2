"""Clips to measure on: given ones, those that a run was tested on, or noise of like lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ishara.clips.clip import Clip
from ishara.errors import IsharaError
from ishara.pose.files import write_pose
from ishara.pose.pose import Pose
from ishara.pose.prepare import model_skeleton
from ishara.recognizer import Recognizer
from ishara.recognizer.folder import Config
from ishara.recognizer.inputs import ModelInput
from ishara.video.box import Box

# How many are measured on where nobody says: a picture holds a thousand times the numbers of a frame of landmarks.
USUAL = {"landmarks": 128, "pixels": 16}
# Lengths of generated clips where none are known, in frames: one to five seconds.
_SHORTEST, _LONGEST = 25, 125
_SEED = 0
_FPS = 25.0


@dataclass(frozen=True, eq=False)
class BenchClips:
    """Clips as the model is given them.

    Parameters
    ----------
    inputs
        At least one.
    which
        What they are, for people.
    generated
        Whether they are noise.
    unreadable
        How many others could not be read.
    example
        A file that holds one of middling length, or noise as long: a ``.pose`` file, or a video. None for a model of
        pixels whose clips are no whole files.
    """

    inputs: tuple[ModelInput, ...]
    which: str
    generated: bool
    unreadable: int
    example: Path | None

    @property
    def frames(self) -> list[int]:
        """How long each is."""
        return [len(clip) for clip in self.inputs]


def read_clips(
    recognizer: Recognizer, clips: Sequence[Clip], which: str, *, most: int | None, folder: Path
) -> BenchClips:
    """Labelled clips as the model is given them.

    Parameters
    ----------
    which
        What they are, for people.
    most
        At most so many, drawn at random but always the same; None for 128, or 16 of a model of pixels.
    folder
        Where the example may be written.

    Raises
    ------
    IsharaError
        If not one can be read; the message is the first one's.
    """
    order = np.random.default_rng(_SEED).permutation(len(clips))
    wanted = most or USUAL[recognizer.config.input]
    read: list[tuple[Clip, ModelInput]] = []
    failures: list[str] = []
    for clip in (clips[i] for i in order):
        if len(read) == wanted:
            break
        try:
            read.append((clip, recognizer.prepare(clip.path, clip.start, clip.end, box=_box(clip))))
        except IsharaError as error:
            failures.append(str(error))
    if not read:
        raise IsharaError(failures[0] if failures else f"There are no clips: {which}.")
    middle = sorted(read, key=lambda pair: len(pair[1]))[len(read) // 2][0]
    said = which if len(read) == len(clips) else f"{len(read)} of {len(clips)} {which}"
    inputs = tuple(prepared for _, prepared in read)
    return BenchClips(inputs, said, False, len(failures), _example(recognizer, middle, folder))


def own_clips(recognizer: Recognizer, *, most: int | None, folder: Path) -> BenchClips:
    """The clips that a recogniser's run was tested on; where they are not there, noise as long, or of usual lengths."""
    run = recognizer.folder.parent
    clips, side = _of_run(run)
    if clips:
        try:
            return read_clips(recognizer, clips, f"{side} clips of the run", most=most, folder=folder)
        except IsharaError:
            pass  # the corpus lies on another machine: what is known of it is how long its clips were
    lengths = _known_lengths(run)
    why = "as long as the run's own, which are not there" if lengths else f"of {_SHORTEST} to {_LONGEST} frames"
    return generate_clips(recognizer, lengths, why, most=most, folder=folder)


def generate_clips(
    recognizer: Recognizer, lengths: Sequence[int], why: str, *, most: int | None, folder: Path
) -> BenchClips:
    """Clips of noise.

    Parameters
    ----------
    lengths
        From which theirs are drawn, in frames; empty for evenly spread ones.
    why
        How their lengths were chosen, for people.
    most, folder
        As for `read_clips`.
    """
    rng = np.random.default_rng(_SEED)
    count = most or USUAL[recognizer.config.input]
    pixels = recognizer.recipe.pixels.frames if recognizer.config.input == "pixels" else None
    if pixels is not None:
        drawn = np.full(count, pixels)
        why = f"of {pixels} frames, which is all that the model looks at"
    else:
        drawn = rng.choice(lengths, count) if lengths else np.linspace(_SHORTEST, _LONGEST, count).round().astype(int)
    inputs = tuple(noise(recognizer.config, int(frames), rng) for frames in drawn)
    example = None
    if pixels is None:
        skeleton, dimensions = model_skeleton(recognizer.recipe.pose), recognizer.recipe.pose.dimensions
        shape = (int(np.median(drawn)), len(skeleton))
        points = rng.normal(size=(*shape, dimensions)).astype(np.float32)
        example = write_pose(Pose(points, np.ones(shape, np.float32), _FPS, skeleton), folder / "example.pose")
    return BenchClips(inputs, f"{count} generated clips {why}", True, 0, example)


def noise(config: Config, frames: int, rng: np.random.Generator) -> ModelInput:
    """A clip of noise, as a recogniser's model is given clips."""
    shape = (frames, *config.frame)
    pixels = config.input == "pixels"
    x: NDArray[Any] = rng.integers(0, 256, shape, np.uint8) if pixels else rng.standard_normal(shape, np.float32)
    return ModelInput(x, (np.arange(frames) / _FPS).astype(np.float32))


def _box(clip: Clip) -> Box | None:
    return Box.parse(clip.box) if clip.box else None


def _example(recognizer: Recognizer, clip: Clip, folder: Path) -> Path | None:
    if recognizer.config.input == "landmarks":
        pose = recognizer.landmarks(clip.path, clip.start, clip.end, box=_box(clip))
        return write_pose(pose, folder / "example.pose")
    path = Path(clip.path)
    return path if path.is_file() and (clip.start, clip.end, clip.box) == (None, None, None) else None


def _of_run(run: Path) -> tuple[list[Clip], str]:
    """The clips of a run's test side, of its validation side, or all, and which these are."""
    from ishara.clips.manifest import SPLITS, Manifest

    if not (run / "manifest.csv").is_file():
        return [], ""
    clips = list(Manifest.read(run / "manifest.csv"))
    for side in reversed(SPLITS):
        if own := [clip for clip in clips if clip.split == side]:
            return own, side
    return clips, "all"


def _known_lengths(run: Path) -> list[int]:
    """How long the clips were that a run was evaluated on; none where that is not known."""
    import polars as pl

    for table in (run / "evaluation-test" / "predictions.parquet", run / "predictions.parquet"):
        if table.is_file() and "frames" in pl.read_parquet_schema(table):
            frames: list[int] = pl.read_parquet(table, columns=["frames"])["frames"].drop_nulls().to_list()
            if frames:
                return frames
    return []
