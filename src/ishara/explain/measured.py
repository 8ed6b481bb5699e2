"""What was measured of a recipe's explanations, which decides what a page may call one."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, TypeAdapter

from ishara.recipe import Data, Recipe, Train

# Written by benchmarks/measure_explanations.py.
MEASURED = Path(__file__).with_name("measured.json")

# What decides what a model learns to look at. Left out are the clips and how they are parted: a recogniser that learnt
# from all of them was measured on none, and only the folds of its recipe tell anything of it.
_LEARNING: Final = ("pose", "features", "augment", "pixels", "model", "loss", "optimizer", "schedule", "train")
# Of `train`: by what chance and on what machine, not what is learnt.
_CIRCUMSTANCES: Final = frozenset(
    {"seed", "accelerator", "devices", "num_nodes", "threads", "workers", "cache_features", "loggers"}
)


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
    """What was measured of one recipe on clips that its recognisers were tested on; `recipe` is its name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: str
    clips: int
    # Moments that were left out, in the order of occlusion and of attention; and parts of the body at moments.
    occlusion: Margin
    attention: Margin
    cells: Margin


def learning_hash(recipe: Recipe) -> str:
    """Twelve hexadecimal digits that are the same for all recipes that learn in the same way.

    Name, description, clips, split, protocol, seed and machine do not matter, so a recogniser that comes with Ishara
    has the digits of the folds that were measured in its place.
    """
    sections = {name: getattr(recipe, name) for name in _LEARNING}
    usual = {name: Train.model_fields[name].get_default() for name in _CIRCUMSTANCES}
    sections["train"] = recipe.train.model_copy(update=usual)
    return Recipe(name="any", data=Data(manifest=Path("any")), **sections).hash


def measured_of(recipe: Recipe) -> Measured | None:
    """What was measured of recognisers that learn as this recipe's do; ``None`` where nothing was."""
    return _all().get(learning_hash(recipe))


@lru_cache(maxsize=1)
def _all() -> dict[str, Measured]:
    if not MEASURED.is_file():
        return {}
    return TypeAdapter(dict[str, Measured]).validate_json(MEASURED.read_bytes())
