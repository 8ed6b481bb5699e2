"""Random changes of training clips of pixels: drawn once per clip, so that all of its frames change alike.

kornia does the changes that are more than one product of the colours; its ways to change those take five times as long
(its hue fifty times), more than reading the clip. What is changed, and how much, is drawn here from the generator that
is given: kornia's own RandAugment draws other operations for every frame, and from torch's global generator. The random
part of the picture (`crop_scale`, `crop_ratio`) is cut where the clip is decoded, so that it is resized once
(`ishara.video.framing`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ishara.recipe import PixelAugment

_WHITE = 255
_GREY = 128
# How bright red, green and blue are (ITU-R BT.601, as in kornia).
_GREY_OF_COLOURS = (0.299, 0.587, 0.114)
# Frames that are changed at once: colours take several times the room of what they change.
_AT_ONCE = 4


class Step(NamedTuple):
    """One change of all frames: its name, one of `MOVES` and `COLOURS`, and its amount in the unit of that."""

    name: str
    amount: float


@dataclass(frozen=True)
class Changes:
    """What is done to a clip, in this order.

    Parameters
    ----------
    mirror
        Left and right change places.
    steps
        Moves, in one step and with one interpolation; then colours, one after another.
    covered
        Left, top, right, bottom of a rectangle that becomes grey, as shares of the picture.
    """

    mirror: bool = False
    steps: tuple[Step, ...] = ()
    covered: tuple[float, float, float, float] | None = None


# From an amount to a map of places (x, y, 1), measured from the picture's middle as shares of its side.
MOVES: dict[str, Callable[[float], np.ndarray]] = {
    "rotation": lambda degrees: _turn(math.radians(degrees)),
    "shear-x": lambda tangent: np.array([[1, tangent, 0], [0, 1, 0], [0, 0, 1.0]]),
    "shear-y": lambda tangent: np.array([[1, 0, 0], [tangent, 1, 0], [0, 0, 1.0]]),
    "shift-x": lambda share: np.array([[1, 0, share], [0, 1, 0], [0, 0, 1.0]]),
    "shift-y": lambda share: np.array([[1, 0, 0], [0, 1, share], [0, 0, 1.0]]),
}
# What RandAugment draws from (Cubuk et al. 2020, arXiv 1909.13719): the amount that changes nothing, by how much it
# differs at magnitude 10, and whether that goes both ways.
_OPERATIONS: dict[str, tuple[float, float, bool]] = {
    "identity": (0, 0, False),
    "autocontrast": (0, 0, False),
    "equalize": (0, 0, False),
    "rotation": (0, 30, True),
    "solarize": (256 / 255, -256 / 255, False),
    "saturation": (1, 0.9, True),
    "posterize": (8, -4, False),
    "contrast": (1, 0.9, True),
    "brightness": (1, 0.9, True),
    "sharpness": (1, 0.9, True),
    "shear-x": (0, 0.3, True),
    "shear-y": (0, 0.3, True),
    "shift-x": (0, 150 / 331, True),
    "shift-y": (0, 150 / 331, True),
}
OPERATIONS = tuple(_OPERATIONS)


def augment_pixels(clip: Tensor, options: PixelAugment, rng: np.random.Generator) -> Tensor:
    """A randomly changed clip.

    Parameters
    ----------
    clip
        (T, 3, H, W) uint8 RGB. It is not modified.
    options
        What changes, and how much.
    rng
        The only source of randomness; the same state gives the same clip.

    Returns
    -------
    Tensor
        (T, 3, H, W) uint8; the clip itself where nothing changes.
    """
    return apply(clip, draw(options, rng))


def augment_batch(clips: Tensor, options: PixelAugment, rngs: Sequence[np.random.Generator]) -> Tensor:
    """`augment_pixels` of a batch (B, T, 3, H, W), each clip with its own generator."""
    return torch.stack([augment_pixels(clip, options, rng) for clip, rng in zip(clips, rngs, strict=True)])


def draw(options: PixelAugment, rng: np.random.Generator) -> Changes:
    """What is done to one clip; what is turned off draws nothing."""
    mirror = bool(options.mirror and rng.random() < options.mirror)
    steps = []
    if options.rotation:
        steps.append(Step("rotation", rng.uniform(-options.rotation, options.rotation)))
    factors = {"brightness": options.brightness, "contrast": options.contrast, "saturation": options.saturation}
    steps += [Step(name, 1 + rng.uniform(-most, most)) for name, most in factors.items() if most]
    if options.hue:
        steps.append(Step("hue", rng.uniform(-options.hue, options.hue)))
    operations, magnitude = options.randaugment
    steps += [_operation(OPERATIONS[rng.integers(len(OPERATIONS))], magnitude / 10, rng) for _ in range(operations)]
    covered = _rectangle(options, rng) if options.erase and rng.random() < options.erase else None
    return Changes(mirror, tuple(step for step in steps if step.name != "identity"), covered)


def _operation(name: str, strength: float, rng: np.random.Generator) -> Step:
    neutral, change, signed = _OPERATIONS[name]
    sign = rng.choice((-1, 1)) if signed else 1
    return Step(name, neutral + sign * strength * change)


def _rectangle(options: PixelAugment, rng: np.random.Generator) -> tuple[float, float, float, float]:
    """A rectangle of a random area and shape, as in Random Erasing (Zhong et al. 2020, arXiv 1708.04896)."""
    area, shape = rng.uniform(*options.erase_scale), math.exp(rng.uniform(-1, 1) * math.log(1 / 0.3))
    width, height = min(math.sqrt(area * shape), 1), min(math.sqrt(area / shape), 1)
    left, top = rng.uniform(0, 1 - width), rng.uniform(0, 1 - height)
    return left, top, left + width, top + height


def apply(clip: Tensor, changes: Changes) -> Tensor:
    """A clip (T, 3, H, W) uint8 after the same changes of each frame; the clip itself where there are none."""
    if changes.mirror:
        clip = clip.flip(-1)
    if changes.steps:
        clip = _stepped(clip, changes.steps)
    if changes.covered:
        height, width = clip.shape[-2:]
        left, top, right, bottom = changes.covered
        clip = clip.clone()
        clip[..., round(top * height) : round(bottom * height), round(left * width) : round(right * width)] = _GREY
    return clip


def _stepped(clip: Tensor, steps: Sequence[Step]) -> Tensor:
    values = clip.float().div_(_WHITE)
    places = np.eye(3)
    for step in steps:
        if step.name in MOVES:
            places = MOVES[step.name](step.amount) @ places
    if not np.array_equal(places, np.eye(3)):
        values = _moved(values, places)
    for step in steps:
        if step.name in COLOURS:
            # kornia refuses whole numbers.
            values = COLOURS[step.name](values, float(step.amount))
    return values.mul_(_WHITE).round_().clamp_(0, _WHITE).to(torch.uint8)


def _turn(angle: float) -> np.ndarray:
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]])


def _moved(clip: Tensor, places: np.ndarray) -> Tensor:
    """The clip with its pixels moved; what comes from outside is black."""
    from kornia.geometry.transform import warp_affine

    frames, channels, height, width = clip.shape
    shares = np.array([[width, 0, (width - 1) / 2], [0, height, (height - 1) / 2], [0, 0, 1]])
    matrix = torch.from_numpy(shares @ places @ np.linalg.inv(shares))[None, :2].to(clip)
    # All frames as the channels of one picture: one map for all of them.
    moved = warp_affine(clip.reshape(1, frames * channels, height, width), matrix, (height, width))
    return moved.reshape(clip.shape)


def _by_parts(clip: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """A change of single frames, in place and a few at a time."""
    for part in clip.split(_AT_ONCE):
        part.copy_(change(part))
    return clip


def _as_one(clip: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """A change that looks at all values, such as their mean: of the frames as one tall picture, so that it is one."""
    frames, channels, height, width = clip.shape
    tall = clip.transpose(0, 1).reshape(1, channels, frames * height, width)
    return change(tall).reshape(channels, frames, height, width).transpose(0, 1).contiguous()


def _brightness(clip: Tensor, factor: float) -> Tensor:
    return clip.mul_(factor).clamp_(0, 1)


def _contrast(clip: Tensor, factor: float) -> Tensor:
    """Away from the mean grey of all frames, or towards it."""
    grey = clip.mean((0, 2, 3)) @ clip.new_tensor(_GREY_OF_COLOURS)
    return clip.mul_(factor).add_((1 - factor) * grey).clamp_(0, 1)


def _saturation(clip: Tensor, factor: float) -> Tensor:
    """Each pixel away from its own grey, or towards it."""
    grey = clip.new_tensor(_GREY_OF_COLOURS).expand(3, 3)
    return _mixed(clip, factor * torch.eye(3) + (1 - factor) * grey)


def _hue(clip: Tensor, turns: float) -> Tensor:
    """Colours turned about the grey axis; a third of a turn makes red green or blue."""
    angle = turns * 2 * math.pi
    cos, third, side = math.cos(angle), (1 - math.cos(angle)) / 3, math.sin(angle) / math.sqrt(3)
    own, one, other = cos + third, third - side, third + side
    return _mixed(clip, clip.new_tensor([[own, one, other], [other, own, one], [one, other, own]]))


def _mixed(clip: Tensor, matrix: Tensor) -> Tensor:
    """Each pixel's colours (3,) as a matrix (3, 3) mixes them."""
    return (matrix @ clip.flatten(2)).clamp_(0, 1).view_as(clip)


def _sharpness(clip: Tensor, factor: float) -> Tensor:
    from kornia.enhance import sharpness

    return _by_parts(clip, lambda part: sharpness(part, factor))


def _solarize(clip: Tensor, threshold: float) -> Tensor:
    from kornia.enhance import solarize

    return _by_parts(clip, lambda part: solarize(part, threshold))


def _posterize(clip: Tensor, bits: float) -> Tensor:
    from kornia.enhance import posterize

    return _by_parts(clip, lambda part: posterize(part, round(bits)))


def _equalize(clip: Tensor, _: float) -> Tensor:
    from kornia.enhance import equalize

    return _as_one(clip, equalize)


def _autocontrast(clip: Tensor, _: float) -> Tensor:
    """Stretched so that each colour goes from 0 to 1; one without any contrast stays as it is."""
    from kornia.enhance import normalize_min_max

    def stretched(tall: Tensor) -> Tensor:
        flat = tall.amax((-2, -1), keepdim=True) == tall.amin((-2, -1), keepdim=True)
        return torch.where(flat, tall, normalize_min_max(tall))

    return _as_one(clip, stretched)


# From values in [0, 1], (T, 3, H, W), which may be overwritten, and an amount to values.
COLOURS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "brightness": _brightness,
    "contrast": _contrast,
    "saturation": _saturation,
    "hue": _hue,
    "sharpness": _sharpness,
    "solarize": _solarize,
    "posterize": _posterize,
    "equalize": _equalize,
    "autocontrast": _autocontrast,
}
