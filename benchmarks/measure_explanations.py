"""How faithful explanations are, by recipe: how much sooner an answer fades in the order found than by chance.

    python benchmarks/measure_explanations.py runs/*-crossval --into docs/explain.md

Of each run's folds, clips are explained that the fold was tested on, spread evenly over folds and glosses. A deletion
curve is the answer's probability as the clip is taken away; its area below chance's is what is reported, with a 95 %
bootstrap interval over clips. What was measured of a clip is kept beside the run's name in `--out`, so a measurement
that was stopped goes on. What pages may call attention follows from the file in `--known`, which is written too. Runs
that were measured before and are not given keep their figures in all three.
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
from ishara.explain.measured import MEASURED, learning_hash
from ishara.recognizer import Recognizer
from ishara.recognizer.folder import CONFIG, INSIDE_RUN
from ishara.training.results import provenance, write_json

RESULT = "measure-explanations.json"
BEGIN, END = "<!-- explanations: begin -->", "<!-- explanations: end -->"
# What was taken away and in what order, by the name of the figure.
FIGURES = {
    "occlusion": ("moments", "occlusion"),
    "attention": ("moments", "attention"),
    "cells": ("cells", "occlusion"),
}
# Of the table, by the name of the figure.
COLUMNS = {
    "occlusion": "moments, order found",
    "occlusion_insertion": "the same, put back",
    "attention": "moments, attention",
    "cells": "parts at moments",
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
        "learning_hash": learning_hash(recipe),
        "model": recipe.model.name,
        "folds": len({row["fold"] for row in rows}),
        "clips": len({row["clip"] for row in rows}),
        "right": float(np.mean([row["right"] for row in rows])),
        **{name: None if estimate is None else estimate.model_dump(mode="json") for name, estimate in found.items()},
    }


def known_of(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """What pages are told, by `learning_hash`; nothing of a recipe of which an interval is missing."""
    return {
        run["learning_hash"]: {"recipe": run["recipe"], "clips": run["clips"]}
        | {name: {"value": run[name]["value"]} | {end: run[name]["interval"][end] for end in ("low", "high")}
           for name in FIGURES}
        for run in runs
        if all(run[name] and run[name]["interval"] for name in FIGURES)
    }  # fmt: skip


def merged(path: Path, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The runs that a file of figures holds, with these in place of those of the same recipes, or after them."""
    old = json.loads(path.read_bytes())["runs"] if path.is_file() else []
    return list(({run["recipe_hash"]: run for run in old} | {run["recipe_hash"]: run for run in runs}).values())


def tell(known: Path, runs: list[dict[str, Any]]) -> None:
    """Tell pages what was measured of these runs, beside what they are told of others."""
    old = json.loads(known.read_bytes()) if known.is_file() else {}
    # Of a run that was measured again and now lacks an interval, nothing is told any more.
    kept = {key: told for key, told in old.items() if key not in {run["learning_hash"] for run in runs}}
    write_json(known, kept | known_of(runs))


def table_of(runs: list[dict[str, Any]]) -> str:
    """The figures as a table in Markdown."""
    lines = [
        f"| recipe | clips | {' | '.join(COLUMNS.values())} |",
        f"|---|---|{'---|' * len(COLUMNS)}",
    ]
    lines += [
        f"| `{run['recipe']}` | {run['clips']} | " + " | ".join(map(_cell, (run[n] for n in COLUMNS))) + " |"
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
    """Measure what is missing and write the figures of all runs given, beside those of other runs."""
    found = []
    for run in runs:
        rows = list(rows_of(run, clips, out / f"{run.resolve().name}.jsonl"))
        found.append({**figures(run, rows), **provenance()})
    everything = merged(results / RESULT, found)
    console.print(f"Figures: {write_json(results / RESULT, {'runs': everything})}", highlight=False)
    tell(known, found)
    if into is not None:
        put_between(into, BEGIN, END, table_of(everything))


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
