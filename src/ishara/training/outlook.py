"""How long the cross-validations of several recipes will take, by what was measured of them before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ishara.evaluation.run import PREDICTIONS
from ishara.recipe import Recipe
from ishara.training.jobs import read_seconds
from ishara.training.progress import PLAN, about, time_left


def outlook(recipes: Sequence[Path], number: int, *, runs: Path, results: Path) -> str:
    """Where a queue of recipes stands, such as ``recipe 3 of 12, about 2 h 10 min left``.

    Parameters
    ----------
    recipes
        All of the queue.
    number
        Which of them is next, from 1; those before it are done.
    runs
        Holds the folders of cross-validations, ``NAME-crossval``.
    results
        Holds the JSON files of what was measured.
    """
    known = [_seconds_left(Recipe.read(path), runs, results) for path in recipes[number - 1 :]]
    said = f"recipe {number} of {len(recipes)}"
    if all(left is None for left in known):
        return said
    unknown = known.count(None)
    beside = f" without {unknown} of which nothing is known" if unknown else ""
    return f"{said}, {about(sum(left or 0 for left in known))} left{beside}"


def _seconds_left(recipe: Recipe, runs: Path, results: Path) -> float | None:
    """Of one recipe: by its own finished folds, else by what it took when it was measured with the same settings."""
    home = runs / f"{recipe.name}-crossval"
    if (home / PLAN).is_file():
        plan = json.loads((home / PLAN).read_text(encoding="utf-8"))
        waiting = [name for name in plan["costs"] if not (home / name / PREDICTIONS).is_file()]
        taken = {name: seconds for name in plan["costs"] if (seconds := read_seconds(home / name)) is not None}
        left = time_left(plan["costs"], taken, waiting, plan["beside"])
        if left is not None:
            return left
    result = results / f"{recipe.name}.json"
    measured = json.loads(result.read_text(encoding="utf-8")) if result.is_file() else {}
    if measured.get("recipe_hash") != recipe.hash:
        return None
    if (home / PREDICTIONS).is_file():
        return 0.0
    known = [seconds for seconds in measured["seconds"].values() if seconds is not None]
    return sum(known) / len(known) * len(measured["seconds"]) if known else None
