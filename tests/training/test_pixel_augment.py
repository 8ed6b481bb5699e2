"""Random changes of pixels: alike in all frames of a clip, and nothing but the generator decides."""

from collections.abc import Callable

import kornia.enhance
import numpy as np
import pytest
import torch
from torch import Tensor

from ishara.recipe import PIXEL_PRESETS, PixelAugment
from ishara.training.pixel_augment import (
    COLOURS,
    MOVES,
    OPERATIONS,
    Changes,
    Step,
    apply,
    augment_batch,
    augment_pixels,
    draw,
)

AMOUNTS = {
    "rotation": 20, "shear-x": 0.2, "shear-y": -0.2, "shift-x": 0.25, "shift-y": -0.25, "brightness": 1.4,
    "contrast": 0.5, "saturation": 1.8, "hue": 0.2, "sharpness": 1.9, "solarize": 0.4, "posterize": 4,
    "equalize": 0, "autocontrast": 0,
}  # fmt: skip
EVERYTHING = PixelAugment(
    preset="default",
    randaugment=(3, 7),
    mirror=0.5,
    erase=0.5,  # type: ignore[call-arg]
)


def picture(seed: int = 0, height: int = 24, width: int = 20) -> Tensor:
    """(3, H, W) uint8 with low contrast, so that every change of it shows."""
    values = np.random.default_rng(seed).integers(60, 180, (3, height, width), np.uint8)
    return torch.from_numpy(values)


def changed(clip: Tensor, name: str, amount: float) -> Tensor:
    return apply(clip, Changes(steps=(Step(name, amount),)))


def test_every_change_is_known() -> None:
    assert set(AMOUNTS) == {*MOVES, *COLOURS}
    assert set(OPERATIONS) <= {*AMOUNTS, "identity"}


@pytest.mark.parametrize("name", AMOUNTS)
def test_identical_frames_stay_identical_and_are_changed(name: str) -> None:
    clip = picture().expand(9, 3, 24, 20)
    before = clip.clone()
    after = changed(clip, name, AMOUNTS[name])
    assert after.dtype == torch.uint8
    assert after.shape == clip.shape
    assert (after == after[0]).all()
    assert not torch.equal(after, clip)
    assert torch.equal(clip, before), "the clip that was given"


@pytest.mark.parametrize("seed", range(25))
def test_identical_frames_stay_identical_whatever_is_drawn(seed: int) -> None:
    clip = picture().expand(6, 3, 24, 20)
    after = augment_pixels(clip, EVERYTHING, np.random.default_rng(seed))
    assert (after == after[0]).all()


@pytest.mark.parametrize("name", AMOUNTS)
def test_frames_are_changed_alike_also_where_they_differ(name: str) -> None:
    bright = torch.full((1, 3, 24, 20), 160, dtype=torch.uint8)
    one = torch.cat([picture()[None], bright])
    other = torch.cat([bright, picture()[None]])
    first, last = (changed(clip, name, AMOUNTS[name]) for clip in (one, other))
    assert torch.equal(first, last.flip(0))


@pytest.mark.parametrize(
    ("name", "amount"),
    [
        ("rotation", 0), ("shear-x", 0), ("shift-y", 0), ("brightness", 1), ("contrast", 1), ("saturation", 1),
        ("hue", 0), ("sharpness", 1), ("solarize", 256 / 255), ("posterize", 8),
    ],
)  # fmt: skip
def test_the_neutral_amount_changes_nothing(name: str, amount: float) -> None:
    clip = picture()[None]
    difference = (changed(clip, name, amount).int() - clip.int()).abs().max()
    assert difference <= (1 if name == "hue" else 0)


def test_amounts_mean_what_they_say() -> None:
    clip = torch.zeros((1, 3, 21, 21), dtype=torch.uint8)
    clip[0, :, 10, 15] = 200  # to the right of the middle
    turned = changed(clip, "rotation", 90)
    assert (turned[0, :, 15, 10] == 200).all()
    shifted = changed(clip, "shift-x", -5 / 21)
    assert (abs(shifted[0, :, 10, 10].int() - 200) <= 1).all()
    grey = torch.full((1, 3, 4, 4), 100, dtype=torch.uint8)
    assert (changed(grey, "brightness", 1.5) == 150).all()
    assert (changed(grey, "autocontrast", 0) == 100).all(), "no contrast to stretch"
    red = torch.tensor([200, 0, 0], dtype=torch.uint8).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    assert changed(red, "hue", 1 / 3)[0, :, 0, 0].tolist() in ([0, 200, 0], [0, 0, 200])


@pytest.mark.parametrize("factor", [0.3, 0.8, 1.4, 1.9])
@pytest.mark.parametrize(
    ("name", "of_kornia"),
    [
        ("brightness", kornia.enhance.adjust_brightness_accumulative),
        ("contrast", kornia.enhance.adjust_contrast_with_mean_subtraction),
        ("saturation", kornia.enhance.adjust_saturation_with_gray_subtraction),
    ],
)
def test_colours_change_as_in_kornia(name: str, of_kornia: Callable[[Tensor, float], Tensor], factor: float) -> None:
    clip = picture()[None]
    expected = of_kornia(clip / 255, factor).mul(255).round()
    assert (changed(clip, name, factor) - expected).abs().max() <= 1


def test_moves_are_one_move_in_the_order_given() -> None:
    clip = torch.zeros((1, 3, 21, 21), dtype=torch.uint8)
    clip[0, :, 10, 15] = 200
    steps = (Step("rotation", 90), Step("shift-x", 3 / 21))
    assert (apply(clip, Changes(steps=steps))[0, :, 15, 13] >= 199).all()


def test_a_mirrored_clip_and_a_covered_rectangle() -> None:
    clip = picture()[None]
    assert torch.equal(apply(clip, Changes(mirror=True)), clip.flip(-1))
    covered = apply(clip, Changes(covered=(0.5, 0.25, 1.0, 0.5)))
    assert (covered[..., 6:12, 10:] == 128).all()
    covered[..., 6:12, 10:] = clip[..., 6:12, 10:]
    assert torch.equal(covered, clip)


def test_the_generator_alone_decides() -> None:
    clip = picture().expand(4, 3, 24, 20)
    torch.manual_seed(0)
    first = augment_pixels(clip, EVERYTHING, np.random.default_rng(5))
    state = torch.get_rng_state()
    torch.manual_seed(99)
    assert torch.equal(augment_pixels(clip, EVERYTHING, np.random.default_rng(5)), first)
    assert not torch.equal(augment_pixels(clip, EVERYTHING, np.random.default_rng(6)), first)
    torch.manual_seed(0)
    assert torch.equal(torch.get_rng_state(), state), "nothing was drawn from torch's own generator"


def test_a_batch_is_its_clips() -> None:
    clips = torch.stack([picture(k).expand(4, 3, 24, 20) for k in range(3)])
    batch = augment_batch(clips, EVERYTHING, [np.random.default_rng(k) for k in range(3)])
    for k, clip in enumerate(clips):
        assert torch.equal(batch[k], augment_pixels(clip, EVERYTHING, np.random.default_rng(k)))


def test_draws_stay_in_their_ranges_and_nothing_is_drawn_for_what_is_off() -> None:
    options = PixelAugment(rotation=10, contrast=0.2, hue=0.05, erase=1, erase_scale=(0.1, 0.2))
    for seed in range(100):
        changes = draw(options, np.random.default_rng(seed))
        amounts = dict(changes.steps)
        assert set(amounts) == {"rotation", "contrast", "hue"}
        assert abs(amounts["rotation"]) <= 10
        assert abs(amounts["contrast"] - 1) <= 0.2
        assert abs(amounts["hue"]) <= 0.05
        assert not changes.mirror
        left, top, right, bottom = changes.covered or (0, 0, 0, 0)
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
        assert 0.1 <= (right - left) * (bottom - top) <= 0.2 + 1e-9
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    clip = picture()[None]
    assert augment_pixels(clip, PixelAugment(), rng) is clip
    assert rng.bit_generator.state == before


def test_randaugment_draws_so_many_operations_at_its_magnitude() -> None:
    drawn = [draw(PixelAugment(randaugment=(2, 5)), np.random.default_rng(seed)).steps for seed in range(200)]
    assert max(map(len, drawn)) == 2
    steps = {step for steps in drawn for step in steps}
    assert {name for name, _ in steps} == {*OPERATIONS} - {"identity"}
    assert {round(abs(amount), 6) for name, amount in steps if name == "rotation"} == {15}
    assert {round(amount, 6) for name, amount in steps if name == "brightness"} == {0.55, 1.45}
    assert {amount for name, amount in steps if name == "posterize"} == {6}


@pytest.mark.parametrize("name", PIXEL_PRESETS)
def test_no_preset_mirrors(name: str) -> None:
    options = PixelAugment.model_validate(name)
    assert not options.mirror
    after = augment_pixels(picture()[None], options, np.random.default_rng(0))
    assert torch.equal(after, picture()[None]) == (name == "none")
