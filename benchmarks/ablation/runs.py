"""Run a plan, a corpus and a change at a time, and say what each change makes of the accuracy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ablation.plan import Change, Plan
from ishara.console import errors
from ishara.evaluation.compare import compare
from ishara.evaluation.ensemble import average
from ishara.evaluation.metrics import summarise
from ishara.evaluation.predictions import Predictions
from ishara.recipe import Recipe
from ishara.training.progress import shown
from ishara.training.protocol import crossval
from ishara.training.results import per_fold, per_seed
from ishara.training.workers import Workers
from looks import with_views

BASE = "base"
VIEWS = 8
# What is averaged with the recipe, by the changes that it needs: features beside others, and a stream of their own.
STREAMS = {
    "bone-vectors": "as many seeds of it and of that with bone vectors, averaged",
    "only-bone-vectors": "as many seeds of it and of bone vectors alone, averaged",
}


def measure(
    plan: Plan, corpus: str, out: Path, workers: Workers, earlier: Mapping[str, Any] | None = None
) -> Iterator[dict[str, Any]]:
    """What is known of a corpus after each of its changes is measured; the last is everything.

    `earlier` is what was known when the runs were lost: where the recipe itself comes out the same once more, changes
    that were measured against it are not measured again.
    """
    folder = out / corpus
    base = run(plan.base(corpus), folder / BASE, BASE, workers)
    known: dict[str, Any] = {
        "recipe": plan.corpora[corpus].recipe.stem,
        "recipe_hash": plan.base(corpus).hash,
        "overrides": list(plan.corpora[corpus].overrides),
        "folds": per_fold(base),
        "base": _figures(base),
        "changes": [],
    }
    changes = list(plan.changed(corpus))
    rows = _kept(known, changes, earlier or {})
    known["changes"] = [rows[change.slug] for change, _ in changes if change.slug in rows]
    yield known
    changed: dict[str, Predictions] = {}
    for change, recipe in changes:
        if change.slug in rows and change.slug not in STREAMS:
            continue
        changed[change.slug] = predictions = run(recipe, folder / change.slug, change.name, workers)
        row = {"name": change.name, "group": change.group, "overrides": list(change.overrides)}
        rows[change.slug] = row | against(base, predictions) | {"folds": per_fold(predictions)}
        known["changes"] = [rows[other.slug] for other, _ in changes if other.slug in rows]
        yield known
    known["together"] = [
        {"name": name} | against(base, predictions) for name, predictions in _together(base, changed, folder / BASE)
    ]
    yield known


def _kept(
    known: Mapping[str, Any], changes: Sequence[tuple[Change, Recipe]], earlier: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """The earlier rows of changes, if they were compared with what the recipe is now."""
    if any(earlier.get(key) != known[key] for key in ("recipe_hash", "overrides", "folds", "base")):
        return {}
    rows = {(row["name"], *row["overrides"]): row for row in earlier["changes"]}
    found = ((change, rows.get((change.name, *change.overrides))) for change, _ in changes)
    return {change.slug: row | {"group": change.group} for change, row in found if row is not None}


def run(recipe: Recipe, folder: Path, name: str, workers: Workers) -> Predictions:
    """Cross-validate a recipe, or what is left of it."""
    errors.print(f"[bold]{folder.parent.name}[/]: {name}", highlight=False)
    with shown(bar=False) as report:
        return crossval(recipe, folder, workers=workers, report=report).predictions


def _together(base: Predictions, changed: dict[str, Predictions], runs: Path) -> Iterator[tuple[str, Predictions]]:
    """What needs more than one model, or more than one look: reported apart from single models."""
    yield "several views of a clip, averaged", with_views(base, runs, VIEWS)
    yield f"{base.table['seed'].n_unique()} seeds, averaged", average([base])
    for slug, name in STREAMS.items():
        if slug in changed:
            yield name, average([base, changed[slug]])


def _figures(predictions: Predictions) -> dict[str, Any]:
    summary = summarise(predictions)
    return {name: getattr(summary, name).model_dump(mode="json") for name in ("top1", "class_top1", "top5")}


def against(base: Predictions, other: Predictions) -> dict[str, Any]:
    """The other's figures, and how far they are from the base's on the same clips."""
    compared = compare(base, other)
    return _figures(other) | {
        "difference": compared.top1.difference.model_dump(mode="json"),
        "p_value": compared.top1.p_value,
        "of_seeds": _of_seeds(base, other),
    }


def _of_seeds(base: Predictions, other: Predictions) -> list[float]:
    """The difference of each seed; nothing where the other has not the same seeds."""
    left, right = ({row["seed"]: row["top1"] for row in per_seed(part)} for part in (base, other))
    return [right[seed] - left[seed] for seed in left] if left.keys() == right.keys() else []
