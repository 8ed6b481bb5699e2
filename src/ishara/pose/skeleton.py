"""Named landmarks: which points a pose has, how they are joined, which mirror which, and which body part they are of.

Body names follow MediaPipe Pose in snake case (``left_wrist``); a hand's are scoped (``left_hand.thumb_tip``), and so
are the face's (``face.0``). *Left* is the signer's left. Features, augmentation and models address landmarks by these
names alone, never by position.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ishara.errors import IsharaError, choices
from ishara.pose.face import LIP_EDGES, LIPS, MIRROR, POINTS

HAND_POINTS = (
    "wrist",
    *(f"thumb_{joint}" for joint in ("cmc", "mcp", "ip", "tip")),
    *(f"{finger}_{joint}" for finger in ("index", "middle", "ring", "pinky") for joint in ("mcp", "pip", "dip", "tip")),
)
FINGERS = ("thumb", "index", "middle", "ring", "pinky")
HANDS = ("left_hand", "right_hand")

# MediaPipe Pose, in its own order (https://ai.google.dev/edge/mediapipe/solutions/vision/pose_landmarker).
MEDIAPIPE_BODY = (
    "nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer",
    "left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_pinky", "right_pinky", "left_index", "right_index",
    "left_thumb", "right_thumb", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
    "left_heel", "right_heel", "left_foot_index", "right_foot_index",
)  # fmt: skip

# SPOTER's 54 (Boháček & Hrúz, WACV-W 2022): 12 of the body, the neck computed from the shoulders, and both hands.
SPOTER_BODY = (
    "nose", "neck", "right_eye", "left_eye", "right_ear", "left_ear", "right_shoulder", "left_shoulder",
    "right_elbow", "left_elbow", "right_wrist", "left_wrist",
)  # fmt: skip

# Microsoft Kinect's 20 joints, under the shared names where the point is the same.
KINECT_BODY = (
    "head", "neck", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
    "left_palm", "right_palm", "spine_mid", "spine_base", "left_hip", "right_hip", "left_knee", "right_knee",
    "left_ankle", "right_ankle", "left_foot", "right_foot",
)  # fmt: skip

_BODY_EDGES = (
    ("nose", "left_eye"), ("nose", "right_eye"), ("left_eye", "left_ear"), ("right_eye", "right_ear"),
    ("nose", "neck"), ("head", "neck"), ("neck", "left_shoulder"), ("neck", "right_shoulder"),
    ("left_shoulder", "right_shoulder"),
    ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"), ("left_wrist", "left_palm"),
    ("right_shoulder", "right_elbow"), ("right_elbow", "right_wrist"), ("right_wrist", "right_palm"),
    ("left_shoulder", "left_hip"), ("right_shoulder", "right_hip"), ("left_hip", "right_hip"),
    ("neck", "spine_mid"), ("spine_mid", "spine_base"), ("spine_base", "left_hip"), ("spine_base", "right_hip"),
    ("left_hip", "left_knee"), ("left_knee", "left_ankle"), ("left_ankle", "left_foot"),
    ("right_hip", "right_knee"), ("right_knee", "right_ankle"), ("right_ankle", "right_foot"),
    ("left_wrist", "left_hand.wrist"), ("right_wrist", "right_hand.wrist"), ("mouth_left", "mouth_right"),
)  # fmt: skip


def hand_landmarks(hand: str) -> tuple[str, ...]:
    """The 21 landmark names of ``left_hand`` or ``right_hand``, wrist first, in MediaPipe's order."""
    return tuple(f"{hand}.{point}" for point in HAND_POINTS)


def hand_edges(hand: str) -> tuple[tuple[str, str], ...]:
    """The bones of one hand: five finger chains from the wrist and the palm's edge across the knuckles."""
    edges = []
    for finger in FINGERS:
        chain = ["wrist", *(point for point in HAND_POINTS if point.startswith(finger))]
        edges += [(f"{hand}.{a}", f"{hand}.{b}") for a, b in zip(chain, chain[1:], strict=False)]
    knuckles = [f"{hand}.{finger}_mcp" for finger in FINGERS[1:]]
    return tuple(edges + list(zip(knuckles, knuckles[1:], strict=False)))


def _group_of(landmark: str) -> str:
    scope = landmark.split(".")[0]
    return scope if scope in (*HANDS, "face") else "body"


def _mirror_name(landmark: str) -> str:
    scope, _, point = landmark.partition(".")
    if scope == "face" and point.isdecimal():
        return f"face.{MIRROR.get(int(point), int(point))}"
    for left, right in (("left", "right"), ("right", "left")):
        if landmark.startswith(left):
            return right + landmark.removeprefix(left)
        if landmark.endswith("_" + left):
            return landmark.removesuffix(left) + right
    return landmark


# How each landmark that a source lacks is computed from ones that it has (their mean).
COMPUTED: Mapping[str, tuple[str, ...]] = {
    "neck": ("left_shoulder", "right_shoulder"),
    "spine_base": ("left_hip", "right_hip"),
}


@dataclass(frozen=True)
class Skeleton:
    """A named, ordered set of landmarks.

    Parameters
    ----------
    name
        What the set is called in recipes and files.
    landmarks
        Landmark names, unique; their order is the order of a pose's second axis.
    """

    name: str
    landmarks: tuple[str, ...]
    _index: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index = {landmark: i for i, landmark in enumerate(self.landmarks)}
        if len(index) != len(self.landmarks):
            twice = sorted({name for name in self.landmarks if self.landmarks.count(name) > 1})
            raise IsharaError(f"Skeleton {self.name!r} names landmarks twice: {', '.join(twice)}.")
        if not index:
            raise IsharaError(f"Skeleton {self.name!r} has no landmarks.")
        object.__setattr__(self, "_index", index)

    def __len__(self) -> int:
        return len(self.landmarks)

    def __contains__(self, landmark: object) -> bool:
        return landmark in self._index

    def index(self, landmark: str) -> int:
        """Position of a landmark.

        Raises
        ------
        IsharaError
            If the skeleton has no such landmark; the message lists those it has.
        """
        try:
            return self._index[landmark]
        except KeyError:
            raise IsharaError(
                f"Skeleton {self.name!r} has no landmark {landmark!r}. {choices(landmark, self.landmarks)}"
            ) from None

    @cached_property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Landmarks by body part: ``body``, ``left_hand``, ``right_hand``, ``face``; parts without any are absent."""
        groups: dict[str, list[str]] = {}
        for landmark in self.landmarks:
            groups.setdefault(_group_of(landmark), []).append(landmark)
        return {group: tuple(names) for group, names in groups.items()}

    @cached_property
    def edges(self) -> tuple[tuple[str, str], ...]:
        """Bones between landmarks that this skeleton has, as pairs of names."""
        known = (*_BODY_EDGES, *hand_edges("left_hand"), *hand_edges("right_hand"), *_LIP_EDGES)
        return tuple((a, b) for a, b in known if a in self and b in self)

    @cached_property
    def parents(self) -> dict[str, str]:
        """What each landmark hangs on, one step nearer to head or wrist; landmarks that hang on nothing are absent."""
        parents: dict[str, str] = {}
        for parent, child in self.edges:
            parents.setdefault(child, parent)
        return parents

    @cached_property
    def mirror(self) -> tuple[int, ...]:
        """The permutation that exchanges left and right: a mirrored pose has at ``i`` what was at ``mirror[i]``.

        A landmark on the midline, or whose partner this skeleton lacks, stays where it is.
        """
        return tuple(self._index.get(_mirror_name(name), i) for i, name in enumerate(self.landmarks))

    def select(self, names: Iterable[str], *, name: str | None = None) -> Skeleton:
        """The sub-skeleton of the given landmarks and groups, each once, in the order given.

        Raises
        ------
        IsharaError
            If a name is neither a landmark nor a group of this skeleton.
        """
        chosen: dict[str, None] = {}
        for wanted in names:
            members = self.groups.get(wanted, (wanted,))
            for member in members:
                self.index(member)
                chosen[member] = None
        return Skeleton(name or f"{self.name}-subset", tuple(chosen))


_BOTH_HANDS = hand_landmarks("left_hand") + hand_landmarks("right_hand")
_FACE = tuple(f"face.{i}" for i in range(POINTS))
_LIPS = tuple(f"face.{i}" for i in LIPS)
_LIP_EDGES = (("nose", f"face.{LIPS[0]}"), *((f"face.{a}", f"face.{b}") for a, b in LIP_EDGES))
_UPPER_BODY = ("nose", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist")

_PRESETS = {
    "holistic": MEDIAPIPE_BODY + _BOTH_HANDS,
    "holistic-face": MEDIAPIPE_BODY + _FACE + _BOTH_HANDS,
    "spoter54": SPOTER_BODY + _BOTH_HANDS,
    "upper-body-hands": _UPPER_BODY + _BOTH_HANDS,
    "upper-body-hands-lips": _UPPER_BODY + _BOTH_HANDS + _LIPS,
    "hands": _BOTH_HANDS,
    "kinect20": KINECT_BODY,
}


def list_skeletons() -> list[str]:
    """Names of the preset skeletons."""
    return sorted(_PRESETS)


def get_skeleton(name: str) -> Skeleton:
    """A preset skeleton by name.

    ``holistic`` (33 body + 42 hand landmarks), ``holistic-face`` (with 468 face points), ``spoter54``,
    ``upper-body-hands`` (49), ``upper-body-hands-lips`` (with 40 points of the lips: 89), ``hands`` (42) and
    ``kinect20``.

    Raises
    ------
    IsharaError
        If there is no such preset; the message lists them.
    """
    if name not in _PRESETS:
        raise IsharaError(f"There is no skeleton {name!r}. {choices(name, _PRESETS)}")
    return Skeleton(name, _PRESETS[name])


_KNOWN = frozenset((*MEDIAPIPE_BODY, *SPOTER_BODY, *KINECT_BODY, *_BOTH_HANDS))


def is_landmark(name: str) -> bool:
    """Whether some body, hand or face landmark is called so (``left_wrist``, ``left_hand.thumb_tip``, ``face.7``)."""
    scope, _, point = name.partition(".")
    return name in _KNOWN or (scope == "face" and point.isascii() and point.isdigit())


def skeleton_of(landmarks: Iterable[str], *, otherwise: str) -> Skeleton:
    """The preset that has exactly these landmarks in this order, or else a skeleton of the other name."""
    wanted = tuple(landmarks)
    name = next((preset for preset, members in _PRESETS.items() if members == wanted), otherwise)
    return Skeleton(name, wanted)
