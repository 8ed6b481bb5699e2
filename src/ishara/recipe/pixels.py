"""The recipe's section `pixels`: which frames of a clip a pixel model sees, which part of them, and their changes."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from ishara.errors import IsharaError
from ishara.recipe.section import Frames, NonNegative, PresetSection, Probability, Range, Section

Share = Annotated[float, Field(ge=0, le=1)]
# Of a clip: 800 MB, a hundred times what is usual.
_MOST_PIXELS = 2**28

# Without a turn of the hue, which takes as long as all of these together.
PIXEL_PRESETS: dict[str, dict[str, Any]] = {
    "none": {},
    "default": {
        "crop_scale": (0.6, 1), "crop_ratio": (0.9, 1.1), "rotation": 10,
        "brightness": 0.2, "contrast": 0.2, "saturation": 0.2,
    },
}  # fmt: skip


class PixelAugment(PresetSection):
    """Random changes of training clips of pixels: each is drawn once per clip and is the same in all of its frames.

    0, or (1, 1) for a range of factors, turns one off.
    """

    presets: ClassVar[dict[str, dict[str, Any]]] = PIXEL_PRESETS

    crop_scale: Range = Field(
        (1, 1), description="Area of a random part, as a share (at most 1) of what is shown in use, from this range."
    )
    crop_ratio: Range = Field(
        (1, 1), description="Width over height of that part, over that of what is shown in use, from this range."
    )
    rotation: Annotated[float, Field(ge=0, le=180)] = Field(
        0, description="In the image plane, up to ± this, in degrees; corners become black."
    )
    brightness: Share = Field(0, description="All values times a factor of 1 ± up to this.")
    contrast: Share = Field(0, description="Distance from the clip's mean grey times a factor of 1 ± up to this.")
    saturation: Share = Field(0, description="Distance of each pixel from its grey times a factor of 1 ± up to this.")
    hue: Annotated[float, Field(ge=0, le=0.5)] = Field(
        0, description="Turn of the colour circle, up to ± this part of a whole turn."
    )
    randaugment: tuple[Annotated[int, Field(ge=0)], Annotated[float, Field(ge=0, le=10)]] = Field(
        (0, 9), description="So many operations of RandAugment, each at this magnitude (0 to 10)."
    )
    mirror: Probability = Field(
        0, description="Chance of a mirrored clip; off by default: it swaps the hands and can make another sign."
    )
    erase: Probability = Field(0, description="Chance that a rectangle is covered with grey, where `erase_scale` …")
    erase_scale: Range = Field((0.02, 0.2), description="… is its area, as a share of the picture, from this range.")

    @model_validator(mode="after")
    def _ranges(self) -> PixelAugment:
        for name, (low, high) in (
            ("crop_scale", self.crop_scale),
            ("crop_ratio", self.crop_ratio),
            ("erase_scale", self.erase_scale),
        ):
            most = float("inf") if name == "crop_ratio" else 1
            if not 0 < low <= high <= most:
                limit = "" if name == "crop_ratio" else " and at most 1"
                raise ValueError(
                    f"{name} is ({low:g}, {high:g}); expected two numbers above 0{limit}, the smaller first"
                )
        return self

    @property
    def random_keys(self) -> list[str]:
        """The keys that are not turned off."""
        off = PixelAugment()
        # `erase_scale` is an amount alone; so is the magnitude of no operation.
        silent = {"erase_scale"} if self.randaugment[0] else {"erase_scale", "randaugment"}
        return [
            name for name in type(self).model_fields if getattr(self, name) != getattr(off, name) and name not in silent
        ]


class Pixels(Section):
    """From a video to the frames that a pixel model sees; only pixel models read this.

    All of a clip's frames are made square, and nobody is squeezed, except as far as `augment.crop_ratio` asks for it.
    """

    frames: Frames = Field(32, description="Frames of a clip; a shorter clip gives each of its frames once.")
    sampling: Literal["uniform", "segments", "dense"] = Field(
        "uniform",
        description="uniform: spread evenly from the first to the last; segments: one of each of so many equal parts, "
        "at random in training and its middle in use; dense: every `stride`-th, beginning at random in training and "
        "in the clip's middle in use.",
    )
    stride: Frames = Field(2, description="Of dense sampling, in frames of the file.")
    size: Annotated[int, Field(ge=1, le=4096)] = Field(224, description="Width and height, in pixels.")
    fit: Literal["crop", "pad"] = Field(
        "crop",
        description="crop: the square in the middle, of the short side; pad: the whole picture, with black borders.",
    )
    box: Literal["use", "ignore"] = Field(
        "use",
        description="use: where the manifest knows the signer's box, only the square about it, as far as the picture "
        "goes; ignore: always the whole picture.",
    )
    margin: NonNegative = Field(0.1, description="Added on each side of the box, as a share of its longer side.")
    augment: PixelAugment = PixelAugment()

    @model_validator(mode="after")
    def _fits_into_memory(self) -> Pixels:
        if self.frames * self.size**2 > _MOST_PIXELS:
            raise ValueError(
                f"{self.frames} frames of {self.size} × {self.size} are more than {_MOST_PIXELS:,} pixels a clip; "
                "take fewer or smaller ones"
            )
        return self

    def check_looks(self, views: int) -> None:
        """Refuse several looks at a clip that would all be the same.

        Raises
        ------
        IsharaError
            If neither the frames nor the part of the picture are random.
        """
        differ = {"sampling", "augment.crop_scale", "augment.crop_ratio", "augment.mirror"}
        if views > 1 and not differ & {key.removeprefix("pixels.") for key in self.random_keys}:
            raise IsharaError(
                f"inference.views: {views} looks at a clip would all be the same, since in `pixels` nothing is random. "
                "Leave it out, or set pixels.sampling=segments or pixels.augment.crop_scale=[0.8,1]."
            )

    @property
    def random_keys(self) -> list[str]:
        """The keys that let a training clip's pictures differ from epoch to epoch; none, and they never do."""
        keys = ["pixels.sampling"] if self.sampling != "uniform" else []
        return keys + [f"pixels.augment.{name}" for name in self.augment.random_keys]
