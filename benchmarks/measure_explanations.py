"""How faithful explanations are, by recipe: how much sooner an answer fades in the order found than by chance.

    python benchmarks/measure_explanations.py runs/*-crossval --into docs/explain.md

Of each run's folds, clips are explained that the fold was tested on, spread evenly over folds and glosses. A deletion
curve is the answer's probability as the clip is taken away; its area below chance's is what is reported, with a 95 %
bootstrap interval over clips. What was measured of a clip is kept beside the run's name in `--out`, so a measurement
that was stopped goes on. What pages may call attention follows from the file in `--known`, which is written too.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer

from ishara.clips.clip import Clip
from ishara.clips.manifest import Manifest
from ishara.console import console, track
from ishara.errors import IsharaError
from ishara.evaluation.intervals import Array, Estimate, Units, bootstrap
from ishara.evaluation.pages import put_between
from ishara.explain import explain
from ishara.explain.measured import MEASURED
from ishara.recognizer import Recognizer
from ishara.recognizer_folder import CONFIG, INSIDE_RUN
from ishara.training.results import provenance, write_json

RESULT = "measure-explanations.json"
BEGIN, END = "<!-- explanations: begin -->", "<!-- explanations: end -->"
# What was taken away and in what order, by the name of the figure.
FIGURES = {
    "occlusion": ("moments", "occlusion"),
    "attention": ("moments", "attention"),
    "cells": ("cells", "occlusion"),
}
# Of how things are taken away; what was kept of another way is measured again.
_METHOD = 1
# A clip that has too few frames or parts to take away has no curve.
_LEAST_FRAMES = 4


def folds_of(run: Path) -> list[Path]:
    """The finished folds of a run."""
    found = sorted(folder.parent.parent for folder in run.glob(f"*/{INSIDE_RUN}/{CONFIG}"))
    if not found:
        raise IsharaError(f"{run}: holds no fold with a recogniser; `ishara crossval RECIPE` makes them.")
    return found


def chosen(fold: Path, number: int) -> list[Clip]:
    """Clips that a fold was tested on, evenly over its table, which is by gloss."""
    table = sorted(Manifest.read(fold / "manifest.csv").where(pl.col("split") == "test"), key=lambda clip: clip.gloss)
    places = np.unique(np.linspace(0, len(table) - 1, min(number, len(table))).round().astype(int))
    return [table[place] for place in places]


def measure(recognizer: Recognizer, clip: Clip) -> dict[str, Any]:
    """By how much each order's deletion curve lies below chance's on one clip, and the same of insertion."""
    pose = recognizer.landmarks(clip.path, clip.start, clip.end)
    found = explain(recognizer, pose, clip.id)
    row: dict[str, Any] = {
        "clip": clip.id,
        "right": found.prediction is not None and found.prediction.gloss == clip.gloss,
    }
    if found.prediction is None or len(found.prediction.times) < _LEAST_FRAMES:
        return row
    for name, (what, order) in FIGURES.items():
        row[name] = found.ahead(what, order)
        own = found.curves.get(what, {})
        if order in own:
            row[f"{name}_insertion"] = own[order].insertion_area - own["random"].insertion_area
            row[f"{name}_area"], row[f"{name}_chance"] = own[order].deletion_area, own["random"].deletion_area
    return row


def rows_of(run: Path, number: int, keep: Path) -> Iterator[dict[str, Any]]:
    """What was measured of each clip, from the file that keeps it where it is there."""
    folds = folds_of(run)
    keep.parent.mkdir(parents=True, exist_ok=True)
    kept = [json.loads(line) for line in keep.read_text().splitlines()] if keep.is_file() else []
    known = {(row["method"], row["fold"], row["model"], row["clip"]): row for row in kept}
    each = -(-number // len(folds))
    for fold in track(run.name, folds):
        recognizer = Recognizer.load(fold)
        model = recognizer.config.files[recognizer.config.graph[0]][:12]
        for clip in chosen(fold, each):
            row = known.get((_METHOD, fold.name, model, clip.id))
            if row is None:
                row = {"method": _METHOD, "fold": fold.name, "model": model, **measure(recognizer, clip)}
                with keep.open("a") as file:
                    file.write(json.dumps(row) + "\n")
            yield row


def margin(rows: list[dict[str, Any]], name: str) -> Estimate | None:
    """The mean of a figure over clips; a clip that several folds tested is resampled as one."""
    table = pl.DataFrame([{"clip": row["clip"], "signer": None, "group": None, "value": row[name]} for row in rows
                          if row.get(name) is not None])  # fmt: skip
    if table.is_empty():
        return None
    values = table["value"].to_numpy().astype(np.float64)

    def mean(weights: Array) -> Array:
        return (weights @ values / weights.sum(axis=1))[:, None]

    return bootstrap(mean, Units.of_table(table, only="clip"))[0]


def figures(run: Path, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What is published of a run."""
    recipe = Recognizer.load(folds_of(run)[0]).recipe
    names = [f"{name}{ending}" for name in FIGURES for ending in ("", "_insertion", "_area", "_chance")]
    found = {name: margin(rows, name) for name in names}
    return {
        "recipe": recipe.name,
        "recipe_hash": recipe.hash,
        "model": recipe.model.name,
        "folds": len({row["fold"] for row in rows}),
        "clips": len({row["clip"] for row in rows}),
        "right": float(np.mean([row["right"] for row in rows])),
        **{name: None if estimate is None else estimate.model_dump(mode="json") for name, estimate in found.items()},
    }


def known_of(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """What pages are told, by the recipe's hash; nothing of a recipe of which an interval is missing."""
    return {
        run["recipe_hash"]: {"recipe": run["recipe"], "clips": run["clips"]}
        | {name: {"value": run[name]["value"]} | {end: run[name]["interval"][end] for end in ("low", "high")}
           for name in FIGURES}
        for run in runs
        if all(run[name] and run[name]["interval"] for name in FIGURES)
    }  # fmt: skip


def table_of(runs: list[dict[str, Any]]) -> str:
    """The figures as a table in Markdown."""
    lines = [
        "| recipe | clips | moments, order found | moments, attention | parts at moments |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{run['recipe']}` | {run['clips']} | " + " | ".join(map(_cell, (run[n] for n in FIGURES))) + " |"
        for run in runs
    ]
    return "\n".join(lines)


def _cell(estimate: dict[str, Any] | None) -> str:
    if estimate is None or estimate["interval"] is None:
        return "–"
    low, high = (100 * estimate["interval"][end] for end in ("low", "high"))
    return (
        f"{'**' if low > 0 else ''}{100 * estimate['value']:+.1f}{'**' if low > 0 else ''} ({low:+.1f} to {high:+.1f})"
    )


def main(
    runs: Annotated[list[Path], typer.Argument(help="Folders of `ishara crossval`, of models of landmarks.")],
    clips: Annotated[int, typer.Option(min=2, help="Clips of each run, over all of its folds.")] = 200,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder that keeps what is measured.")] = Path(
        "runs/explanations"
    ),
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
    known: Annotated[Path, typer.Option(help="What the pages of `ishara explain` are told.")] = MEASURED,
    into: Annotated[Path | None, typer.Option(help="A Markdown page whose table to renew.")] = None,
) -> None:
    """Measure what is missing and write the figures of all runs given."""
    found = []
    for run in runs:
        rows = list(rows_of(run, clips, out / f"{run.resolve().name}.jsonl"))
        found.append(figures(run, rows))
    console.print(f"Figures: {write_json(results / RESULT, {'runs': found, **provenance()})}", highlight=False)
    known.write_text(json.dumps(known_of(found), indent=1) + "\n", encoding="utf-8")
    if into is not None:
        put_between(into, BEGIN, END, table_of(found))


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
