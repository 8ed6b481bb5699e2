"""What a corpus is, as far as the choice of a recipe goes: its clips, who signs, and what was seen of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ishara.clips.clip import Clip
from ishara.clips.manifest import SPLITS, Manifest
from ishara.errors import IsharaError
from ishara.pose.files import is_landmark_file, read_pose
from ishara.pose.normalise import has_measured_depth
from ishara.pose.pose import Pose, columns_of
from ishara.pose.repair import dominant_hand, hands_seen
from ishara.pose.skeleton import HANDS
from ishara.training.automatic.constants import (
    FEWEST_TO_TELL_HANDEDNESS,
    FLAT,
    LONGEST_SHARE,
    NEARLY_ALWAYS,
    SAMPLE_SEED,
    SAMPLED_CLIPS,
)

Depth = Literal["measured", "hands", "none"]
GROUP_COLUMNS = ("signer", "language")


@dataclass(frozen=True)
class Groups:
    """What a column of the manifest says of who signs.

    Parameters
    ----------
    column
        Its name.
    known
        Clips that have a value.
    values
        Different ones.
    shared
        Share of the glosses, in [0, 1], that clips of two values or more have.
    """

    column: str
    known: int
    values: int
    shared: float


@dataclass(frozen=True)
class Spread:
    """Numbers, such as clips of a gloss or frames of a clip.

    Parameters
    ----------
    least, tenth, middle, long, most
        The smallest; that which a tenth do not exceed; the median; that which 98 of 100 do not exceed; the largest.
    """

    least: int
    tenth: int
    middle: int
    long: int
    most: int

    @classmethod
    def of(cls, numbers: Sequence[int]) -> Spread:
        """The spread of at least one number; each figure is one of them."""
        found = np.quantile(numbers, [0, 0.1, 0.5, LONGEST_SHARE, 1], method="lower")
        return cls(*(int(value) for value in found))


@dataclass(frozen=True)
class Survey:
    """What is known of a corpus; from `sampled` on, of a sample of its clips.

    Parameters
    ----------
    clips
        How many.
    glosses
        Clips of each gloss.
    vocabulary
        Different glosses.
    groups
        For each of `GROUP_COLUMNS`.
    official
        Clips of each side, ``train``, ``validation`` and ``test``, as the manifest has them.
    sampled, unreadable
        Clips that were looked at, and how many of those could not be read.
    frames, frames_with_hands
        Of a clip; of those in which a hand was seen.
    fps
        The median of the frame rates.
    seen
        Of each landmark, the share of frames in which it was seen, in [0, 1]; those of no clip are absent.
    hands
        Share of frames in which a hand was seen, in [0, 1].
    left_handed
        Share of clips in which the left hand leads, in [0, 1].
    signers, left_handed_signers
        How many have enough clips in the sample to tell, and with how many of them the left hand leads nearly always;
        languages, where signers are unknown.
    depth
        ``measured`` by a depth camera, usable within ``hands`` only, or ``none``.
    turned
        Degrees by which nine in ten bodies are turned from the camera at most; 0 where depth was not measured.
    """

    clips: int
    glosses: Spread
    vocabulary: int
    groups: tuple[Groups, ...]
    official: tuple[int, int, int]
    sampled: int
    unreadable: int
    frames: Spread
    frames_with_hands: Spread
    fps: float
    seen: dict[str, float]
    hands: float
    left_handed: float
    signers: int
    left_handed_signers: int
    depth: Depth
    turned: float


def survey(
    manifest: Manifest, *, progress: Callable[[Sequence[Clip]], Iterable[Clip]] = iter, clips: int = SAMPLED_CLIPS
) -> Survey:
    """Look at a corpus: all of its manifest, and the landmarks of some clips.

    Parameters
    ----------
    manifest
        Clips of landmarks.
    progress
        Goes through the clips that are read, and may show how many are done.
    clips
        How many are read, drawn at random; which, follows from their ids.

    Raises
    ------
    IsharaError
        If the clips are videos, there are too few to learn from, or not one of those drawn can be read.
    """
    refuse_useless(manifest)
    if videos := videos_in(manifest):
        raise IsharaError(
            f"{len(videos)} of {len(manifest)} clips are videos (first: {videos[0].path}); the choice goes by "
            "landmarks. `ishara extract MANIFEST -o FOLDER` makes them."
        )
    drawn = _draw(manifest, clips)
    looks, failures = [], []
    for clip in progress(drawn):
        try:
            looks.append(_look(read_pose(clip.path, clip.start, clip.end), clip.signer or clip.language))
        except IsharaError as error:
            failures.append(str(error))
    if not looks:
        raise IsharaError(f"Not one of {len(drawn)} clips could be read. The first: {failures[0]}")
    return _summarise(manifest, looks, len(failures))


def refuse_useless(manifest: Manifest) -> None:
    """`IsharaError` if a corpus has fewer than two glosses: nothing can be told apart."""
    if len(manifest.glosses) < 2:
        raise IsharaError(
            f"Only one gloss has clips ({manifest.glosses[0]}); a recogniser needs at least two. Add clips of other "
            "signs, or of anything else that it is to be told from."
        )


def videos_in(manifest: Manifest) -> list[Clip]:
    """The clips that are no landmarks."""
    return [clip for clip in manifest if not is_landmark_file(clip.path)]


@dataclass(frozen=True)
class _Look:
    """What one clip is."""

    frames: int
    with_hands: int
    fps: float
    seen: dict[str, float]
    left: bool
    signer: str | None
    measured: bool
    # None where no hand was seen, so that nothing can be said.
    hand_depth: bool | None
    turned: float


def _look(pose: Pose, signer: str | None) -> _Look:
    measured = has_measured_depth(pose) and pose.coordinates.shape[2] == 3 and bool(np.ptp(pose.coordinates[..., 2]))
    return _Look(
        frames=len(pose),
        with_hands=int(hands_seen(pose).sum()),
        fps=float(pose.fps),
        seen=dict(zip(pose.skeleton.landmarks, pose.seen.mean(axis=0).tolist(), strict=True)),
        left=dominant_hand(pose) == "left",
        signer=signer,
        measured=measured,
        hand_depth=_hand_depth(pose),
        turned=_turn(pose) if measured else 0.0,
    )


def _hand_depth(pose: Pose) -> bool | None:
    """Whether the hands of a clip have depths of their own."""
    hands = np.concatenate([columns_of(pose.skeleton, hand) for hand in HANDS])
    points = pose.coordinates[:, hands][pose.seen[:, hands]]
    if not len(points):
        return None
    if points.shape[1] < 3:
        return False
    return bool(np.ptp(points[:, 2]) > FLAT * np.ptp(points[:, :2], axis=0).max())


def _turn(pose: Pose) -> float:
    """By how many degrees the shoulders are turned from the camera's plane; 0 where they were not seen."""
    if not ("left_shoulder" in pose.skeleton and "right_shoulder" in pose.skeleton):
        return 0.0
    across = np.median(pose.landmark("left_shoulder") - pose.landmark("right_shoulder"), axis=0)
    return float(np.degrees(np.arctan2(abs(across[2]), abs(across[0]))))


def _draw(manifest: Manifest, count: int) -> list[Clip]:
    """Some clips, the same whatever the order of the rows."""
    clips = sorted(manifest, key=lambda clip: clip.id)
    if len(clips) <= count:
        return clips
    chosen = np.random.default_rng(SAMPLE_SEED).choice(len(clips), count, replace=False)
    return [clips[i] for i in sorted(chosen)]


def _summarise(manifest: Manifest, looks: Sequence[_Look], unreadable: int) -> Survey:
    table = manifest.table
    frames = sum(look.frames for look in looks)
    counts = table["gloss"].value_counts()["count"].to_list()
    leads = [
        [look.left for look in looks if look.signer == signer] for signer in {look.signer for look in looks} - {None}
    ]
    enough = [sum(left) / len(left) for left in leads if len(left) >= FEWEST_TO_TELL_HANDEDNESS]
    train, validation, test = (int((table["split"] == side).sum() or 0) for side in SPLITS)
    return Survey(
        clips=len(table),
        glosses=Spread.of(counts),
        vocabulary=len(counts),
        groups=tuple(_groups(manifest, column) for column in GROUP_COLUMNS),
        official=(train, validation, test),
        sampled=len(looks) + unreadable,
        unreadable=unreadable,
        frames=Spread.of([look.frames for look in looks]),
        frames_with_hands=Spread.of([look.with_hands for look in looks]),
        fps=float(np.median([look.fps for look in looks])),
        seen=_seen(looks, frames),
        hands=sum(look.with_hands for look in looks) / frames,
        left_handed=sum(look.left for look in looks) / len(looks),
        signers=len(enough),
        left_handed_signers=sum(share >= NEARLY_ALWAYS for share in enough),
        depth=_depth(looks),
        turned=float(np.quantile([look.turned for look in looks], 0.9)),
    )


def _groups(manifest: Manifest, column: str) -> Groups:
    known = manifest.table.drop_nulls(column)
    per_gloss: NDArray[np.int64] = known.group_by("gloss").n_unique()[column].to_numpy()
    shared = int((per_gloss >= 2).sum()) / len(manifest.glosses)
    return Groups(column, len(known), known[column].n_unique(), shared)


def _seen(looks: Iterable[_Look], frames: int) -> dict[str, float]:
    """The share of all frames in which each landmark was seen; of clips that lack it, in none."""
    total: dict[str, float] = {}
    for look in looks:
        for name, share in look.seen.items():
            total[name] = total.get(name, 0.0) + share * look.frames
    return {name: min(1.0, seen / frames) for name, seen in total.items()}


def _depth(looks: Sequence[_Look]) -> Depth:
    """The depth that every clip has: a recipe holds for all of them."""
    if all(look.measured for look in looks):
        return "measured"
    of_hands = [look.hand_depth for look in looks if look.hand_depth is not None]
    return "hands" if of_hands and all(of_hands) else "none"
