"""What a recogniser's model is given of a clip: features of landmarks, or pictures, and when each frame is shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.pose.estimate.shared import SharedEstimator
from ishara.pose.features import extract_features
from ishara.pose.files import is_landmark_file, read_pose
from ishara.pose.pose import Array, Pose
from ishara.pose.prepare import frame_times, model_layout, model_skeleton, prepare
from ishara.pose.views import further_views
from ishara.recipe import EstimatorOptions, Recipe

if TYPE_CHECKING:
    from ishara.video.box import Box

Source = str | Path | Pose | BinaryIO

# A clip goes into a batch whose shortest clip has at least this share of its frames, or only so many frames less.
_SHARE, _FEW_FRAMES = 0.8, 4
_MOST_FRAMES = 1024
# Of pictures, whose way through a model takes far more memory than they do, as many as 64 of 224 pixels.
_MOST_PIXELS = 64 * 3 * 224 * 224
# So many looks at clips of pictures are held in memory at once.
_MOST_PICTURES = 16


@dataclass(frozen=True, eq=False)
class ModelInput:
    """One clip as a model sees it.

    Parameters
    ----------
    x
        (T, F) float32 features, or (T, 3, S, S) uint8 pictures.
    times
        (T,) when each frame is: the middle of a frame of landmarks, the beginning of a picture; in seconds from the
        start of the clip.
    views
        Of a recogniser that looks more than once: each further look, as `x`, with its own T.
    """

    x: NDArray[Any]
    times: Array
    views: tuple[NDArray[Any], ...] = ()

    def __len__(self) -> int:
        return len(self.x)


class ClipReader(Protocol):
    """Reads clips for one recogniser.

    `frame` is the shape of one frame, `together` how many clips may be held in memory at once.
    """

    frame: tuple[int, ...]
    together: int

    def read(self, source: Source, start: float | None, end: float | None, box: Box | None) -> ModelInput:
        """One clip, or its stretch of `start` to `end` seconds."""
        ...

    def landmarks(self, source: Source, start: float | None, end: float | None, box: Box | None) -> Pose:
        """Its landmarks, as they are stored or as they are estimated from its video."""
        ...


def landmark_input(prepared: Pose, times: Array, recipe: Recipe) -> ModelInput:
    """What a recipe's model is given of a clip that is prepared; `times` (T,) as in `ModelInput`."""
    return ModelInput(extract_features(prepared, recipe.features), times, further_views(prepared, recipe))


def make_reader(recipe: Recipe, *, pixels: bool) -> ClipReader:
    """What reads clips for a recipe's model."""
    return PixelReader(recipe) if pixels else LandmarkReader(recipe)


class LandmarkReader:
    """Landmarks as features; those of videos are estimated, one video at a time."""

    together = 4096

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._videos = SharedEstimator(estimator_options(recipe))
        layout = model_layout(recipe)
        self.frame: tuple[int, ...] = (len(layout),)

    def read(self, source: Source, start: float | None, end: float | None, box: Box | None) -> ModelInput:
        """Features of a clip; see `ClipReader`."""
        pose = self.landmarks(source, start, end, box)
        try:
            prepared = prepare(pose, self._recipe.pose)
        except IsharaError as error:
            raise error if isinstance(source, Pose) else IsharaError(f"{source}: {error}") from None
        return landmark_input(prepared, frame_times(pose, self._recipe.pose), self._recipe)

    def landmarks(self, source: Source, start: float | None, end: float | None, box: Box | None) -> Pose:
        """Landmarks of a clip; see `ClipReader`."""
        if isinstance(source, Pose):
            return source.stretch(start, end)
        if isinstance(source, str | Path) and is_landmark_file(source):
            return read_pose(source, start, end)
        return self._videos.landmarks(_checked(source), start, end, box)


class PixelReader:
    """Frames of videos."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self.together = max(1, _MOST_PICTURES // recipe.inference.views)
        self.frame: tuple[int, ...] = (3, recipe.pixels.size, recipe.pixels.size)

    def read(self, source: Source, start: float | None, end: float | None, box: Box | None) -> ModelInput:
        """Frames of a clip; see `ClipReader`."""
        from ishara.video.frames import read_clip
        from ishara.video.looks import further_looks

        if isinstance(source, Pose) or (isinstance(source, str | Path) and is_landmark_file(source)):
            what = "a pose" if isinstance(source, Pose) else str(source)
            raise IsharaError(f"{what}: holds landmarks, and this recogniser looks at videos ({self._recipe.name}).")
        video, options = _checked(source), self._recipe.pixels
        clip = read_clip(video, options, start=start, end=end, box=box)
        looks = further_looks(video, options, self._recipe.inference.views, start=start, end=end, box=box)
        return ModelInput(clip.rgb, (clip.times - (start or 0.0)).astype(np.float32), looks)

    def landmarks(self, source: Source, start: float | None, end: float | None, box: Box | None) -> Pose:
        """Always an `IsharaError`: a model of pixels has none."""
        raise IsharaError(f"{source}: this recogniser ({self._recipe.name}) looks at pictures and has no landmarks.")


def batches(clips: Sequence[NDArray[Any]], most: int) -> list[list[int]]:
    """Which clips run together: their places, those of like length beside each other, so that little is padded.

    Parameters
    ----------
    clips
        (T_i, F) features or (T_i, 3, H, W) pictures, each as large as the others'.
    most
        How many clips a batch may hold. None holds more than 1,024 frames, or the pixels of 64 frames of 224 by 224,
        padding and all, unless it is one clip.
    """
    lengths = [len(clip) for clip in clips]
    most_frames = _most_frames(clips[0].shape[1:]) if clips else 0
    found: list[list[int]] = []
    shortest = 0
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        length = lengths[place]
        near = length * _SHARE <= shortest or length - shortest <= _FEW_FRAMES
        if found and near and len(found[-1]) < most and (len(found[-1]) + 1) * length <= most_frames:
            found[-1].append(place)
        else:
            found.append([place])
            shortest = length
    return found


def _most_frames(frame: tuple[int, ...]) -> int:
    return _MOST_FRAMES if len(frame) == 1 else min(_MOST_FRAMES, _MOST_PIXELS // math.prod(frame))


def pad(clips: Sequence[NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The model's inputs for clips of (T_i, …) frames: ``x`` (B, T, …) and ``mask`` (B, T)."""
    longest = max(map(len, clips))
    x = np.zeros((len(clips), longest, *clips[0].shape[1:]), clips[0].dtype)
    mask = np.zeros((len(clips), longest), bool)
    for row, clip in enumerate(clips):
        x[row, : len(clip)] = clip
        mask[row, : len(clip)] = True
    return {"x": x, "mask": mask}


def estimator_options(recipe: Recipe) -> EstimatorOptions:
    """How landmarks are found in pictures for a recipe: as it says, with the face where its model looks at one."""
    face = "face" in model_skeleton(recipe.pose).groups
    return recipe.estimator.model_copy(update={"face": recipe.estimator.face or face})


def _checked(source: Source) -> str | Path | BinaryIO:
    if isinstance(source, str | Path) or (hasattr(source, "read") and not isinstance(source, Pose)):
        return source
    raise IsharaError(
        f"{type(source).__name__} is not something to predict; expected the path of a clip, an open binary file, a "
        "Pose, or a list of these. An array becomes a Pose by "
        'Pose(coordinates, confidence, fps, get_skeleton("holistic")).'
    )
