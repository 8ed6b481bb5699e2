"""The parts of a recipe: what each determines, its choices and its defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from ishara.errors import choices
from ishara.schema import EXPECTED

Probability = Annotated[float, Field(ge=0, le=1)]
NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
# A recipe stands in every recogniser, and others' are used too: no number in one may ask for more memory than there is.
Frames = Annotated[int, Field(ge=1, le=10_000)]
Range = tuple[float, float]
_SEEDS: dict[str, JsonValue] = {EXPECTED: "a list of different whole numbers from 0, such as [0, 1, 2]"}
_NOT_CHOSEN = ("name", "description", "data", "split", "protocol", "estimator")
_WHOM: dict[str, JsonValue] = {EXPECTED: "a list such as [U4, U8] (numbers in quotes), or a share from 0 to 1"}


def _as_text(value: object) -> object:
    """YAML takes 32 for a number."""
    return str(value) if type(value) is int else value


def _different(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(seeds)) < len(seeds):
        raise ValueError("a seed stands there twice; each is run once")
    return seeds


Seeds = Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1), AfterValidator(_different)]


class Section(BaseModel):
    """A part of a recipe: immutable, and strict about its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class PresetSection(Section):
    """A section with named sets of values: ``NAME``, or ``{preset: NAME, key: value}`` to change some of them."""

    presets: ClassVar[dict[str, dict[str, Any]]]

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, values: Any) -> Any:
        values = {"preset": values} if isinstance(values, str) else values
        if not isinstance(values, dict) or "preset" not in values:
            return values
        preset = values["preset"]
        if not isinstance(preset, str) or preset not in cls.presets:
            raise ValueError(f"there is no preset {preset!r}. {choices(str(preset), cls.presets)}")
        return {**cls.presets[preset], **{key: value for key, value in values.items() if key != "preset"}}


class Data(Section):
    """Which clips. Either `manifest`, or `corpus` with the `root` of its files."""

    manifest: Path | None = None
    corpus: str | None = None
    root: Path | None = Field(None, description="A relative path is looked up from here, then in $ISHARA_DATA.")
    options: dict[str, str | int | float | bool] = Field({}, description="Options of the corpus reader.")

    @model_validator(mode="after")
    def _one_source(self) -> Data:
        if (self.manifest is None) == (self.corpus is None) or (self.corpus is not None and self.root is None):
            raise ValueError("give either data.manifest, or data.corpus together with data.root")
        return self


class Split(Section):
    """Who is tested. No group stands on two sides, and neither do near-identical clips."""

    by: Literal["official", "group", "clip"] = Field(
        "group",
        description="official: the corpus's own split; group: whole groups; clip: at random, stratified by gloss.",
    )
    group: str = Field("signer", description="The manifest column whose values never stand on two sides.")
    test: tuple[str, ...] | Probability = Field(
        0.2,
        description="Values of the group column, or a share of the clips; 0 to learn from all, for a recogniser that "
        "was measured by crossval.",
        json_schema_extra=_WHOM,
    )
    validation: tuple[str, ...] | Probability = Field(
        0.15, description="As for test; taken from the training side.", json_schema_extra=_WHOM
    )
    near_duplicates: Literal["together", "report", "ignore"] = Field(
        "together", description="Near-identical clips: keep them on one side, only report them, or do not look."
    )


class Choose(Section):
    """Candidates, of which each fold takes the best: measured on inner folds of what the fold does not test."""

    grid: dict[str, tuple[Any, ...]] = Field(
        description="Keys of the recipe, each with the values to try, such as {optimizer.lr: [0.0005, 0.001]}; every "
        "combination is a candidate.",
        json_schema_extra={EXPECTED: "keys of the recipe, each with a list of values to try"},
    )
    inner: Annotated[int, Field(ge=2)] = Field(
        3, description="Inner folds. They part what the outer folds part: whole groups, or clips."
    )
    seeds: Seeds = Field((0,), description="Each inner fold is trained once with each.", json_schema_extra=_SEEDS)
    monitor: Literal["class_top1", "top1"] = Field(
        "class_top1", description="The candidate with the highest mean of this over inner folds and seeds is taken."
    )

    @model_validator(mode="after")
    def _candidates(self) -> Choose:
        empty = [key for key, values in self.grid.items() if not values]
        if empty or not self.grid:
            raise ValueError(f"grid: {empty[0] if empty else 'it'} has no values to try; give each key a list")
        for key in self.grid:
            if key.partition(".")[0] in _NOT_CHOSEN or key == "train.seed":
                raise ValueError(f"grid: {key} says what is measured and how, so it cannot be chosen")
        return self


class Protocol(Section):
    """How `ishara crossval` makes folds."""

    name: Literal["leave-one-group-out", "group-k-fold", "stratified-k-fold", "held-out"] = Field(
        "leave-one-group-out", description="held-out: the recipe's one split, with each seed."
    )
    folds: Annotated[int, Field(ge=2)] = 5
    repeats: Count = 1
    only: tuple[str, ...] = Field(
        (), description="Only these of the folds, by name; empty for all of them.",
        json_schema_extra={EXPECTED: "a list of folds, such as [s02, s06]"},
    )  # fmt: skip
    seeds: Seeds = Field((0,), description="Each fold is trained once with each.", json_schema_extra=_SEEDS)
    choose: Choose | None = Field(None, description="Choose values inside each fold, on its training side.")


class PoseOptions(Section):
    """From landmarks as extracted to landmarks that can be compared between signers, in training and in use alike."""

    skeleton: str = Field("spoter54", description="A preset skeleton.")
    landmarks: tuple[str, ...] = Field((), description="Only these landmarks or groups of it; empty for all.")
    dimensions: Literal[2, 3] = 2
    body_depth: Literal["measured", "always"] = Field(
        "measured",
        description="With three dimensions, when bodies keep their depth: only where a depth camera measured it, or "
        "always. An estimate from a picture is too coarse; hands keep theirs, from their own wrist.",
    )
    frames: Literal["all", "with-hands"] = Field(
        "all",
        description="with-hands: leave out the frames in which no hand was seen, as some corpora of landmarks did.",
    )
    max_gap: Annotated[int, Field(ge=0, le=10_000)] = Field(
        5, description="Missing stretches of up to this many frames are filled."
    )
    normalise: Literal["shoulders", "none"] = Field(
        "shoulders", description="Measure from between the shoulders, in their width."
    )
    face_camera: bool = Field(
        False, description="Turn 3-D bodies about the vertical so that the shoulders face the camera."
    )
    dominant_hand: Literal["as-is", "right"] = Field(
        "as-is", description="right: mirror clips whose left hand moves more."
    )
    max_frames: Frames | None = Field(None, description="Longer clips are squeezed to this many frames.")
    length: Frames | None = Field(None, description="Every clip, short or long, is resampled to this many frames.")

    @model_validator(mode="after")
    def _one_length(self) -> PoseOptions:
        if self.length is not None and self.max_frames is not None:
            raise ValueError("give length or max_frames, not both: length holds for short and long clips alike")
        return self

    @model_validator(mode="after")
    def _midline_to_mirror_at(self) -> PoseOptions:
        if self.normalise == "none" and self.dominant_hand == "right":
            raise ValueError("dominant_hand: right mirrors at the signer's midline and needs normalise: shoulders")
        return self


class EstimatorOptions(Section):
    """How landmarks are estimated from pictures, where a clip is a video; the same in extraction and in use."""

    name: Literal["mediapipe-holistic"] = "mediapipe-holistic"
    complexity: Literal[0, 1, 2] = Field(
        1, description="Of the body model: lite, full or heavy. Only the full one is inside the package; see `models`."
    )
    models: Path | None = Field(
        None, description="The folder with pose_landmark_lite.tflite or pose_landmark_heavy.tflite."
    )
    face: bool = Field(False, description="Also the 468 points of the face.")
    refine: bool = Field(False, description="Look a second time, near the wrist, for a hand that was missed.")
    stride: Frames = Field(1, description="Look at every so many frames only; those between are interpolated.")


class Features(Section):
    """What the model sees of each landmark in each frame."""

    _OF_LANDMARKS: ClassVar = ("positions", "hand_local", "bones", "angles", "distances", "reaches", "velocities")

    positions: bool = True
    space: Literal["shoulders", "signing-space", "bengali"] = Field(
        "shoulders",
        description="Positions in shoulder widths from the neck, in SPOTER's signing-space box, or in the Bengali one.",
    )
    hand_local: bool = Field(True, description="Each hand also in its own frame: from the wrist, in hand sizes.")
    bones: bool = Field(False, description="From the landmark that each hangs on, in hands in hand sizes.")
    angles: bool = Field(False, description="How each joint of arms and fingers is bent, as a cosine.")
    distances: bool = Field(
        False,
        description="How far a hand's fingertips are from each other, and the thumb's from joints, in hand sizes.",
    )
    reaches: bool = Field(
        False, description="How far each wrist is from head, neck, shoulders, hips and the other arm."
    )
    velocities: bool = False
    presence: bool = Field(False, description="Per landmark group, the share of its landmarks that was seen.")

    @model_validator(mode="after")
    def _something(self) -> Features:
        if not any(getattr(self, name) for name in self._OF_LANDMARKS):
            listed = ", ".join(self._OF_LANDMARKS)
            raise ValueError(f"at least one of these must be true: {listed}")
        return self


# `bengali` is the augmentation set of the BdSL-SPOTER notebook, in true perspective and on the landmarks that it meant.
AUGMENT_PRESETS: dict[str, dict[str, Any]] = {
    "none": {},
    "default": {
        "rotation": 10, "shear": 0.1, "scale": (0.85, 1.15), "shift": 0.1, "perspective": 10, "time_warp": (0.8, 1.2),
        "frame_dropout": 0.1, "noise": 0.005, "hand_noise": 0.005, "arm_rotation": 6, "hand_rotation": 8,
    },
    "bengali": {"hand_noise": 0.05, "perspective": 15, "time_warp": (0.8, 1.2)},
}  # fmt: skip


class Augment(PresetSection):
    """Random changes of training clips, after normalisation; lengths are in shoulder widths, angles in degrees.

    Each range or deviation is drawn once per clip, except noise. 0, or (1, 1) for a factor, turns one off.
    """

    presets: ClassVar[dict[str, dict[str, Any]]] = AUGMENT_PRESETS

    rotation: NonNegative = Field(0, description="In the image plane, up to ± this.")
    shear: NonNegative = Field(0, description="Up to ± this, as tan of the angle.")
    scale: Range = Field((1, 1), description="A factor from this range.")
    shift: NonNegative = Field(0, description="Up to ± this along x and y.")
    perspective: NonNegative = Field(
        0, description="A turned camera with true perspective, up to ± this about x and y."
    )
    yaw: Annotated[float, Field(ge=0, le=180)] = Field(
        0, description="Turn 3-D bodies about the vertical, up to ± this."
    )
    time_warp: Range = Field((1, 1), description="Speed factor from this range.")
    frame_dropout: Probability = Field(0, description="Chance that a frame is lost.")
    landmark_dropout: Probability = Field(0, description="Chance that a landmark is lost for the whole clip.")
    hand_dropout: Probability = Field(0, description="Chance that a hand is lost for a stretch of the clip.")
    noise: NonNegative = Field(0, description="Standard deviation of jitter on every landmark.")
    hand_noise: NonNegative = Field(0, description="Standard deviation of jitter on hand landmarks.")
    arm_rotation: NonNegative = Field(
        0, description="Turn at each shoulder and elbow, up to ± this; what hangs on it follows."
    )
    arm_length: Range = Field(
        (1, 1),
        description="Upper arms longer or shorter by a factor from this range, forearms by another: other bodies.",
    )
    hand_rotation: NonNegative = Field(0, description="Turn each hand about its wrist, up to ± this.")
    arm_tilt: NonNegative = Field(
        0, description="Turn 3-D arms at shoulder and elbow out of the image plane, up to ± this."
    )
    hand_tilt: NonNegative = Field(
        0, description="Turn 3-D hands about the wrist out of the image plane, up to ± this."
    )
    mirror: Probability = Field(0, description="Chance of a mirrored clip; off by default: it can make another sign.")

    @model_validator(mode="after")
    def _factors(self) -> Augment:
        for name in ("scale", "time_warp", "arm_length"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(f"{name} is ({low:g}, {high:g}); expected two factors above 0, the smaller first")
        return self


class Inference(Section):
    """How a trained model is used."""

    views: Annotated[int, Field(ge=1, le=64)] = Field(
        1,
        description="How often it looks at a clip of landmarks: at the clip as it is, then at random changes as in "
        "training (no mirroring, no noise, nothing lost); the logits are averaged.",
    )


class Model(Section):
    """Which architecture, with its own options (checked by `ishara.models`)."""

    name: str = "spoter"
    options: dict[str, Any] = {}
    pretrained: str | None = Field(None, description="A recogniser folder whose weights to start from.")


class Loss(Section):
    """What is minimised."""

    name: Literal["cross-entropy", "focal"] = "cross-entropy"
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    gamma: NonNegative = Field(2.0, description="Focusing parameter of the focal loss.")
    class_weights: Literal["none", "balanced"] = "none"


class Optimizer(Section):
    """AdamW."""

    lr: Positive = 1e-3
    weight_decay: NonNegative = 1e-2
    betas: tuple[Probability, Probability] = (0.9, 0.999)


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
