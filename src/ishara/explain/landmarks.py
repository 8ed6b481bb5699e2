"""Explaining a model of landmarks: moments are left out, parts and fingers are taken away or held still."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ishara.explain.curves import CHANCES, Curve, Gone, curves
from ishara.explain.explanation import Effect
from ishara.explain.moments import segments
from ishara.explain.parts import Part, parts_of, was_mirrored
from ishara.explain.removal import WAYS, Mask, Way, cut, remove
from ishara.explain.scoring import Scorer
from ishara.pose.pose import Pose
from ishara.pose.prepare import frame_times, prepare
from ishara.recipe import Recipe
from ishara.recognizer.inputs import ModelInput, landmark_input

# Stretches that the cells of the curve are parts of: parts times stretches are some 20 to 30 cells.
_STRETCHES = 6
_FEWEST_CELLS = 3


@dataclass(frozen=True, eq=False)
class LandmarkClip:
    """A clip whose landmarks can be taken away.

    Parameters
    ----------
    pose
        Prepared.
    shown
        The landmarks of the frames of `pose` as they were found, in the order of the clip.
    times
        (T,) of these frames, in seconds.
    parts
        Of the model's skeleton.
    recipe
        How features are made.
    """

    pose: Pose
    shown: Pose
    times: NDArray[np.float32]
    parts: tuple[Part, ...]
    recipe: Recipe

    @classmethod
    def of(cls, found: Pose, recipe: Recipe) -> LandmarkClip:
        """A clip as a recipe's model sees it; `IsharaError` as `ishara.pose.prepare.prepare`."""
        pose, times = prepare(found, recipe.pose), frame_times(found, recipe.pose)
        nearest = np.rint(times * found.fps - 0.5).astype(np.int64)
        mirrored = was_mirrored(found, pose, recipe.pose)
        shown = found.frames(np.clip(nearest, 0, len(found) - 1))
        return cls(pose, shown, times, tuple(parts_of(pose.skeleton, mirrored=mirrored)), recipe)

    def as_input(self, pose: Pose) -> ModelInput:
        """What the model is given of a changed form of it."""
        return landmark_input(pose, self.times[: len(pose)], self.recipe)

    def without_frames(self, frames: Mask) -> ModelInput:
        """It, with some frames (T,) left out."""
        return self.as_input(cut(self.pose, frames))

    def without_part(self, part: Part, way: Way) -> ModelInput:
        """It, with a part taken away from all frames."""
        mask = np.zeros(self.pose.confidence.shape, bool)
        mask[:, part.columns] = True
        return self.as_input(remove(self.pose, mask, way))

    def without(self, mask: Mask) -> Pose:
        """It prepared, without some landmarks in some frames (T, K): each part as it is taken away, or held still."""
        ways = np.full(len(self.pose.skeleton), "still", object)
        for part in self.parts:
            ways[part.columns] = part.gone or "still"
        pose = self.pose
        for way in WAYS:
            pose = remove(pose, mask & (ways == way), way)
        return pose

    def found(self, part: Part) -> float:
        """Share of the frames in which any of a part was seen."""
        return float(self.pose.seen[:, part.columns].any(axis=1).mean())


def part_effects(clip: LandmarkClip, scorer: Scorer, whole: float) -> tuple[Effect, ...]:
    """What each part and finger means to the answer; `whole` is the log-odds of the whole clip."""
    seen = {part.key: clip.found(part) for part in clip.parts}
    there = [part for part in clip.parts if seen[part.key]]
    asked: list[tuple[Part, Way]] = [(part, "still") for part in there]
    asked += [(part, part.gone) for part in there if part.gone is not None]
    inputs = [clip.without_part(part, way) for part, way in asked]
    change = scorer.log_odds(inputs) - whole
    found: dict[tuple[str, Way | None], float] = {
        (part.key, way): float(value) for (part, way), value in zip(asked, change, strict=True)
    }
    return tuple(
        Effect(part.key, part.title, part.kind, seen[part.key], found.get((part.key, part.gone)),
               found.get((part.key, "still")))
        for part in clip.parts
    )  # fmt: skip


def cell_curves(clip: LandmarkClip, scorer: Scorer, whole: float, *, chances: int = CHANCES) -> dict[str, Curve]:
    """Curves of taking away parts of the body at stretches of the clip; empty where there are too few of these."""
    cells = _cells(clip)
    if len(cells) < _FEWEST_CELLS:
        return {}

    def without(gone: Gone) -> ModelInput:
        return clip.as_input(clip.without(cells[gone].any(axis=0)))

    effects = scorer.log_odds([without(one) for one in np.eye(len(cells), dtype=bool)]) - whole
    return curves({"occlusion": -effects}, without, scorer, chances=chances)


def what_is_missing(clip: LandmarkClip) -> list[str]:
    """What of the body cannot be explained, and why."""
    parts = {part.key: part for part in clip.parts}
    said = []
    hands = [key for key in ("left_hand", "right_hand") if key in parts]
    lost = [key for key in hands if not clip.found(parts[key])]
    if lost and len(lost) == len(hands):
        said.append(
            "No hand was found in any frame of this clip. Hands and fingers cannot be explained, and the answer comes "
            "from the rest of the body alone: look at the video before you trust it."
        )
    elif lost:
        said.append(
            f"The {parts[lost[0]].title.lower()} was never found in this clip, so it has no bar, nor have its fingers."
        )
    if not any(part.kind == "finger" for part in clip.parts):
        said.append("These landmarks have no fingers, so which finger matters cannot be told.")
    return said


def _cells(clip: LandmarkClip) -> NDArray[np.bool_]:
    """(U, T, K): each body part in each stretch of the clip, as far as it was found there."""
    stretch = segments(len(clip.pose), _STRETCHES)
    cells = []
    for part in (part for part in clip.parts if part.kind == "part"):
        for number in range(int(stretch[-1]) + 1):
            mask = np.zeros(clip.pose.confidence.shape, bool)
            mask[np.ix_(stretch == number, part.columns)] = True
            if (mask & clip.pose.seen).any():
                cells.append(mask)
    return np.array(cells, bool).reshape(-1, *clip.pose.confidence.shape)
