"""What we set out to reach (`benchmarks/targets.yaml`), and whether a measured figure reaches it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, model_validator

TARGETS = Path(__file__).with_name("targets.yaml")


class Target(BaseModel):
    """One bound; the keys are explained at the head of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    file: str = ""
    at: str = "top1.difference"
    compare: tuple[str, str] | None = None
    chance: str = ""
    least: float | None = None
    most: float | None = None
    above: float | None = None
    stretch: float | None = None
    unit: Literal["share", "points", "seconds"] = "share"
    beside: str = ""
    why: str = ""

    @model_validator(mode="after")
    def _one_of_each(self) -> Target:
        if bool(self.file) == (self.compare is not None):
            raise ValueError(f"{self.name}: either a file or a comparison")
        if [self.least, self.most, self.above].count(None) != 2:
            raise ValueError(f"{self.name}: one of least, most and above")
        return self

    @property
    def source(self) -> str:
        """The file in `results/` that the figure stands in."""
        return comparison_file(*self.compare) if self.compare else self.file


class Part(BaseModel):
    """Targets that are read together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    text: str
    rows: tuple[Target, ...]


@dataclass(frozen=True)
class Figure:
    """What was measured: the value, its 95 % interval where there is one, the chance level, the seeds, and on how many
    of how many folds where these are counted."""

    value: float
    low: float | None = None
    high: float | None = None
    chance: float | None = None
    seeds: int | None = None
    folds: tuple[int, int] | None = None


def read_targets(path: Path = TARGETS) -> tuple[Part, ...]:
    """All targets, in their order."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return TypeAdapter(tuple[Part, ...]).validate_python(content)


def comparison_file(a: str, b: str) -> str:
    """The name of the file in `results/` that says how B does against A."""
    return f"measure-comparison-{a}-{b}.json"


def figure(results: Path, target: Target) -> Figure | None:
    """What was measured of a target; None where nothing was."""
    path = results / target.source
    if not path.is_file():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    found = _at(content, target.at)
    value, interval = (found["value"], found["interval"] or {}) if isinstance(found, dict) else (found, {})
    if value is None:
        # The time of a training that was gone on with is not known.
        return None
    seeds, folds = content.get("seeds"), content.get("folds")
    return Figure(
        value=value,
        low=interval.get("low"),
        high=interval.get("high"),
        chance=_at(content, target.chance) if target.chance else None,
        seeds=len(seeds) if isinstance(seeds, list) else None,
        folds=(folds[0], folds[1]) if target.compare and folds else None,
    )


def met(target: Target, found: Figure) -> bool:
    """Whether a figure reaches what is required; an interval that cannot be had is above nothing."""
    if target.least is not None:
        return found.value >= target.least
    if target.most is not None:
        return found.value <= target.most
    assert target.above is not None
    return found.low is not None and found.low > target.above


def _at(content: Any, dotted: str) -> Any:
    for key in dotted.split("."):
        content = content[key]
    return content
