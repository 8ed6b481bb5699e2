"""The recipe's sections `data`, `split` and `protocol`: which clips, who is tested, and in which folds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, JsonValue, model_validator

from ishara.recipe.section import Count, Probability, Section
from ishara.schema import EXPECTED

_SEEDS: dict[str, JsonValue] = {EXPECTED: "a list of different whole numbers from 0, such as [0, 1, 2]"}
_NOT_CHOSEN = ("name", "description", "data", "split", "protocol", "estimator")
_WHOM: dict[str, JsonValue] = {EXPECTED: "a list such as [U4, U8] (numbers in quotes), or a share from 0 to 1"}


def _different(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(seeds)) < len(seeds):
        raise ValueError("a seed stands there twice; each is run once")
    return seeds


Seeds = Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1), AfterValidator(_different)]


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
