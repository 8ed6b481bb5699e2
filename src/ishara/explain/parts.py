"""Which landmarks are a body part or a finger, under the signer's own left and right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.explain.removal import Way
from ishara.pose.pose import Pose
from ishara.pose.prepare import prepare
from ishara.pose.skeleton import FINGERS, HANDS, Skeleton
from ishara.recipe import PoseOptions

Kind = Literal["part", "finger"]
# Landmarks of the body that belong to a part, without the side; MediaPipe's and Kinect's names.
_OF_HAND = ("palm", "pinky", "index", "thumb")
_OF_ARM = ("elbow", "wrist")
_OF_FACE = ("nose", "head", "eye", "ear", "mouth")
# A finger from its knuckle on; the knuckles themselves are the palm, and tell how large the hand is.
_KNUCKLES = ("_cmc", "_mcp")
# What a hand is called where the landmarks have no fingers: then it goes with its arm, which tells where it is.
_WITH_ARM = {"left_hand": "Left arm and hand", "right_hand": "Right arm and hand"}
_TITLES = {
    "left_hand": "Left hand",
    "right_hand": "Right hand",
    "arms": "Arms",
    "face": "Face",
    "trunk": "Trunk",
}
_FINGER_NAMES = dict(
    zip(FINGERS, ("thumb", "index finger", "middle finger", "ring finger", "little finger"), strict=True)
)


@dataclass(frozen=True, eq=False)
class Part:
    """Landmarks that are taken away together.

    Parameters
    ----------
    key
        ``left_hand``, ``arms``, ``left_index`` and the like; left is the signer's left, also in a mirrored clip.
    title
        The same for people.
    kind
        A part of the body, or a finger.
    columns
        Their places on the model's skeleton.
    gone
        How it is taken away: a hand that has fingers is absent, for estimators often do not find one; an arm together
        with its hand hangs down. ``None`` for all else, which estimators guess where they do not see it, so that no
        model has ever seen a body without it.
    """

    key: str
    title: str
    kind: Kind
    columns: NDArray[np.intp]
    gone: Way | None


def parts_of(skeleton: Skeleton, *, mirrored: bool = False) -> list[Part]:
    """Hands, arms, face and trunk, then the fingers of each hand, as far as a skeleton has them.

    Parameters
    ----------
    skeleton
        That the model sees.
    mirrored
        Whether the clip was mirrored before the model saw it, so that what it calls left is the signer's right.
    """
    names: dict[str, list[str]] = {key: [] for key in _TITLES}
    for landmark in skeleton.landmarks:
        names[_part_of(landmark, skeleton)].append(landmark)
    found = []
    for key, own in names.items():
        if own:
            signed, gone = _named(key, mirrored), _gone(key, skeleton)
            title = _WITH_ARM[signed] if gone == "down" else _TITLES[signed]
            found.append(Part(signed, title, "part", _places(skeleton, own), gone))
    order = list(_TITLES)
    return [*sorted(found, key=lambda part: order.index(part.key)), *_fingers(skeleton, mirrored)]


def was_mirrored(pose: Pose, prepared: Pose, options: PoseOptions) -> bool:
    """Whether `prepare` mirrored a clip, because its left hand leads.

    Parameters
    ----------
    pose, prepared
        The clip before and after `prepare`.
    options
        The recipe's `pose` section.
    """
    if options.dominant_hand != "right":
        return False
    try:
        as_signed = prepare(pose, options.model_copy(update={"dominant_hand": "as-is"}))
    except IsharaError:
        # The landmarks that the recipe picks are those of the hand that does not lead: only mirrored are they seen.
        return True
    return not np.array_equal(as_signed.coordinates, prepared.coordinates)


def _part_of(landmark: str, skeleton: Skeleton) -> str:
    scope = landmark.split(".")[0]
    if scope in (*HANDS, "face"):
        return scope
    side, _, point = landmark.partition("_")
    if side in ("left", "right") and point in _OF_HAND:
        return f"{side}_hand"
    if point in _OF_ARM:
        return "arms" if f"{side}_hand" in skeleton.groups else f"{side}_hand"
    return "face" if any(word in landmark.split("_") for word in _OF_FACE) else "trunk"


def _gone(key: str, skeleton: Skeleton) -> Way | None:
    if key not in HANDS:
        return None
    return "absent" if key in skeleton.groups else "down"


def _fingers(skeleton: Skeleton, mirrored: bool) -> Iterator[Part]:
    for side in ("left", "right"):
        seen_as = _named(side, mirrored)
        for finger, name in _FINGER_NAMES.items():
            own = [
                landmark
                for landmark in skeleton.groups.get(f"{seen_as}_hand", ())
                if landmark.partition(".")[2].startswith(finger) and not _is_knuckle(landmark)
            ]
            if own:
                title = f"{side.capitalize()} {name}"
                yield Part(f"{side}_{finger}", title, "finger", _places(skeleton, own), "absent")


def _is_knuckle(landmark: str) -> bool:
    # The thumb has a bone more in the palm, so its own knuckle is part of it that moves.
    return landmark.endswith(_KNUCKLES) and not landmark.endswith("thumb_mcp")


def _named(key: str, mirrored: bool) -> str:
    if not mirrored:
        return key
    for one, other in (("left", "right"), ("right", "left")):
        if key.startswith(one):
            return other + key.removeprefix(one)
    return key


def _places(skeleton: Skeleton, names: list[str]) -> NDArray[np.intp]:
    return np.array([skeleton.index(name) for name in names], np.intp)
