"""`Recipe`: everything that determines a run, as one YAML file.

Unknown keys, wrong types and values out of range are errors that name the key, what was found and the choices.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, JsonValue, ValidationError, model_validator

from ishara.errors import IsharaError
from ishara.recipe.data import Data, Protocol, Split
from ishara.recipe.landmarks import Augment, EstimatorOptions, Features, PoseOptions
from ishara.recipe.learning import Inference, Loss, Model, Optimizer, Schedule, Train
from ishara.recipe.pixels import Pixels
from ishara.recipe.section import Section
from ishara.schema import EXPECTED, explain

# Counts up whenever a default value changes: then a recipe that leaves it out means something else.
_DEFAULTS = 1
_NAME: dict[str, JsonValue] = {EXPECTED: "letters, digits, dots, hyphens and underscores, with a letter or digit first"}
_NOT_HASHED: dict[str, Any] = {"description": True, "estimator": {"models"}}


class Recipe(Section):
    """All that determines a run."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", json_schema_extra=_NAME)
    description: str = ""
    data: Data
    split: Split = Split()
    protocol: Protocol = Protocol()
    estimator: EstimatorOptions = EstimatorOptions()
    pose: PoseOptions = PoseOptions()
    features: Features = Features()
    augment: Augment = Augment()
    pixels: Pixels = Pixels()
    model: Model = Model()
    loss: Loss = Loss()
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = Schedule()
    train: Train = Train()
    inference: Inference = Inference()

    @model_validator(mode="after")
    def _depth_to_turn(self) -> Recipe:
        if self.pose.dimensions == 3:
            return self
        flat = f"but pose.dimensions is {self.pose.dimensions}; set pose.dimensions=3"
        if self.augment.yaw:
            raise ValueError(
                f"augment.yaw turns 3-D bodies, {flat}, "
                "or augment.yaw=0 (augment.perspective turns the camera about flat landmarks)"
            )
        for tilt, plain in (("arm_tilt", "arm_rotation"), ("hand_tilt", "hand_rotation")):
            if getattr(self.augment, tilt):
                raise ValueError(
                    f"augment.{tilt} turns 3-D joints, {flat}, or augment.{tilt}=0 (augment.{plain} turns them in the "
                    "image plane)"
                )
        return self

    @classmethod
    def from_dict(cls, values: dict[str, Any], *, source: str = "recipe") -> Recipe:
        """Validate a nested dictionary; `source` names it in errors.

        Raises
        ------
        IsharaError
            That names each wrong key, what was found there, and the choices.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise IsharaError(f"{source}: {explain(cls, error)}") from None

    @classmethod
    def read(cls, path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
        """Read a YAML recipe and apply overrides such as ``train.max_epochs=50`` (the value is YAML).

        Overrides apply in order; ``augment.preset=NAME`` and ``pixels.augment.preset=NAME`` replace the whole section,
        and later ones change it.

        Raises
        ------
        IsharaError
            If the file is not there or is not a valid recipe, or an override is.
        """
        import yaml  # here and in the two below: a recogniser that runs reads none

        path = Path(path)
        if not path.is_file():
            near = sorted(p.name for p in path.parent.glob("*.yaml")) if path.parent.is_dir() else []
            listed = f" Recipes there: {', '.join(near)}." if near else ""
            raise IsharaError(f"{path}: there is no such recipe.{listed}")
        try:
            values = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise IsharaError(f"{path}: is not YAML ({' '.join(str(error).split())}).") from None
        if not isinstance(values, dict):
            raise IsharaError(
                f"{path}: is not a recipe: found {type(values).__name__}, expected keys such as data, model."
            )
        for override in overrides:
            _apply(values, override)
        return cls.from_dict(values, source=str(path))

    def to_yaml(self) -> str:
        """The whole recipe, defaults included, as YAML."""
        import yaml

        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits that change with anything that the recipe determines.

        Defaults are left out, so that a key which a later Ishara adds does not make another recipe of an old one; so is
        the place of model files, which is another on each machine.
        """
        chosen = self.model_dump(mode="json", exclude=_NOT_HASHED, exclude_defaults=True)
        text = json.dumps([_DEFAULTS, chosen], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def with_overrides(self, overrides: Sequence[str]) -> Recipe:
        """The recipe with dotted overrides applied."""
        values = self.model_dump(mode="json")
        for override in overrides:
            _apply(values, override)
        return Recipe.from_dict(values, source="overrides")


def _apply(values: dict[str, Any], override: str) -> None:
    import yaml

    key, equals, text = override.partition("=")
    if not equals or not key:
        raise IsharaError(f"Override {override!r} is not of the form section.key=value, such as train.max_epochs=50.")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise IsharaError(f"Override {override!r}: the value is not YAML.") from None
    if key in ("augment.preset", "pixels.augment.preset"):
        # Values that are written out win over a preset beside them, so they have to go.
        key, value = key.removesuffix(".preset"), {"preset": value}
    *parents, last = key.split(".")
    node = values
    for parent in parents:
        child = node.get(parent)
        if isinstance(child, str) and parent == "augment":
            child = {"preset": child}
        node[parent] = child = {} if child is None else child
        if not isinstance(child, dict):
            raise IsharaError(f"Override {override!r}: {parent} is a value, not a section.")
        node = child
    node[last] = value
