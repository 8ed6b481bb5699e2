"""A signer makes a sign: landmarks in space, exact and complete, before any camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ishara.clips.corpora.synthetic.body import MIRROR, arm, body_points, hand_frame, place, shoulder
from ishara.clips.corpora.synthetic.hand import HANDSHAPES, hand_points
from ishara.clips.corpora.synthetic.sign import Sign, direction
from ishara.clips.corpora.synthetic.signer import Manner, Signer, draw_manner, generator
from ishara.clips.corpora.synthetic.timing import Timing, draw_timing
from ishara.pose.skeleton import get_skeleton

Array = NDArray[np.float64]

_MAX_WRIST_BEND = np.radians(65)
# Half-way between rest and a sign the hand swings out before the body, fingers forward, thumb up.
_SWING_OUT = np.array([-0.05, 0.02, -0.24])
_SWING_FINGERS, _SWING_PALM = direction("forward"), direction("left")
# In palm lengths, in the hand's frame: what touches the place.
_CONTACTS = {"palm": np.array([0.0, 0.75, 0.15]), "tip": np.array([0.1, 1.9, 0.1])}
_BASE_FINGERS, _BASE_PALM = direction("forward right right"), direction("up")
_BASE_BELOW = np.array([0.0, 0.05, 0.0])


@dataclass(frozen=True, eq=False)
class Hand:
    """What one hand does over time, as a right hand.

    Parameters
    ----------
    point
        (T, 3) where its contact point is, in body space.
    fingers, palm
        (T, 3) where the fingers point and the palm faces.
    contact
        (T, 3) the contact point in the hand's own frame, in metres.
    angles
        (T, 20) joint angles in degrees.
    """

    point: Array
    fingers: Array
    palm: Array
    contact: Array
    angles: Array


def perform(sign: Sign, signer: Signer, take: int, seed: int = 0) -> Array:
    """(T, 75, 3) landmarks of the skeleton ``holistic`` in body space, in metres; see `body`.

    25 frames a second, 25 to 60 frames. The signer's number, the gloss, the take and the seed determine it.
    """
    r = generator(seed, "performance", signer.number, sign.gloss, take)
    manner = draw_manner(signer, sign.gloss, take, seed)
    timing = draw_timing(sign, signer, manner, r)
    dominant = _dominant(sign, signer, manner, timing)
    other = _other(sign, signer, manner, timing, dominant)
    parts = {
        "right": _limb(dominant, signer, r, timing.seconds, left=False),
        "left": _limb(other, signer, r, timing.seconds, left=True),
    }
    arms = {side: limb[:2] for side, limb in parts.items()}
    hands = {side: limb[2] for side, limb in parts.items()}
    nod = _waves(r, timing.seconds, 0.012, 0.3, 1.2)
    points = np.concatenate([body_points(signer.body, arms, hands, nod), hands["left"], hands["right"]], axis=1)
    sway = np.cumsum(_waves(r, timing.seconds, 0.0012, 0.2, 0.6), axis=0) * [1, 0.2, 0.5]
    points += sway[:, None]
    if signer.left_handed:
        points = points[:, list(get_skeleton("holistic").mirror)] * MIRROR
    return points


def _waves(r: np.random.Generator, seconds: Array, size: float, slowest: float, fastest: float) -> Array:
    """(T, 3) smooth random wandering of a standard deviation and a band in hertz."""
    rate, start = r.uniform(slowest, fastest, (3, 3)), r.uniform(0, 2 * np.pi, (3, 3))
    waves = np.sin(2 * np.pi * rate * seconds[:, None, None] + start)
    return np.asarray(size * np.sqrt(2 / 3) * waves.sum(axis=-1))


def _between(raised: Array, rest: Array, way: Array, there: Array) -> Array:
    """(T, 3) on the quadratic Bézier curve from rest by way of a control point."""
    u = raised[:, None]
    return (1 - u) ** 2 * rest + 2 * u * (1 - u) * way + u**2 * there


def _hand(
    point: Array,
    fingers: Array,
    palm: Array,
    angles: Array,
    contact: Array,
    signer: Signer,
    timing: Timing,
    *,
    dominant: bool,
) -> Hand:
    """A hand that comes up from rest to a sign, given as in `Hand`, and goes back."""
    rest, rest_fingers, rest_palm = signer.resting(dominant=dominant)
    way = (rest + point) / 2 + _SWING_OUT
    formed = timing.formed[:, None]
    loose = HANDSHAPES["relaxed"] + signer.shapes
    return Hand(
        point=_between(timing.raised, rest, way, point),
        fingers=_between(timing.raised, rest_fingers, _SWING_FINGERS, fingers),
        palm=_between(timing.raised, rest_palm, _SWING_PALM, palm),
        contact=timing.raised[:, None] * contact * signer.body.palm,
        angles=(1 - formed) * loose + formed * angles,
    )


def _stroke(sign: Sign, signer: Signer, manner: Manner, phase: Array) -> Array:
    """(T, 3) where the right hand's contact point is while the sign is made, in metres."""
    width = signer.body.shoulders
    home = place(sign.place, signer.body)
    # Places in the air scale with the signer's own space; places on the body only lie where the body is.
    if sign.contact == "palm":
        home = home * signer.space + [0, -signer.lift * width, 0]
    moved = sign.movement.offset(phase, size=manner.size, tilt=manner.tilt)
    return np.asarray(home + manner.place + moved * width)


def _directions(sign: Sign, manner: Manner, phase: Array) -> tuple[Array, Array]:
    """Finger and palm directions (T, 3) of the right hand while the sign is made."""
    fingers = direction(sign.fingers) + manner.lean[0]
    palm = direction(sign.palm) + manner.lean[1]
    frame = hand_frame(fingers[None], palm[None], left=False)[0]
    twist, nod = (angle[:, None] for angle in sign.movement.turns(phase))
    thumb, ahead, out = frame.T
    out, thumb = np.cos(twist) * out + np.sin(twist) * thumb, np.cos(twist) * thumb - np.sin(twist) * out
    return np.cos(nod) * ahead + np.sin(nod) * out, np.cos(nod) * out - np.sin(nod) * ahead


def _angles(sign: Sign, manner: Manner, phase: Array) -> Array:
    """(T, 20) joint angles while the sign is made."""
    change = phase[:, None]
    start, end = HANDSHAPES[sign.handshape], HANDSHAPES[sign.ends or sign.handshape]
    return (1 - change) * start + change * end + manner.shapes


def _cycles(sign: Sign, manner: Manner, timing: Timing, later: float = 0.0) -> Array:
    """Phase of the movement with the repeats of this take; `later` shifts it by a part of a cycle."""
    repeats = sign.movement.repeats
    if repeats == 1:
        return timing.phase
    return np.asarray(timing.phase * max(1, repeats + manner.extra) / repeats + later / repeats)


def _dominant(sign: Sign, signer: Signer, manner: Manner, timing: Timing) -> Hand:
    phase = _cycles(sign, manner, timing)
    fingers, palm = _directions(sign, manner, phase)
    point, angles = _stroke(sign, signer, manner, phase), _angles(sign, manner, timing.phase)
    return _hand(point, fingers, palm, angles, _CONTACTS[sign.contact], signer, timing, dominant=True)


def _other(sign: Sign, signer: Signer, manner: Manner, timing: Timing, dominant: Hand) -> Hand:
    """The other hand, described as a right hand too: it is mirrored when it is put on the body."""
    if sign.second in ("mirror", "alternate"):
        phase = _cycles(sign, manner, timing, 0.5 if sign.second == "alternate" else 0.0)
        fingers, palm = _directions(sign, manner, phase)
        point, angles = _stroke(sign, signer, manner, phase), _angles(sign, manner, timing.phase)
        return _hand(point, fingers, palm, angles, _CONTACTS[sign.contact], signer, timing, dominant=False)
    if sign.second == "base":
        point = (_stroke(sign, signer, manner, np.zeros(1)) + _BASE_BELOW) * MIRROR
        angles = np.broadcast_to(HANDSHAPES["flat"] + manner.shapes, (len(timing.phase), 20))
        fingers, palm = _BASE_FINGERS * MIRROR + manner.lean[0], _BASE_PALM + manner.lean[1]
        return _hand(point, fingers, palm, angles, _CONTACTS["palm"], signer, timing, dominant=False)
    wrist, fingers, palm = signer.resting(dominant=False)
    frames = (len(timing.phase), 1)
    return Hand(
        point=wrist + signer.echo * (dominant.point - dominant.point[0]),
        fingers=np.tile(fingers, frames),
        palm=np.tile(palm, frames),
        contact=np.zeros((len(timing.phase), 3)),
        angles=np.tile(HANDSHAPES["relaxed"] + signer.shapes, frames),
    )


def _limb(
    hand: Hand, signer: Signer, r: np.random.Generator, seconds: Array, *, left: bool
) -> tuple[Array, Array, Array]:
    """Elbow (T, 3), wrist (T, 3) and hand landmarks (T, 21, 3) of one side, in metres."""
    flip = MIRROR if left else np.ones(3)
    body, joint = signer.body, shoulder(signer.body, left=left)
    point = hand.point * flip + _waves(r, seconds, signer.tremor, 2.0, 6.0)
    fingers, palm = hand.fingers * flip, hand.palm * flip
    frame = hand_frame(fingers, palm, left=left)
    for _ in range(2):
        wanted = point - np.einsum("tij,tj->ti", frame, hand.contact)
        elbow, wrist = arm(joint, wanted, body, signer.swivel, left=left)
        frame = hand_frame(_eased_wrist(fingers, wrist - elbow), palm, left=left)
    angles = hand.angles + np.repeat(_waves(r, seconds, 1.2, 0.5, 2.0), 7, axis=1)[:, :20]
    local = hand_points(angles, length=body.palm, fingers=body.fingers, width=body.palm_width)
    return elbow, wrist, wrist[:, None] + np.einsum("tij,tkj->tki", frame, local)


def _eased_wrist(fingers: Array, forearm: Array) -> Array:
    """(T, 3) the finger direction, brought nearer to the forearm's where the wrist would bend too far."""
    fingers = fingers / np.linalg.norm(fingers, axis=-1, keepdims=True)
    forearm = forearm / np.linalg.norm(forearm, axis=-1, keepdims=True)
    cosine = (fingers * forearm).sum(-1, keepdims=True)
    side = fingers - cosine * forearm
    side = side / np.maximum(np.linalg.norm(side, axis=-1, keepdims=True), 1e-9)
    bend = np.minimum(np.arccos(np.clip(cosine, -1, 1)), _MAX_WRIST_BEND)
    return np.asarray(np.cos(bend) * forearm + np.sin(bend) * side)
