"""What is known of clips beside their signs: how long they are, which hands were missed, how and where they begin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ishara.clips.clip import Clip
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.pose.files import is_landmark_file, read_pose
from ishara.pose.pose import Pose, columns_of
from ishara.pose.prepare import prepare
from ishara.pose.repair import Side, dominant_hand
from ishara.pose.skeleton import HANDS
from ishara.recipe import Recipe
from ishara.video.box import Box

Array = NDArray[np.float32]
Progress = Callable[[Sequence[Clip]], Iterable[Clip]]
_SHOULDERS = ("left_shoulder", "right_shoulder")
# A hand that comes and goes is looked at this many times, at even distances over the clip.
_LOOKS = 16
# Side of the first picture as it is kept of a video: enough to tell rooms apart, too little to read a sign from.
_THUMBNAIL = 8


@dataclass(frozen=True, eq=False)
class ClipTraits:
    """One clip.

    Parameters
    ----------
    frames, seconds
        How long it is, as it is stored.
    missed
        Share of the frames in which neither hand was seen, in [0, 1]; ``None`` where that cannot be known.
    hand
        Which hand leads; ``None`` where that cannot be known.
    cues
        By name what a shortcut could go by, each (F,) numbers: ``length``, ``hands``, ``first`` and ``framing``.
    """

    frames: int
    seconds: float
    missed: float | None
    hand: Side | None
    cues: Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Traits:
    """Those of N clips.

    Parameters
    ----------
    clips, each
        N clips, and what is known of each.
    groups
        N values of the column that the split is made by.
    """

    clips: list[Clip]
    each: list[ClipTraits]
    groups: list[str | None]

    def __len__(self) -> int:
        return len(self.clips)

    def cue(self, name: str) -> Array | None:
        """(N, F) numbers of a cue; ``None`` where a clip has none, or another number of them."""
        rows = [one.cues.get(name) for one in self.each]
        found = [row for row in rows if row is not None]
        if not found or len(found) < len(rows) or len({row.shape for row in found}) > 1:
            return None
        return np.stack(found)

    def of(self, ids: Iterable[str]) -> Traits:
        """The clips of these ids that are here, in the order of the ids."""
        place = {clip.id: i for i, clip in enumerate(self.clips)}
        rows = [place[name] for name in ids if name in place]
        return Traits([self.clips[i] for i in rows], [self.each[i] for i in rows], [self.groups[i] for i in rows])


def read_traits(
    manifest: Manifest,
    recipe: Recipe,
    *,
    pixels: bool = False,
    known: Mapping[str, ClipTraits] = MappingProxyType({}),
    progress: Progress = iter,
) -> tuple[Traits, dict[str, str]]:
    """Read what is known of the clips of a manifest beside their signs.

    Parameters
    ----------
    recipe
        What its model sees of a first frame is what is kept of it.
    pixels
        Whether the model looks at pictures, and not at landmarks.
    known
        By id, what is known of clips already: they are not read again.
    progress
        Wraps the clips to show progress.

    Returns
    -------
    Traits
        Of the clips that could be read.
    dict
        The id of each clip that could not, and why.
    """
    group = recipe.split.group
    values = manifest.table[group].to_list() if group in manifest.table.columns else [None] * len(manifest)
    of = dict(zip(manifest.table["id"].to_list(), values, strict=True))
    clips, each, failures = [], [], {}
    for clip in progress(list(manifest)):
        try:
            each.append(known.get(clip.id) or _of_clip(clip, recipe, pixels))
        except IsharaError as error:
            failures[clip.id] = str(error)
            continue
        clips.append(clip)
    return Traits(clips, each, [None if of[clip.id] is None else str(of[clip.id]) for clip in clips]), failures


def of_pose(pose: Pose, recipe: Recipe) -> ClipTraits:
    """What is known of landmarks as they are stored.

    Raises
    ------
    IsharaError
        If they cannot be prepared for the recipe's model.
    """
    hands = {name: columns_of(pose.skeleton, name) for name in HANDS}
    seen = {name: pose.seen[:, columns].any(axis=1) for name, columns in hands.items() if len(columns)}
    first = prepare(pose, recipe.pose).frames([0])
    cues = {
        "length": _length(len(pose), pose.duration),
        "first": np.where(first.seen[0][:, None], first.coordinates[0], 0).astype(np.float32).ravel(),
        "framing": _framing(pose),
    }
    if seen:
        cues["hands"] = np.concatenate([_pattern(one) for one in seen.values()])
    missed = float((~np.any(list(seen.values()), axis=0)).mean()) if seen else None
    return ClipTraits(len(pose), pose.duration, missed, dominant_hand(pose), cues)


def _of_clip(clip: Clip, recipe: Recipe, pixels: bool) -> ClipTraits:
    if not is_landmark_file(clip.path):
        return _of_video(clip, pictures=pixels)
    try:
        return of_pose(read_pose(clip.path, clip.start, clip.end), recipe)
    except IsharaError as error:
        raise IsharaError(f"{clip.path}: {error}") from None


def _of_video(clip: Clip, *, pictures: bool) -> ClipTraits:
    """Of a video its length and, where a model looks at pictures, a thumbnail of its first."""
    from ishara.video import probe, read_video

    info = probe(clip.path)
    start = clip.start or 0.0
    seconds = max((info.duration if clip.end is None else clip.end) - start, 0.0)
    frames = max(round(seconds * info.fps), 1)
    cues = {"length": _length(frames, seconds)}
    if pictures:
        box = Box.parse(clip.box) if clip.box else None
        first = read_video(clip.path, times=[start], box=box, square=_THUMBNAIL).rgb[0]
        cues["first"] = first.astype(np.float32).ravel() / 255
    return ClipTraits(frames, seconds, None, None, cues)


def _length(frames: int, seconds: float) -> Array:
    return np.array([frames, seconds], np.float32)


def _pattern(seen: NDArray[np.bool_]) -> Array:
    """In how much of the clip a hand was seen, and whether it was at even distances over it."""
    looks = np.rint(np.linspace(0, len(seen) - 1, _LOOKS)).astype(np.int64)
    return np.concatenate([[seen.mean()], seen[looks]]).astype(np.float32)


def _framing(pose: Pose) -> Array:
    """Where in the picture the signer is and how large, in the file's unit: the middle and the width of the shoulders.

    Without shoulders, the middle of all that was seen, and its extent.
    """
    if all(name in pose.skeleton for name in _SHOULDERS):
        left, right = (pose.skeleton.index(name) for name in _SHOULDERS)
        both = pose.seen[:, [left, right]].all(axis=1)
        if both.any():
            a, b = pose.coordinates[both, left, :2], pose.coordinates[both, right, :2]
            width = np.median(np.linalg.norm(a - b, axis=1))
            return np.array([*np.median((a + b) / 2, axis=0), width], np.float32)
    points = pose.coordinates[pose.seen][:, :2]
    if not len(points):
        return np.zeros(3, np.float32)
    return np.array([*np.median(points, axis=0), np.ptp(points, axis=0).max()], np.float32)
