"""From landmarks as extracted to landmarks that can be compared: the same steps in training and in use."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.pose.features import FeatureLayout, feature_layout
from ishara.pose.normalise import flatten_body, has_measured_depth, shoulder_normalise
from ishara.pose.pose import Array, Pose
from ishara.pose.repair import fill_gaps, hands_seen, right_handed
from ishara.pose.skeleton import Skeleton, get_skeleton
from ishara.recipe import PoseOptions, Recipe


def model_skeleton(options: PoseOptions) -> Skeleton:
    """The skeleton that a recipe's model sees."""
    return _selected(options.skeleton, options.landmarks)


def model_layout(recipe: Recipe) -> FeatureLayout:
    """What each input of a recipe's model is, for a model of landmarks."""
    return feature_layout(model_skeleton(recipe.pose), recipe.features, recipe.pose.dimensions)


def prepare(pose: Pose, options: PoseOptions) -> Pose:
    """Normalise, select, repair and shorten one clip as a recipe says.

    Parameters
    ----------
    pose
        As extracted, with any landmarks and unit.
    options
        The recipe's `pose` section.

    Returns
    -------
    Pose
        On the recipe's skeleton, in shoulder widths from the neck, (T, K, `options.dimensions`).

    Raises
    ------
    IsharaError
        If the clip shares no landmark with the recipe's skeleton, has no depth where the recipe asks for it, or no
        frame with a hand where only such frames count.
    """
    skeleton = model_skeleton(options)
    if options.frames == "with-hands":
        pose = pose.frames(_kept(pose, options))
    if pose.coordinates.shape[2] < options.dimensions:
        raise IsharaError("The clip's landmarks have no depth, which this recipe needs (pose.dimensions: 3).")
    if options.normalise == "shoulders":
        pose = shoulder_normalise(pose, face_camera=options.face_camera)
    if options.body_depth == "measured" and not has_measured_depth(pose):
        pose = flatten_body(pose)
    if options.dominant_hand == "right":
        # Before the selection, which may leave out the hand that leads.
        pose = right_handed(pose.to(_both_sides(pose.skeleton, options.skeleton)))
    pose = pose.to(skeleton)
    if not pose.seen.any():
        raise IsharaError(f"None of the {len(skeleton)} landmarks of {skeleton.name!r} was seen in this clip.")
    if pose.coordinates.shape[2] > options.dimensions:
        pose = pose.replace(pose.coordinates[..., : options.dimensions])
    if options.max_gap:
        pose = fill_gaps(pose, options.max_gap)
    length = _length(len(pose), options)
    return pose if length == len(pose) else pose.resampled(length)


def frame_times(pose: Pose, options: PoseOptions) -> Array:
    """(T,) the middle of each frame that `prepare` gives, in seconds from the start of the clip as extracted."""
    times = ((np.arange(len(pose)) + 0.5) / pose.fps)[_kept(pose, options)]
    length = _length(len(times), options)
    if length != len(times):
        last = len(times) - 1
        position = np.linspace(0, last, length) if length > 1 else np.array([last / 2])
        times = np.interp(position, np.arange(len(times)), times)
    return times.astype(np.float32)


def _length(frames: int, options: PoseOptions) -> int:
    """How many frames a clip has in the end."""
    if options.length is not None:
        return options.length
    return frames if options.max_frames is None else min(frames, options.max_frames)


def _kept(pose: Pose, options: PoseOptions) -> NDArray[np.bool_]:
    """(T,): the frames that a recipe does not leave out."""
    if options.frames == "all":
        return np.ones(len(pose), bool)
    kept = hands_seen(pose)
    if not kept.any():
        raise IsharaError(
            f"No hand was found in any of the clip's {len(pose)} frames, and this recogniser goes by the frames with "
            "hands. Look at the video: are the hands in the picture, and is it sharp?"
        )
    return kept


# Kept, for a skeleton remembers what it has worked out of its landmarks: their groups, their mirror pairs.
@lru_cache(maxsize=64)
def _selected(preset: str, landmarks: tuple[str, ...]) -> Skeleton:
    skeleton = get_skeleton(preset)
    return skeleton.select(landmarks, name=preset) if landmarks else skeleton


@lru_cache(maxsize=64)
def _both_sides(skeleton: Skeleton, preset: str) -> Skeleton:
    """A clip's landmarks and those of the recipe's preset: with the partner of each that the recipe may ask for."""
    names = dict.fromkeys((*skeleton.landmarks, *get_skeleton(preset).landmarks))
    return Skeleton("both-sides", tuple(names))
