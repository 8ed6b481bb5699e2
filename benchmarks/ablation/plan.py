"""What an ablation measures: corpora with their recipe and folds, and changes of the recipe, from a YAML file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ishara.errors import IsharaError
from ishara.recipe import Recipe
from ishara.schema import explain

_NOT_A_NAME = re.compile(r"[^a-z0-9]+")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Corpus(_Strict):
    """A recipe, and the folds of its protocol that are measured."""

    recipe: Path
    folds: tuple[str, ...] = Field(min_length=4)
    overrides: tuple[str, ...] = ()


class Change(_Strict):
    """A change of the recipes, with what it is to show.

    Parameters
    ----------
    name
        As the page shows it.
    group
        Under which heading.
    overrides
        The keys that change.
    corpora
        Where it applies; everywhere if empty.
    """

    name: str
    group: str
    overrides: tuple[str, ...] = Field(min_length=1)
    corpora: tuple[str, ...] = ()

    @property
    def slug(self) -> str:
        """Its name as that of a folder."""
        return _NOT_A_NAME.sub("-", self.name.lower()).strip("-")


class Plan(_Strict):
    """Everything that is measured."""

    seeds: Annotated[tuple[int, ...], Field(min_length=3)]
    corpora: dict[str, Corpus]
    changes: tuple[Change, ...]

    @classmethod
    def read(cls, path: Path) -> Plan:
        """Read a plan; an `IsharaError` says what is wrong with it."""
        try:
            return cls.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        except ValidationError as error:
            raise IsharaError(f"{path}: {explain(cls, error)}") from None

    def base(self, corpus: str) -> Recipe:
        """A corpus's recipe on the plan's folds and seeds."""
        of = self.corpora[corpus]
        protocol = [f"protocol.only=[{', '.join(of.folds)}]", f"protocol.seeds={list(self.seeds)}"]
        return Recipe.read(of.recipe, [*protocol, "train.threads=1", *of.overrides])

    def changed(self, corpus: str) -> Iterator[tuple[Change, Recipe]]:
        """Each change that makes another recipe of the corpus's."""
        base = self.base(corpus)
        for change in self.changes:
            if change.corpora and corpus not in change.corpora:
                continue
            recipe = base.with_overrides(change.overrides)
            if recipe.hash != base.hash:
                yield change, recipe
