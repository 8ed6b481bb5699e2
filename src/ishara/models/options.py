"""The options of each architecture: schemas that a recipe is checked against without importing torch."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from ishara.errors import IsharaError, choices
from ishara.recipe import Recipe
from ishara.schema import EXPECTED, explain

Dropout = Annotated[float, Field(ge=0, lt=1)]
# No model is near these; a recogniser of somebody else's may name any number.
Size = Annotated[int, Field(ge=1, le=65_536)]
Depth = Annotated[int, Field(ge=1, le=256)]
_MOST_STAGES = 64
Share = Annotated[float, Field(ge=0, le=1)]
Deviation = Annotated[float, Field(gt=0, le=1)]
Batches = Annotated[int, Field(ge=0)]
# Each of the graph's three subsets has a third of the channels.
Channels = Annotated[int, Field(ge=3, le=65_535, multiple_of=3)]
Norm = Literal["batch", "layer"]
_STAGES: dict[str, JsonValue] = {EXPECTED: "all, or a list such as [stem, stage1]"}


class ModelOptions(BaseModel):
    """Base of every architecture's options: immutable, unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # What a frame of a clip is to the model.
    input: ClassVar[Literal["landmarks", "pixels"]] = "landmarks"


class SpoterOptions(ModelOptions):
    """SPOTER; the defaults are the sizes of the BdSL-SPOTER notebook."""

    d_model: Size = 108
    heads: Size = 9
    layers: Depth = 6
    feedforward: Size = 512
    dropout: Dropout = 0.1

    @model_validator(mode="after")
    def _heads_divide(self) -> SpoterOptions:
        if self.d_model % self.heads:
            raise ValueError(f"d_model ({self.d_model}) must be a multiple of heads ({self.heads})")
        if self.d_model % 2:
            raise ValueError(f"d_model ({self.d_model}) must be even for sinusoidal positions")
        return self


class BdslSpoterOptions(SpoterOptions):
    """BdSL-SPOTER: SPOTER with signing-space weights, a further attention layer and a deeper head."""

    space_heads: Size = Field(3, description="Heads of the further attention layer.")

    @model_validator(mode="after")
    def _space_heads_divide(self) -> BdslSpoterOptions:
        if self.d_model % self.space_heads:
            raise ValueError(f"d_model ({self.d_model}) must be a multiple of space_heads ({self.space_heads})")
        return self


class ConvTransformerOptions(ModelOptions):
    """Depthwise convolutions over time and a transformer block, by turns, over landmark features."""

    d_model: Size = 192
    heads: Size = 4
    stages: Depth = Field(2, description="Each: convolution blocks, then one transformer block.")
    convolutions: Depth = Field(3, description="Convolution blocks of a stage.")
    kernel: Size = Field(17, description="Frames that a convolution sees; odd.")
    expand: Size = Field(2, description="How much wider the blocks are inside.")
    norm: Norm = Field("batch", description="By the batch's real frames, or each frame by itself.")
    positions: Literal["none", "sinusoidal"] = Field("none", description="The convolutions know the order without.")
    dropout: Dropout = Field(0.2, description="Of attention weights and inside the transformer's MLP.")
    drop_path: Dropout = Field(0.2, description="Chance that a clip skips a block's branch.")
    head_dropout: Dropout = Field(0.5, description="Before the last layer.")
    late_dropout: Batches = Field(0, description="Batches of training before head_dropout begins.")

    @model_validator(mode="after")
    def _fits(self) -> ConvTransformerOptions:
        if self.d_model % self.heads:
            raise ValueError(f"d_model ({self.d_model}) must be a multiple of heads ({self.heads})")
        if self.positions == "sinusoidal" and self.d_model % 2:
            raise ValueError(f"d_model ({self.d_model}) must be even for sinusoidal positions")
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel ({self.kernel}) must be odd, so that a frame sees as many before as after it")
        return self


class StGcnOptions(ModelOptions):
    """Graph convolutions over the skeleton and dilated convolutions over time."""

    channels: tuple[Channels, ...] = Field(
        (48, 96, 240), min_length=1, max_length=_MOST_STAGES, description="Of each stage."
    )
    blocks: Depth = Field(2, description="Blocks of a stage.")
    strides: tuple[Literal[1, 2], ...] = Field(
        (2, 2, 1), description="At each stage's end; 2 halves time. Attention is of single frames all the same."
    )
    dilations: tuple[Size, ...] = Field(
        (1, 2, 3, 4), max_length=_MOST_STAGES, description="Of the branches of the convolution over time."
    )
    adaptive: bool = Field(
        True,
        description="Learn a graph in every block, added to the skeleton's: three weights for each pair of joints.",
    )
    norm: Norm = Field("batch", description="By the batch's real frames, or each joint by itself.")
    drop_path: Dropout = Field(0.1, description="Chance that a clip skips a block's branch.")
    head_dropout: Dropout = Field(0.5, description="Before the last layer.")

    @model_validator(mode="after")
    def _stages(self) -> StGcnOptions:
        if len(self.channels) != len(self.strides):
            raise ValueError(
                f"channels has {len(self.channels)} stages and strides {len(self.strides)}; expected as many"
            )
        branches = len(self.dilations) + 2
        if min(self.channels) < branches:
            raise ValueError(
                f"channels is {self.channels}; expected at least {branches}, one for each branch over time"
            )
        return self


class PixelOptions(ModelOptions):
    """What every model of pixels has; colours are shares of full brightness, for red, green and blue."""

    input = "pixels"

    size: Annotated[int, Field(ge=16, le=4096)] = Field(224, description="Side of a frame, in pixels.")
    mean: tuple[Share, Share, Share] = Field(
        (0.45, 0.45, 0.45), description="Kinetics: 0.45 each; ImageNet: 0.485, 0.456, 0.406."
    )
    std: tuple[Deviation, Deviation, Deviation] = Field(
        (0.225, 0.225, 0.225), description="Kinetics: 0.225 each; ImageNet: 0.229, 0.224, 0.225."
    )
    sees: Literal["colours", "motion", "both"] = Field(
        "colours",
        description="motion: how far each pixel is from the clip's mean picture, so that hands stand out and walls do "
        "not; both: that beside the colours. From scratch on few clips a model may learn nothing from colours alone.",
    )
    checkpointing: bool = Field(
        False, description="Compute activations a second time in the backward pass, and keep few of them till then."
    )


class Sign2TextOptions(PixelOptions):
    """A ResNet per frame, a bidirectional LSTM, additive attention; the defaults are the video notebook's sizes."""

    stem: Size = Field(64, description="Channels of the ResNet's first convolution.")
    widths: tuple[Size, ...] = Field(
        (64, 128, 256, 512), min_length=1, max_length=_MOST_STAGES, description="Channels of its stages."
    )
    depths: tuple[Depth, ...] = Field((2, 2, 2, 2), description="Blocks of its stages; (2, 2, 2, 2) is ResNet-18.")
    bottleneck: bool = Field(False, description="Blocks of three convolutions, as in ResNet-50, instead of two.")
    pool: Literal["mean", "max"] = Field(
        "mean", description="What is kept of a channel over a frame: its mean, as in ResNet, or its greatest value."
    )
    frozen: Literal["all"] | tuple[str, ...] = Field(
        (), description="Parts of the ResNet that are not trained: all, or of stem, stage1, stage2 …",
        json_schema_extra=_STAGES,
    )  # fmt: skip
    batch_norm: Literal["batch", "stored"] = Field(
        "batch", description="Training normalises by the batch, or as in use; frozen parts always do as in use."
    )
    features: Size = Field(512, description="Size of a frame for the LSTM; projected where the ResNet gives another.")
    hidden: Size = Field(256, description="Size of the LSTM in each direction.")
    layers: Depth = Field(2, description="Layers of the LSTM.")
    residual: bool = Field(
        False,
        description="Add each frame, normalised, to what the LSTM makes of it: so it begins as a mean over frames, and "
        "the ResNet learns from the first batch on. features must be twice hidden.",
    )
    dropout: Dropout = 0.1

    @model_validator(mode="after")
    def _stages(self) -> Sign2TextOptions:
        if len(self.widths) != len(self.depths):
            raise ValueError(f"widths has {len(self.widths)} stages and depths {len(self.depths)}; expected as many")
        if self.bottleneck and any(width % 4 for width in self.widths):
            raise ValueError(f"widths is {self.widths}; with bottleneck, expected multiples of 4")
        if self.features % 2:
            raise ValueError(f"features ({self.features}) must be even for sinusoidal positions")
        if self.residual and self.features != 2 * self.hidden:
            raise ValueError(f"features ({self.features}) must be twice hidden ({self.hidden}) where residual is true")
        for part in () if self.frozen == "all" else self.frozen:
            if part not in self.parts:
                raise ValueError(f"frozen: found {part!r}. {choices(part, ['all', *self.parts])}")
        return self

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the ResNet's parts: stem, stage1 and so on."""
        return ("stem", *(f"stage{number}" for number in range(1, len(self.depths) + 1)))

    @property
    def frozen_parts(self) -> tuple[str, ...]:
        """Those that are not trained."""
        return self.parts if self.frozen == "all" else self.frozen


class TimesformerOptions(PixelOptions):
    """TimeSformer; the defaults are the paper's base model, which published checkpoints fit."""

    frames: Size = Field(8, description="Learnt positions in time; clips of another length take the nearest.")
    patch: Size = Field(16, description="Side of a patch, in pixels.")
    stem: tuple[Size, ...] = Field(
        (),
        max_length=_MOST_STAGES,
        description="Channels of the convolutions that make the patches, for a beginning from nothing; each halves the "
        "sides, and of what is left of a patch each channel's greatest value is kept. () is the paper's linear map, "
        "which published weights fit.",
    )
    pool: Literal["token", "max"] = Field(
        "token",
        description="What tells the clip: the class token, as in the paper, or each channel's greatest value over a "
        "frame's patches, and attention over frames.",
    )
    d_model: Size = 768
    heads: Size = 12
    layers: Depth = 12
    feedforward: Size = 3072
    dropout: Dropout = 0.0
    stochastic_depth: Dropout = Field(
        0.0, description="Chance that a clip skips a branch of the last layer; from 0 in the first, evenly."
    )

    @model_validator(mode="after")
    def _divides(self) -> TimesformerOptions:
        if self.d_model % self.heads:
            raise ValueError(f"d_model ({self.d_model}) must be a multiple of heads ({self.heads})")
        if self.stem and self.patch % 2 ** len(self.stem):
            raise ValueError(
                f"patch is {self.patch}; with a stem of {len(self.stem)} stages, expected a multiple of "
                f"{2 ** len(self.stem)}"
            )
        if self.stem and self.d_model % 4:
            raise ValueError(f"d_model ({self.d_model}) must be a multiple of 4 for sinusoidal positions")
        return self


SCHEMAS: dict[str, type[ModelOptions]] = {
    "spoter": SpoterOptions,
    "bdsl_spoter": BdslSpoterOptions,
    "conv_transformer": ConvTransformerOptions,
    "st_gcn": StGcnOptions,
    "sign2text": Sign2TextOptions,
    "timesformer": TimesformerOptions,
}


def model_options(name: str, options: dict[str, Any]) -> ModelOptions:
    """Validated options of an architecture.

    Raises
    ------
    IsharaError
        If there is no such model, or an option is unknown or out of range; the message lists the choices.
    """
    schema = _schema(name)
    try:
        return schema.model_validate(options)
    except ValidationError as error:
        raise IsharaError(f"{name}: {explain(schema, error, prefix='model.options.')}") from None


def options_of(recipe: Recipe) -> dict[str, Any]:
    """The options of a recipe's model, with those of pixels that its section `pixels` says already.

    Raises
    ------
    IsharaError
        If there is no such model, an option is wrong, or the recipe says two things of one size.
    """
    schema = _schema(recipe.model.name)
    options = dict(recipe.model.options)
    if schema.input == "pixels":
        for name, value in (("size", recipe.pixels.size), ("frames", recipe.pixels.frames)):
            if name in schema.model_fields and options.setdefault(name, value) != value:
                raise IsharaError(
                    f"model.options.{name} is {options[name]} and pixels.{name} is {value}; leave out the first."
                )
    model_options(recipe.model.name, options)
    return options


def sees_pixels(recipe: Recipe) -> bool:
    """Whether a recipe's model looks at pictures; else it looks at landmarks."""
    return _schema(recipe.model.name).input == "pixels"


def _schema(name: str) -> type[ModelOptions]:
    if name not in SCHEMAS:
        raise IsharaError(f"There is no model {name!r}. {choices(name, SCHEMAS)}")
    return SCHEMAS[name]
