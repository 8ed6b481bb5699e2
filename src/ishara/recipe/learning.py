"""The recipe's sections from `model` to `inference`: what learns, how it is trained, and how it is used."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from ishara.recipe.section import Count, NonNegative, Positive, Probability, Section


class Model(Section):
    """Which architecture, with its own options (checked by `ishara.models`)."""

    name: str = "spoter"
    options: dict[str, Any] = Field({}, description="Of that architecture, checked by `ishara.models`.")
    pretrained: str | None = Field(None, description="A recogniser folder whose weights to start from.")


class Loss(Section):
    """What is minimised."""

    name: Literal["cross-entropy", "focal"] = "cross-entropy"
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    gamma: NonNegative = Field(2.0, description="Focusing parameter of the focal loss.")
    class_weights: Literal["none", "balanced"] = "none"


class Optimizer(Section):
    """How weights follow the gradient; rate and decay mean the same for both."""

    name: Literal["adamw", "muon"] = Field(
        "adamw",
        description="adamw: each weight by itself; muon: the matrices of linear layers and convolutions as wholes, and "
        "AdamW for all else. From nothing it learns in far fewer epochs; wide layers take longer for a step.",
    )
    lr: Positive = 1e-3
    weight_decay: NonNegative = 1e-2
    betas: tuple[Probability, Probability] = Field((0.9, 0.999), description="Of AdamW.")


class Schedule(Section):
    """How the learning rate changes."""

    name: Literal["linear", "cosine", "plateau", "constant"] = Field(
        "cosine",
        description="linear: warm-up, then linearly to 0; cosine: warm-up, then a half cosine to 0; constant: warm-up, "
        "then no change; plateau: no warm-up, lower when the validation loss no longer falls.",
    )
    warmup: NonNegative = Field(
        0.1,
        description="Below 1: a share of the run; from 1: that many steps (or epochs: `interval`). Not for plateau.",
    )
    interval: Literal["step", "epoch"] = Field("step", description="What the rate changes with; plateau: validations.")
    factor: Annotated[float, Field(gt=0, lt=1)] = Field(0.5, description="plateau: multiply the rate by this …")
    patience: Count = Field(3, description="… after this many validations without a lower loss.")

    @model_validator(mode="after")
    def _whole_warmup(self) -> Schedule:
        if self.warmup > 1 and self.warmup != int(self.warmup):
            raise ValueError(
                f"warmup is {self.warmup:g}; expected a share below 1, or a whole number of {self.interval}s"
            )
        return self


def _as_text(value: object) -> object:
    """YAML takes 32 for a number."""
    return str(value) if type(value) is int else value


class Train(Section):
    """How long, on what, and what is kept."""

    max_epochs: Count = 100
    batch_size: Count = 32
    seed: Annotated[int, Field(ge=0)] = 0
    clip_norm: NonNegative = Field(1.0, description="Gradient norm is clipped to this; 0 for no clipping.")
    accumulate: Count = 1
    precision: Annotated[Literal["32", "bf16-mixed", "16-mixed"], BeforeValidator(_as_text)] = "32"
    ema: Annotated[float, Field(ge=0, lt=1)] = Field(0.0, description="Decay of averaged weights; 0 for none.")
    mixup: NonNegative = Field(
        0, description="Blend the clips of a batch with one another, by weights from Beta(this, this); 0 for none."
    )
    cutmix: Probability = Field(
        0, description="Chance of a batch whose clips each get a stretch of another clip; else mixup, if any."
    )
    plain_epochs: Annotated[int, Field(ge=0)] = Field(
        0,
        description="Epochs at the beginning in which clips are not changed at random: a model of pixels that begins "
        "from nothing may find no hold in changed ones.",
    )
    keep: Literal["best", "last"] = Field("best", description="Which checkpoint becomes the recogniser.")
    refit: bool = Field(
        False,
        description="Train twice: without the validation clips, which then set temperature and threshold, and anew "
        "with them. It takes twice as long, and nothing is left unlearnt.",
    )
    monitor: Literal["validation/loss", "validation/top1"] = "validation/loss"
    patience: Count | None = Field(None, description="Stop after this many validations without improvement.")
    validate_every: Count = Field(1, description="Epochs between validations.")
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    devices: Count = 1
    num_nodes: Count = 1
    threads: Count | None = Field(None, description="CPU threads of the training process; by default one per core.")
    workers: Annotated[int, Field(ge=0)] = Field(0, description="Processes that load data; 0 loads in the main one.")
    cache_features: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Compute what a frozen ResNet gives of each clip once, and keep it on disk. auto: where the whole "
        "ResNet is frozen and nothing in the pictures is random; always: refuse to train where that is not so.",
    )
    loggers: tuple[Literal["tensorboard", "wandb"], ...] = Field(
        (), description="Besides the CSV log, which is always kept."
    )

    @model_validator(mode="after")
    def _best_of_something(self) -> Train:
        if self.keep == "best" and self.validate_every > self.max_epochs:
            raise ValueError(
                f"keep: best needs a validation, but validate_every is {self.validate_every} and max_epochs only "
                f"{self.max_epochs}; set validate_every to at most {self.max_epochs}, or keep to last"
            )
        return self

    @model_validator(mode="after")
    def _refit_as_long(self) -> Train:
        if self.refit and (self.keep == "best" or self.patience is not None):
            raise ValueError(
                "refit learns from the validation clips too, so that none is left to choose the epoch by; set keep to "
                "last, and no patience"
            )
        if self.refit and self.devices * self.num_nodes > 1:
            raise ValueError(
                "refit trains twice, which several processes cannot yet do; set devices and num_nodes to 1"
            )
        return self


class Inference(Section):
    """How a trained model is used."""

    views: Annotated[int, Field(ge=1, le=64)] = Field(
        1,
        description="How often it looks at a clip: at the clip as it is, then at random changes as in training (of "
        "landmarks no mirroring, no noise, nothing lost; of pictures other frames and parts, some mirrored where "
        "training mirrors); the logits are averaged. The live page looks at pictures once.",
    )
