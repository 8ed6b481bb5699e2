"""What is seen beside the sign: a signer's looks, and the clothes, light, room and framing of one recording session.

Looks go with the signer. Everything else goes with the session, of which a signer has one per take, as somebody who is
filmed on several days. No draw knows of the sign, so nothing here tells it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ishara.clips.corpora.synthetic.signer import Camera, Signer, generator

Array = NDArray[np.float64]

# Width and height of the video, in pixels; both even, as video codecs want them.
PICTURE = (192, 160)
# Hands are drawn so much larger than life: else a finger of a signer cropped to 112 pixels is two pixels wide.
LARGER_HANDS = 1.4

# The Monk Skin Tone scale (E. Monk, 2019), light to dark, without its lightest, which reads as paper under light.
_SKIN = ("f3e7db", "f7ead0", "eadaba", "d7bd96", "a07e56", "825c43", "604134", "3a312a")
_HAIR = ("17130f", "2c2018", "4a3222", "6d4c2f", "8a6a44", "b59461", "7c3b1f", "8d8a86")
# Signers wear, and stand before, what their hands stand out from: so much apart in lightness (0 to 255), at the least.
_CLOTH_CONTRAST, _WALL_CONTRAST = 45.0, 30.0
_LIGHTNESS = np.array([0.299, 0.587, 0.114])
_GOLDEN = 0.618


@dataclass(frozen=True, eq=False)
class Looks:
    """One person; colours are RGB, 0 to 255.

    Parameters
    ----------
    skin, hair
        (3,) colours.
    cut
        How the hair is worn.
    beard, glasses
        Whether there are any.
    """

    skin: Array
    hair: Array
    cut: Literal["short", "long", "bun", "none"]
    beard: bool
    glasses: bool


@dataclass(frozen=True, eq=False)
class Clothes:
    """What is worn on one day.

    Parameters
    ----------
    colours
        (2, 3) RGB, 0 to 255; the second is the pattern's.
    pattern
        Of the trunk; sleeves are plain.
    sleeve
        How far down the arm it goes: 0.6 ends above the elbow, 1.9 at the wrist.
    width
        Metres between two stripes.
    """

    colours: Array
    pattern: Literal["plain", "across", "upright", "checks"]
    sleeve: float
    width: float


@dataclass(frozen=True, eq=False)
class Light:
    """How a scene is lit.

    Parameters
    ----------
    towards
        (3,) unit vector towards the lamp, in image directions: right, down, away from the camera.
    ambient
        What is seen of a surface turned away from the lamp, 0 to 1.
    tint
        (3,) factors on red, green and blue, with the exposure in them.
    grain
        Standard deviation of the sensor's noise, of 255.
    """

    towards: Array
    ambient: float
    tint: Array
    grain: float


@dataclass(frozen=True, eq=False)
class Scene:
    """One session of one signer.

    Parameters
    ----------
    looks, clothes, light
        See there.
    camera
        Pixels are those of the video.
    wall
        (3,) its colour.
    seed
        Of what else is in the room.
    """

    looks: Looks
    clothes: Clothes
    light: Light
    camera: Camera
    wall: Array
    seed: tuple[int, int, int]


def draw_scene(signer: Signer, take: int, seed: int = 0) -> Scene:
    """The scene of a signer's take (from 1), drawn once and for all from the seed."""
    looks = _looks(signer, seed)
    r = generator(seed, "session", signer.number, take)
    return Scene(
        looks=looks,
        clothes=_clothes(looks, r),
        light=_light(r),
        camera=replace(
            signer.camera,
            turn=signer.camera.turn + np.radians(r.normal(0, [2, 3, 1])),
            shoulder_pixels=r.uniform(47, 57),
            centre=np.array([PICTURE[0] / 2, 70.0]) + r.uniform([-14, -5], [14, 6]),
            stretch=1.0,
        ),
        wall=_apart_from(looks.skin, 0.3, _WALL_CONTRAST, r),
        seed=(seed, signer.number, take),
    )


def signer_on_film(signer: Signer) -> Signer:
    """The same signer with the larger hands that are drawn; places are touched with these."""
    return replace(signer, body=replace(signer.body, palm=signer.body.palm * LARGER_HANDS))


def draw_box(scene: Scene, r: np.random.Generator) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a square about the signing space, a little off as a person detector's would be."""
    width, height = PICTURE
    pixels = scene.camera.shoulder_pixels
    side = min(pixels * r.uniform(2.55, 2.75), height)
    x, y = scene.camera.centre + [0, 0.21 * pixels] + r.normal(0, 0.05, 2) * pixels
    left, top = np.clip([x - side / 2, y - side / 2], 0, [width - side, height - side])
    return int(left), int(top), int(left + side), int(top + side)


def _colour(text: str) -> Array:
    return np.array(list(bytes.fromhex(text)), float)


def _apart_from(skin: Array, colourful: float, contrast: float, r: np.random.Generator) -> Array:
    """(3,) any colour that is so much lighter or darker than the skin; 0 is grey, 1 as colourful as can be."""
    while True:
        colour = np.clip(r.uniform(15, 240) * (1 + colourful * r.uniform(-1, 1, 3)), 12, 245)
        if abs((colour - skin) @ _LIGHTNESS) > contrast:
            return np.asarray(colour)


def _looks(signer: Signer, seed: int) -> Looks:
    r = generator(seed, "looks", signer.number)
    # A golden-ratio sequence: any few signers in a row, and so each side of the split, have tones from all the scale.
    along = (signer.number * _GOLDEN + generator(seed, "tones").random()) % 1 * (len(_SKIN) - 1)
    step = int(along)
    lighter, darker = _colour(_SKIN[step]), _colour(_SKIN[step + 1])
    cuts: tuple[Literal["short", "long", "bun", "none"], ...] = ("short", "short", "long", "long", "bun", "none")
    cut = cuts[int(r.integers(len(cuts)))]
    # Light hair is rarer the darker the skin.
    hair = _HAIR[int(r.integers(len(_HAIR)) * (1 - 0.6 * along / len(_SKIN)))]
    return Looks(
        skin=lighter + (darker - lighter) * (along - step) + r.normal(0, 4, 3),
        hair=_colour(hair),
        cut=cut,
        beard=bool(cut in ("short", "none") and r.random() < 0.35),
        glasses=bool(r.random() < 0.3),
    )


def _clothes(looks: Looks, r: np.random.Generator) -> Clothes:
    patterns: tuple[Literal["plain", "across", "upright", "checks"], ...] = ("plain", "across", "upright", "checks")
    pattern = patterns[int(r.choice(4, p=[0.55, 0.15, 0.15, 0.15]))]
    cloth = _apart_from(looks.skin, r.uniform(0, 0.75), _CLOTH_CONTRAST, r)
    other = np.clip(cloth + np.sign(128 - cloth.mean()) * r.uniform(12, 38) * r.uniform(0.6, 1.4, 3), 0, 255)
    return Clothes(
        colours=np.stack([cloth, other]),
        pattern=pattern,
        sleeve=float(r.choice([0.6, 1.0, 1.5, 1.9])),
        width=r.uniform(0.035, 0.09),
    )


def _light(r: np.random.Generator) -> Light:
    aside, above = np.radians(r.uniform([-65, 15], [65, 60]))
    towards = np.array([np.sin(aside) * np.cos(above), -np.sin(above), -np.cos(aside) * np.cos(above)])
    warmth = r.normal(0, 0.025)
    return Light(
        towards=towards,
        ambient=r.uniform(0.4, 0.62),
        tint=r.uniform(0.82, 1.04) * np.array([1 + warmth, 1.0, 1 - warmth]),
        grain=r.uniform(1.0, 4.5),
    )
