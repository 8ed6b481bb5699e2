"""What was measured of a recipe's explanations, which decides what a page may call one."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from ishara.recipe import Recipe

# Written by benchmarks/measure_explanations.py.
MEASURED = Path(__file__).with_name("measured.json")


class Margin(BaseModel):
    """How far a ranking's deletion curve lies below chance's on the mean, in probability, with its 95 % interval."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float
    low: float
    high: float

    @property
    def beats_chance(self) -> bool:
        """Whether the whole interval is above 0."""
        return self.low > 0


class Measured(BaseModel):
    """What was measured of one recipe on clips that its recognisers were tested on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: str
    clips: int
    # Moments that were left out, in the order of occlusion and of attention; and parts of the body at moments.
    occlusion: Margin
    attention: Margin
    cells: Margin


def measured_of(recipe: Recipe) -> Measured | None:
    """What was measured of exactly this recipe; ``None`` where nothing was."""
    return _all().get(recipe.hash)


@lru_cache(maxsize=1)
def _all() -> dict[str, Measured]:
    if not MEASURED.is_file():
        return {}
    return TypeAdapter(dict[str, Measured]).validate_json(MEASURED.read_bytes())
