"""What a section of a recipe is, and the kinds of numbers that stand in one."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ishara.errors import choices

Probability = Annotated[float, Field(ge=0, le=1)]
NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
# A recipe stands in every recogniser, and others' are used too: no number in one may ask for more memory than there is.
Frames = Annotated[int, Field(ge=1, le=10_000)]
Range = tuple[float, float]


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
