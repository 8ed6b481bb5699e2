"""The recipe's sections `estimator`, `pose`, `features` and `augment`: what a landmark model sees of a clip."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from ishara.recipe.section import Frames, NonNegative, PresetSection, Probability, Range, Section

# `bengali` is the augmentation set of the BdSL-SPOTER notebook, in true perspective and on the landmarks that it meant.
AUGMENT_PRESETS: dict[str, dict[str, Any]] = {
    "none": {},
    "default": {
        "rotation": 10, "shear": 0.1, "scale": (0.85, 1.15), "shift": 0.1, "perspective": 10, "time_warp": (0.8, 1.2),
        "frame_dropout": 0.1, "noise": 0.005, "hand_noise": 0.005, "arm_rotation": 6, "hand_rotation": 8,
    },
    "bengali": {"hand_noise": 0.05, "perspective": 15, "time_warp": (0.8, 1.2)},
}  # fmt: skip


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
