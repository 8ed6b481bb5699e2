"""Finding near-identical clips: the same recording twice, whatever its resolution, framing, encoding and trimming.

Two takes of a sign by one signer are not near-identical. What tells the same recording is that, once the two are laid
over each other in space (scale and shift of each axis) and time (a linear stretch), the landmarks agree *and* what
remains is small beside the movement itself: a second take moves alike, but not frame by frame.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ishara.clips.clip import Clip
from ishara.clips.clusters import merge
from ishara.clips.manifest import Manifest
from ishara.clips.same_files import same_files
from ishara.clips.tracks import BODY, FRAMES, KEY_POINTS, POINTS, Floats, filled, track
from ishara.errors import IsharaError
from ishara.pose.files import is_landmark_file, read_pose
from ishara.pose.pose import Pose

# A distance of 1 is the threshold: at most these residuals, for three quarters of the landmarks and frames.
STILL_RESIDUAL = 0.04  # shoulder widths
MOTION_RESIDUAL = 0.08  # of the movement
_REST = 0.02  # shoulder widths; what trembles less than this does not count as movement

_MOMENTS = 16  # of them that are compared in the search
_NEIGHBOURS = 8
_TRIES = 4
_TRIM = 16  # of FRAMES: how much either clip may lack at either end
_NEAR = 0.35  # shoulder widths; farther apart before alignment is another clip
_ALIGNED = 0.15  # the same after alignment
_WORTH_REFINING = 4.0  # times the threshold
_SHARED = 0.7  # of the landmarks seen in either must be seen in both
# Stretches of two clips that may be the same: whole and whole, one within the other, and one ahead of the other.
_VIEWS = (((0.0, 1.0), (0.0, 1.0)), ((0.0, 1.0), (0.0, 0.8)), ((0.0, 1.0), (0.2, 1.0)), ((0.0, 1.0), (0.1, 0.9)),
          ((0.0, 0.85), (0.15, 1.0)))  # fmt: skip
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class _Tracks:
    """All clips on the same landmarks and frames; NaN where a landmark was not seen."""

    ids: list[str]
    values: Floats  # (N, FRAMES, K, 2)


def near_duplicates(
    manifest: Manifest,
    read: Callable[[str], Pose] = read_pose,
    *,
    on_unreadable: Callable[[Clip, IsharaError], None] | None = None,
) -> list[frozenset[str]]:
    """Clusters of near-identical clips.

    Parameters
    ----------
    manifest
        The clips; glosses are not looked at, since the same recording may be filed under two.
    read
        From a clip's path to its landmarks.
    on_unreadable
        Told of each clip that could not be read; such clips are compared by their path alone. Without it their number
        and the first reason are logged as a warning.

    Returns
    -------
    list
        Disjoint sets of two or more clip ids, sorted by smallest id. Clips that are the same stretch of the same file,
        or of a copy of it, are always together; of videos, whose landmarks nobody knows yet, this is all that is found.
    """
    same: dict[tuple[str, float | None, float | None], list[str]] = {}
    copy_of = same_files(clip.path for clip in manifest)
    for clip in manifest:
        same.setdefault((copy_of.get(clip.path, clip.path), clip.start or 0.0, clip.end), []).append(clip.id)
    links = [(a, b) for a, b, distance in distances(manifest, read, on_unreadable=on_unreadable) if distance <= 1]
    return [cluster for cluster in merge([*same.values(), *links]) if len(cluster) > 1]


def distances(
    manifest: Manifest,
    read: Callable[[str], Pose] = read_pose,
    *,
    on_unreadable: Callable[[Clip, IsharaError], None] | None = None,
) -> list[tuple[str, str, float]]:
    """The pairs of clips that are worth a close look, nearest first, with their distance; 1 is the threshold.

    The distance is the larger of two residuals after alignment, each as a multiple of its threshold: of the landmarks'
    places (0.04 shoulder widths) and of their movement about their mean place (8 % of the movement).
    """
    tracks = _tracks(manifest, read, on_unreadable)
    if len(tracks.ids) < 2:
        return []
    pairs = _neighbours(tracks.values)
    windows, error = _align(tracks.values, pairs)
    close = error <= _ALIGNED
    scored = [
        (*sorted((tracks.ids[i], tracks.ids[j])), _nearest_distance(tracks.values[i], tracks.values[j], window))
        for (i, j), window in zip(pairs[close].tolist(), windows[close], strict=True)
    ]
    return sorted(scored, key=lambda pair: (pair[2], pair[0], pair[1]))


def _tracks(
    manifest: Manifest, read: Callable[[str], Pose], on_unreadable: Callable[[Clip, IsharaError], None] | None
) -> _Tracks:
    """Each distinct stretch of each file once, under the id of its first clip."""
    ids: list[str] = []
    values: list[Floats] = []
    failures: list[tuple[Clip, IsharaError]] = []
    known = set()
    for clip in sorted(manifest, key=lambda clip: clip.id):
        stretch = (clip.path, clip.start, clip.end)
        if stretch in known:
            continue
        known.add(stretch)
        if read is read_pose and not is_landmark_file(clip.path) and Path(clip.path).is_file():
            continue  # a video
        try:
            values.append(track(read(clip.path).stretch(clip.start, clip.end)))
            ids.append(clip.id)
        except IsharaError as error:
            failures.append((clip, error))
    for clip, reason in failures:
        if on_unreadable is not None:
            on_unreadable(clip, reason)
    if failures and on_unreadable is None:
        clip, reason = failures[0]
        _log.warning("%d clips could not be compared; the first, %s: %s", len(failures), clip.id, reason)
    shape = (0, FRAMES, len(POINTS), 2)
    return _Tracks(ids, np.stack(values) if values else np.zeros(shape, np.float32))


def _neighbours(values: Floats) -> NDArray[np.int64]:
    """(P, 2) pairs i < j: each clip with its nearest few, for each pair of stretches that may be the same."""
    keys = filled(values)
    pairs: set[tuple[int, int]] = set()
    for mine, other in _VIEWS:
        a, b = (_view(keys, stretch) for stretch in (mine, other))
        pairs |= _nearest(a, b) if mine == other else _nearest(a, b) | _nearest(b, a)
    return np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)


def _view(keys: Floats, stretch: tuple[float, float]) -> Floats:
    """(N, features): moments of a stretch of each clip, scaled so that distances are root mean squares per point."""
    at = np.round(np.linspace(*stretch, _MOMENTS) * (FRAMES - 1)).astype(int)
    flat = keys[:, at].reshape(len(keys), -1)
    return (flat / np.sqrt(_MOMENTS * len(KEY_POINTS))).astype(np.float32)


def _nearest(a: Floats, b: Floats, rows: int = 1024) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    norms = (b**2).sum(axis=1)
    count = min(_NEIGHBOURS, len(b) - 1)
    for start in range(0, len(a), rows):
        block = a[start : start + rows]
        square = (block**2).sum(axis=1)[:, None] + norms - 2 * block @ b.T
        own = np.arange(len(block))
        square[own, start + own] = np.inf
        near = np.argpartition(square, count - 1, axis=1)[:, :count]
        row, column = np.nonzero(np.take_along_axis(square, near, axis=1) <= _NEAR**2)
        for i, j in zip((start + row).tolist(), near[row, column].tolist(), strict=True):
            found.add((min(i, j), max(i, j)))
    return found


def _align(values: Floats, pairs: NDArray[np.int64], rows: int = 256) -> tuple[Floats, Floats]:
    """How each pair may be laid over each other in time.

    Returns
    -------
    windows
        (P, _TRIES, 2): by how many of FRAMES the second clip is ahead of the first at the start, and at the end.
    error
        (P,): root mean square distance of the key points at the best of them, in shoulder widths.
    """
    keys = filled(values).reshape(len(values), FRAMES, -1)
    norms = (keys**2).sum(axis=-1)
    grid = _grid(2, _TRIM)
    first, second = (np.round(at).astype(int) for at in _positions(grid, _MOMENTS))
    windows, errors = np.zeros((len(pairs), _TRIES, 2), np.float32), np.zeros(len(pairs), np.float32)
    for start in range(0, len(pairs), rows):
        i, j = pairs[start : start + rows].T
        # (P, frames, frames): every frame of the one clip against every frame of the other, once for all windows.
        square = norms[i, :, None] + norms[j, None, :] - 2 * keys[i] @ keys[j].transpose(0, 2, 1)
        error = square[:, first, second].mean(axis=-1)
        best = np.argsort(error, axis=1, kind="stable")[:, :_TRIES]
        # Laying them over each other as they are is always tried.
        best[:, -1] = 0
        windows[start : start + rows] = grid[best]
        errors[start : start + rows] = np.sqrt(np.maximum(error.min(axis=1), 0) / len(KEY_POINTS))
    return windows, errors


def _grid(step: float, reach: float) -> Floats:
    """(W, 2): offsets of both ends, none first, so that it wins a tie."""
    offsets = np.arange(-reach, reach + step / 2, step, dtype=np.float32)
    grid = np.stack(np.meshgrid(offsets, offsets), axis=-1).reshape(-1, 2)
    return grid[np.argsort(np.abs(grid).sum(axis=1), kind="stable")]


def _positions(windows: Floats, moments: int) -> tuple[Floats, Floats]:
    """Frame positions (…, moments) in the first and in the second clip."""
    across = np.linspace(0, 1, moments, dtype=np.float32)
    head, tail = windows[..., :1], windows[..., 1:]
    last = FRAMES - 1
    first = np.maximum(-head, 0) + across * (last - np.maximum(tail, 0) - np.maximum(-head, 0))
    second = np.maximum(head, 0) + across * (last - np.maximum(-tail, 0) - np.maximum(head, 0))
    return first, second


def _nearest_distance(a: Floats, b: Floats, windows: Floats) -> float:
    """The distance of two clips at the best of the windows; where they may be the same, of those about it too."""
    found = [_distance(a, b, window) for window in windows]
    best, window = min(found), windows[int(np.argmin(found))]
    for step in (1.0, 0.5, 0.25):
        if best > _WORTH_REFINING:
            break
        tried = np.clip(window + _grid(step, step), -_TRIM, _TRIM)
        found = [_distance(a, b, other) for other in tried]
        best, window = min(found), tried[int(np.argmin(found))]
    return best


def _distance(a: Floats, b: Floats, window: Floats) -> float:
    """How far apart two aligned clips are, as a multiple of the threshold; infinite where too little is shared."""
    first, second = (_sampled(values, at) for values, at in zip((a, b), _positions(window, 24), strict=True))
    seen_a, seen_b = ~np.isnan(first[..., 0]), ~np.isnan(second[..., 0])
    both = seen_a & seen_b
    if both.sum() < max(_SHARED * max(seen_a.sum(), seen_b.sum()), 2 * len(BODY)):
        return float("inf")
    residual, moving = np.full_like(second, np.nan), np.where(both[..., None], second, np.nan)
    for axis in (0, 1):
        x, y = first[..., axis][both].astype(np.float64), second[..., axis][both].astype(np.float64)
        spread = x.var()
        slope = 1.0 if spread == 0 else float(np.clip(((x - x.mean()) * (y - y.mean())).mean() / spread, 0.5, 2))
        residual[..., axis][both] = y - y.mean() - slope * (x - x.mean())
    still = _upper(residual)
    moved, motion = _about_mean(residual, both), _about_mean(moving, both)
    return max(still / STILL_RESIDUAL, _upper(moved) / (_upper(motion) + _REST) / MOTION_RESIDUAL)


def _about_mean(vectors: Floats, both: NDArray[np.bool_]) -> Floats:
    """Each landmark's vectors without their mean over time."""
    count = np.maximum(both.sum(axis=0), 1)[:, None]
    return vectors - np.where(both[..., None], vectors, 0).sum(axis=0) / count


def _sampled(values: Floats, at: Floats) -> Floats:
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, FRAMES - 1)
    weight = (at - low)[:, None, None]
    return values[low] * (1 - weight) + values[high] * weight


def _upper(vectors: Floats) -> float:
    """The length that three quarters of the vectors (NaN: none) do not exceed."""
    lengths = np.hypot(vectors[..., 0], vectors[..., 1])
    known = lengths[~np.isnan(lengths)]
    place = (3 * (len(known) - 1)) // 4
    return float(np.partition(known, place)[place])
