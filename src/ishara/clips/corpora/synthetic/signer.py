"""A signer: everything that makes one person's signing, and one recording of it, unlike another's."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ishara.clips.corpora.synthetic.body import Body

Array = NDArray[np.float64]

# Signer 3, 9, 15, … is left-handed: about as rare as among people, and with ten signers one trains and one tests.
_LEFT_HANDED_EVERY, _FIRST_LEFT_HANDED = 6, 3
# Wrists at rest for the right hand, in shoulder widths: at the side, before the belly, on the thigh of who sits.
_RESTS = np.array([[-0.72, 1.40, -0.10], [-0.22, 0.92, -0.62], [-0.48, 1.22, -0.58]])
_REST_FINGERS = np.array([[0.1, 1.0, -0.15], [0.9, 0.35, -0.25], [0.35, 0.45, -0.8]])
_REST_PALMS = np.array([[1.0, 0.0, 0.3], [0.0, 0.3, 1.0], [0.1, 1.0, 0.3]])


def generator(seed: int, *key: str | int) -> np.random.Generator:
    """Random numbers that follow from the seed and a key alone, the same on every platform."""
    words = [zlib.crc32(part.encode()) if isinstance(part, str) else part for part in key]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))


@dataclass(frozen=True, eq=False)
class Camera:
    """Where a signer is filmed from, and on what image.

    Parameters
    ----------
    distance
        Metres.
    turn
        (3,) pitch, yaw and roll in radians.
    shoulder_pixels
        How wide the signer's shoulders are in the image.
    centre
        (2,) pixel where the middle of the shoulders falls.
    stretch
        Width of a pixel over its height.
    """

    distance: float
    turn: Array
    shoulder_pixels: float
    centre: Array
    stretch: float


@dataclass(frozen=True, eq=False)
class Signer:
    """One person.

    Parameters
    ----------
    number
        1, 2, …; named ``signer-01``, ``signer-02``, ….
    body
        Proportions.
    left_handed
        Whether the left hand is dominant; everything is mirrored.
    space
        (3,) factors on the signing space: width, height, depth.
    lift
        How much higher than average the signing space lies, in shoulder widths.
    tempo, range
        Factors on speed and extent of movement.
    rhythm
        Exponent on the phase: below 1 rushes the start of a movement, above 1 its end.
    hold
        Seconds that the hand stays before and after a movement.
    swivel
        How far the elbow is lifted, in radians.
    rest, other_rest
        Which resting posture each arm takes: a row of `resting`.
    echo
        How much the other hand moves along in a one-handed sign.
    tremor
        Metres.
    jitter
        Error of the landmark estimator, in pixels.
    blindness
        Factor on how often the estimator misses a hand.
    shapes
        (20,) degrees by which this person's finger angles differ.
    camera
        Where they are filmed from.
    """

    number: int
    body: Body
    left_handed: bool
    space: Array
    lift: float
    tempo: float
    range: float
    rhythm: float
    hold: float
    swivel: float
    rest: int
    other_rest: int
    echo: float
    tremor: float
    jitter: float
    blindness: float
    shapes: Array
    camera: Camera

    @property
    def name(self) -> str:
        """``signer-01`` and so on."""
        return f"signer-{self.number:02d}"

    def resting(self, *, dominant: bool) -> tuple[Array, Array, Array]:
        """Wrist in metres, finger direction and palm direction (3,) of a right arm at rest."""
        which = self.rest if dominant else self.other_rest
        scale = np.array([self.body.shoulders, (self.body.upper_arm + self.body.forearm) / 0.545 * 0.37, 0.37])
        return _RESTS[which] * scale, _REST_FINGERS[which], _REST_PALMS[which]


def draw_signer(number: int, seed: int = 0) -> Signer:
    """The signer of a number (from 1), drawn once and for all from the seed."""
    r = generator(seed, "signer", number)
    size = r.normal(1, 0.06)
    body = Body(
        shoulders=0.37 * size * r.normal(1, 0.06),
        upper_arm=0.29 * size * r.normal(1, 0.05),
        forearm=0.255 * size * r.normal(1, 0.05),
        palm=0.1 * size * r.normal(1, 0.07),
        palm_width=r.normal(1, 0.08),
        fingers=r.normal(1, 0.07),
        head=size**0.4 * r.normal(1, 0.05),
        torso=size * r.normal(1, 0.05),
        legs=size * r.normal(1, 0.06),
    )
    camera = Camera(
        distance=r.uniform(1.4, 2.8),
        turn=np.radians(r.uniform([-9, -16, -4], [9, 16, 4])),
        shoulder_pixels=r.uniform(85, 135),
        centre=r.normal([256, 205], [20, 16]),
        stretch=r.uniform(0.94, 1.06),
    )
    return Signer(
        number=number,
        body=body,
        left_handed=number % _LEFT_HANDED_EVERY == _FIRST_LEFT_HANDED,
        space=r.uniform([0.8, 0.85, 0.8], [1.25, 1.15, 1.15]),
        lift=r.normal(0, 0.09),
        tempo=r.uniform(0.85, 1.45),
        range=r.uniform(0.7, 1.35),
        rhythm=r.uniform(0.8, 1.25),
        hold=r.uniform(0.02, 0.16),
        swivel=r.normal(0.1, 0.22),
        rest=int(r.integers(len(_RESTS))),
        other_rest=int(r.integers(len(_RESTS))),
        echo=r.uniform(0, 0.12),
        tremor=r.uniform(0.0005, 0.003),
        jitter=r.uniform(0.4, 1.3),
        blindness=r.uniform(0.4, 1.6),
        shapes=_shape_noise(r, 5.0),
        camera=camera,
    )


@dataclass(frozen=True, eq=False)
class Manner:
    """How one sign is made: a signer's own way with it, or that together with what one take adds.

    Parameters
    ----------
    place
        (3,) metres by which the place is missed.
    lean
        (2, 3) what is added to the unit finger and palm directions.
    tilt
        Radians by which the path is turned.
    size, tempo
        Factors on extent and speed.
    shapes
        (20,) degrees added to the finger angles.
    extra
        Repeats added to a movement that is repeated.
    """

    place: Array
    lean: Array
    tilt: float
    size: float
    tempo: float
    shapes: Array
    extra: int


def draw_manner(signer: Signer, gloss: str, take: int, seed: int = 0) -> Manner:
    """A signer's habit for a gloss, with what this take adds to it."""
    habit = generator(seed, "habit", signer.number, gloss)
    here = generator(seed, "take", signer.number, gloss, take)
    width = signer.body.shoulders
    return Manner(
        place=(habit.normal(0, 0.07, 3) + here.normal(0, 0.035, 3)) * width,
        lean=habit.normal(0, 0.16, (2, 3)) + here.normal(0, 0.06, (2, 3)),
        tilt=habit.normal(0, 0.18) + here.normal(0, 0.07),
        size=signer.range * float(np.exp(habit.normal(0, 0.12) + here.normal(0, 0.08))),
        tempo=signer.tempo * float(np.exp(habit.normal(0, 0.08) + here.normal(0, 0.07))),
        shapes=signer.shapes + _shape_noise(habit, 4.0) + _shape_noise(here, 3.0),
        extra=int(habit.random() < 0.25) - int(habit.random() < 0.1),
    )


def _shape_noise(r: np.random.Generator, degrees: float) -> Array:
    """Finger-angle differences; a finger's joints differ together, and spreads and knuckles less."""
    weights = np.tile([0.8, 1.2, 0.8, 0.5], 4)
    fingers = np.repeat(r.normal(0, degrees, 4), 4) * weights + r.normal(0, degrees * 0.4, 16) * weights
    return np.concatenate([fingers, r.normal(0, degrees, 4)])
