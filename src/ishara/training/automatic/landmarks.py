"""Which landmarks a recipe takes, in how many dimensions and frames, and how they are changed at random."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from ishara.errors import IsharaError
from ishara.pose.skeleton import HANDS, get_skeleton, hand_landmarks
from ishara.training.automatic.choice import Choice
from ishara.training.automatic.constants import (
    ALL_HANDS,
    FEW_HANDS,
    FEWEST_FRAMES,
    FRAMES_PER_EPOCH,
    FRAMES_STEP,
    LEAST_SEEN,
    LEFT_HANDED,
    MEASURED_AUGMENT,
    MOST_FRAMES,
)
from ishara.training.automatic.survey import Survey

_PALMS = ("left_palm", "right_palm")
_SHOULDERS = ("left_shoulder", "right_shoulder")
_ARMS = tuple(f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist") for side in ("left", "right"))
# Of a body without fingers, what tells a sign: the rest stands still, is a guess, or says who signs.
_OF_BODIES = {
    "holistic": (
        "nose",
        *_ARMS,
        *(f"{side}_{tip}" for tip in ("pinky", "index", "thumb") for side in ("left", "right")),
    ),
    "kinect20": ("head", "neck", *_ARMS, *_PALMS),
}


def choose_landmarks(survey: Survey) -> Iterator[Choice]:
    """Skeleton, dimensions, frames and the hands' own frames.

    Raises
    ------
    IsharaError
        If nothing of any arm or hand was ever seen.
    """
    skeleton = _skeleton(survey)
    yield skeleton
    preset = get_skeleton(skeleton.value)
    names = _OF_BODIES.get(skeleton.value, preset.landmarks)
    body = [name for name in names if name not in _hands() and survey.seen.get(name, 0.0) >= LEAST_SEEN]
    # Both hands stay where one was seen: whoever uses the other is to be recognised too.
    hands = [name for name in names if name in _hands()]
    if [*body, *hands] != list(preset.landmarks):
        listed = [*body, *(hand for hand in HANDS if hands)]
        yield Choice("pose.landmarks", listed, f"of {skeleton.value!r}, only these were seen and tell signs apart")
    yield from _dimensions(survey, facing=all(name in body for name in _SHOULDERS))
    yield from _frames(survey)
    if has_left_handed_signers(survey):
        count = f"with {survey.left_handed_signers} of {survey.signers} signers the left hand leads nearly always"
        yield Choice("pose.dominant_hand", "right", f"{count}; mirrored, they sign as the others do")
    if sees_hands(survey):
        yield Choice("features.hand_local", True, "handshapes look alike wherever the hand is, seen from its wrist")
        yield Choice("features.bones", True, "how fingers are bent, whatever the size of the hand")
        yield Choice("features.distances", True, "how far fingertips are apart tells handshapes that are nearly alike")
    else:
        yield Choice("features.hand_local", False, "there are no hands")
    yield _augment(survey)


def sees_hands(survey: Survey) -> bool:
    """Whether landmarks of hands are there."""
    return any(survey.seen.get(name, 0.0) >= LEAST_SEEN for name in _hands())


def has_left_handed_signers(survey: Survey) -> bool:
    """Whether some signers, and not most, sign with the left hand throughout."""
    return 0 < survey.left_handed_signers <= survey.signers / 2


def warn_of_landmarks(survey: Survey) -> Iterator[str]:
    """What of the landmarks will hold a recogniser back."""
    if not sees_hands(survey):
        yield (
            "The clips have no landmarks of hands: signs that differ by handshape alone cannot be told apart. "
            "`ishara extract` finds hands in videos."
        )
    elif survey.hands < FEW_HANDS:
        yield (
            f"A hand was found in only {survey.hands:.0%} of the frames; `ishara inspect` shows in which clips, and "
            "what may be the matter."
        )
    low, high = LEFT_HANDED
    if low <= survey.left_handed <= high and sees_hands(survey) and not has_left_handed_signers(survey):
        yield (
            f"The left hand leads in {survey.left_handed:.0%} of the clips. If these are left-handed signers, "
            "pose.dominant_hand=right, which mirrors them, is worth a try."
        )


def _hands() -> frozenset[str]:
    return frozenset(chain.from_iterable(hand_landmarks(hand) for hand in HANDS))


def _skeleton(survey: Survey) -> Choice:
    seen = {name for name, share in survey.seen.items() if share >= LEAST_SEEN}
    if sees_hands(survey):
        if seen & set(get_skeleton("upper-body-hands").groups["body"]):
            return Choice(
                "pose.skeleton", "upper-body-hands", "arms and both hands were seen; legs and face say little"
            )
        return Choice("pose.skeleton", "hands", "of the body, only hands were seen")
    if seen & set(_PALMS):
        return Choice("pose.skeleton", "kinect20", "the landmarks are those of a Kinect: a body without fingers")
    if seen & set(_OF_BODIES["holistic"]):
        return Choice("pose.skeleton", "holistic", "a body without hands")
    found = ", ".join(sorted(seen)[:5]) or "nothing"
    raise IsharaError(
        f"No arm and no hand was seen in any of {survey.sampled} clips (seen: {found}); there is nothing to tell signs "
        "by. `ishara inspect` shows what was found."
    )


def _dimensions(survey: Survey, *, facing: bool) -> Iterator[Choice]:
    if survey.depth == "measured":
        yield Choice("pose.dimensions", 3, "a depth camera measured all three")
        if facing:
            turned = f"nine in ten look past it by {survey.turned:.0f}° at most"
            yield Choice("pose.face_camera", True, f"bodies measured in space can be turned to the camera; {turned}")
    elif survey.depth == "hands":
        yield Choice("pose.dimensions", 3, "hands have depths of their own; a body's, which is a guess, is left out")
    else:
        why = "there is no depth that every clip has" if sees_hands(survey) else "the depth of a body is a guess"
        yield Choice("pose.dimensions", 2, why)


def _frames(survey: Survey) -> Iterator[Choice]:
    frames = survey.frames
    if survey.hands >= ALL_HANDS:
        frames = survey.frames_with_hands
        why = "the clips have a hand in every frame, so the frames of a new clip without one are left out"
        yield Choice("pose.frames", "with-hands", why)
    affordable = FRAMES_PER_EPOCH // survey.clips // FRAMES_STEP * FRAMES_STEP
    limit = min(MOST_FRAMES, max(FEWEST_FRAMES, affordable))
    whole = -(-max(frames.long, 1) // FRAMES_STEP) * FRAMES_STEP
    lengths = f"98 in 100 clips have at most {frames.long} frames"
    if whole <= limit:
        yield Choice("pose.max_frames", whole, f"{lengths}; longer ones are squeezed")
    else:
        why = f"{lengths}, half of them {frames.middle} or fewer: {limit} show the movement, and take less time"
        yield Choice("pose.max_frames", limit, why)


def _augment(survey: Survey) -> Choice:
    if survey.depth == "measured" and not sees_hands(survey):
        return Choice("augment", MEASURED_AUGMENT, "bodies measured in space are seen from other sides, not distorted")
    return Choice("augment", "default", "other cameras, tempos and ways of holding arms and hands")
