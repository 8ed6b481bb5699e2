"""The options of each architecture: schemas that a recipe is checked against without importing torch."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ishara.errors import IsharaError, choices
from ishara.schema import explain

Dropout = Annotated[float, Field(ge=0, lt=1)]
Size = Annotated[int, Field(ge=1)]


class ModelOptions(BaseModel):
    """Base of every architecture's options: immutable, unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SpoterOptions(ModelOptions):
    """SPOTER; the defaults are the sizes of the BdSL-SPOTER notebook."""

    d_model: Size = 108
    heads: Size = 9
    layers: Size = 6
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


SCHEMAS: dict[str, type[ModelOptions]] = {
    "spoter": SpoterOptions,
    "bdsl_spoter": BdslSpoterOptions,
}


def model_options(name: str, options: dict[str, Any]) -> ModelOptions:
    """Validated options of an architecture.

    Raises
    ------
    IsharaError
        If there is no such model, or an option is unknown or out of range; the message lists the choices.
    """
    if name not in SCHEMAS:
        raise IsharaError(f"There is no model {name!r}. {choices(name, SCHEMAS)}")
    schema = SCHEMAS[name]
    try:
        return schema.model_validate(options)
    except ValidationError as error:
        raise IsharaError(f"{name}: {explain(schema, error, prefix='model.options.')}") from None
