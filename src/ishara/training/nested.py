"""Choosing values of a recipe inside each fold: candidates, their inner jobs, and which of them was best."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict

from ishara.clips.splits import Fold
from ishara.errors import IsharaError
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.run import PREDICTIONS
from ishara.evaluation.scores import Scores, class_mean
from ishara.recipe import Choose, Recipe
from ishara.training.folds import inner_protocol
from ishara.training.jobs import Job, folder_name
from ishara.training.preflight import check_names
from ishara.whole import write_whole

INNER = "choice"
CHOICE = "choice.json"


class Candidate(BaseModel):
    """What one combination of values reached on the inner folds of one fold.

    `scores` has the monitored share of each inner job, by the job's name, and `mean` is theirs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    values: dict[str, Any]
    scores: dict[str, float]
    mean: float

    def __str__(self) -> str:
        return in_words(self.values)


class Choice(BaseModel):
    """What was chosen for one fold, and from what; among equals, the first of the grid."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fold: str
    monitor: str
    candidates: list[Candidate]
    chosen: int

    @property
    def best(self) -> Candidate:
        """The candidate that was chosen."""
        return self.candidates[self.chosen]

    def __str__(self) -> str:
        """Such as ``optimizer.lr=0.001 (71.2 %; optimizer.lr=0.0005: 68.0 %)``."""
        others = "; ".join(f"{c}: {c.mean:.1%}" for i, c in enumerate(self.candidates) if i != self.chosen)
        return f"{self.best} ({self.best.mean:.1%}{'; ' if others else ''}{others})"

    def write(self, folder: Path) -> None:
        """Write it into a fold's folder, whole or not at all."""
        write_whole(folder / CHOICE, json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False))


def in_words(values: Mapping[str, Any]) -> str:
    """Such as ``optimizer.lr=0.001 model.options.d_model=128``."""
    return " ".join(f"{key}={_yaml(value)}" for key, value in values.items())


def candidates(recipe: Recipe) -> list[Recipe]:
    """The recipe with every combination of the values that it may choose, in the order of its grid.

    Raises
    ------
    IsharaError
        That names the candidate, if it is no recipe, or names what is not there.
    """
    return [_with_values(recipe, values) for values in _combinations(_choose(recipe))]


def inner_jobs(recipe: Recipe, tried: Sequence[Recipe], fold: Fold, inner: Sequence[Fold]) -> list[list[Job]]:
    """The jobs of each of the `candidates` of a recipe inside one fold: every inner fold with every seed."""
    # What they measure is no part of the outer protocol: these runs stay what they are when seeds are added to it.
    alone = {"protocol": inner_protocol(recipe, fold.manifest)}
    jobs = []
    for number, candidate in enumerate(tried, start=1):
        plain = candidate.model_copy(update=alone)
        seeds = [(seed, plain.with_overrides([f"train.seed={seed}"])) for seed in _choose(recipe).seeds]
        home = f"{INNER}/{folder_name(fold.name)}/{number}"
        jobs.append(
            [
                Job(f"{home}-{folder_name(part.name)}-seed{seed}", seeded, part)
                for seed, seeded in seeds
                for part in inner
            ]
        )
    return jobs


def choose_best(recipe: Recipe, fold: Fold, jobs: Sequence[Sequence[Job]], home: Path) -> Choice:
    """The candidate that did best on a fold's inner jobs, all of which are done."""
    choose = _choose(recipe)
    found = []
    for values, own in zip(_combinations(choose), jobs, strict=True):
        scores = {
            job.name.rpartition("/")[2].partition("-")[2]: _score(home / job.name / PREDICTIONS, choose.monitor)
            for job in own
        }
        found.append(Candidate(values=values, scores=scores, mean=float(np.mean(list(scores.values())))))
    # Means of the same scores in the same order: equal ones are equal to the last bit.
    best = max(range(len(found)), key=lambda i: found[i].mean)
    return Choice(fold=fold.name, monitor=choose.monitor, candidates=found, chosen=best)


def _combinations(choose: Choose) -> list[dict[str, Any]]:
    return [dict(zip(choose.grid, values, strict=True)) for values in itertools.product(*choose.grid.values())]


def _with_values(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    try:
        chosen = recipe.with_overrides([f"{key}={_yaml(value)}" for key, value in values.items()])
        check_names(chosen)
    except IsharaError as error:
        raise IsharaError(f"protocol.choose.grid, {in_words(values)}: {error}") from None
    return chosen


def _score(path: Path, monitor: str) -> float:
    scores = Scores.of(Predictions.read(path))
    if monitor == "top1":
        return float(scores.top1.mean())
    return float(class_mean(scores.top1, scores.gloss, np.ones((1, len(scores.top1))))[0])


def _choose(recipe: Recipe) -> Choose:
    if recipe.protocol.choose is None:
        raise ValueError("This recipe chooses nothing.")
    return recipe.protocol.choose


def _yaml(value: object) -> str:
    """A value as an override may have it; PyYAML ends a bare word with a line of dots."""
    return yaml.safe_dump(value, default_flow_style=True, width=10_000).removesuffix("...\n").strip()
