"""Is one recipe better than another on the same folds? For each pair that `benchmarks/targets.yaml` names.

    python benchmarks/measure_comparisons.py

Writes ``results/measure-comparison-A-B.json`` from the predictions in ``runs/A-crossval`` and ``runs/B-crossval`` (a
notebook's baseline is in ``runs/A-notebook``). A pair of which a run is not finished is left out, and said so. Where A
was measured on some of the folds alone, B's predictions of these folds are taken, and the file says of how many.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from ishara.console import errors
from ishara.errors import IsharaError
from ishara.evaluation.compare import compare
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.run import PREDICTIONS
from ishara.training.results import provenance, write_json
from targets import comparison_file, read_targets

_NOTEBOOK = "-notebook"


def predictions_of(runs: Path, name: str) -> Path:
    """Where a recipe's folds, or the notebook's on them, leave what they predicted."""
    return runs / (name if name.endswith(_NOTEBOOK) else f"{name}-crossval") / PREDICTIONS


def compared(runs: Path, results: Path, a: str, b: str) -> dict[str, Any]:
    """All of a comparison, ready for JSON."""
    first, second = (Predictions.read(predictions_of(runs, name)) for name in (a, b))
    folds, there = first.table["fold"].n_unique(), second.table["fold"].n_unique()
    if folds < there:
        second = second.where(pl.col("fold").is_in(first.table["fold"].unique().to_list()))
    found = compare(first, second, name_a=a, name_b=b)
    seeds = {name: sorted(part.table["seed"].unique()) for name, part in ((a, first), (b, second))}
    of = max(there, _folds_measured(results / f"{b}.json"))
    return {**found.model_dump(mode="json"), "seeds": seeds, "folds": [folds, of], **provenance()}


def _folds_measured(result: Path) -> int:
    """Of how many folds a recipe's result is: its run may be of fewer, made once more for a comparison."""
    return len(json.loads(result.read_text(encoding="utf-8"))["folds"]) if result.is_file() else 0


def main(
    runs: Annotated[Path, typer.Option(help="Holds the folders of cross-validations.")] = Path("runs"),
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
) -> None:
    """Compare every pair whose runs are finished."""
    pairs = [target.compare for part in read_targets() for target in part.rows if target.compare is not None]
    for a, b in pairs:
        missing = [str(path) for name in (a, b) if not (path := predictions_of(runs, name)).is_file()]
        if missing:
            errors.print(f"Left out: {b} against {a}. Not there: {', '.join(missing)}", highlight=False)
            continue
        written = write_json(results / comparison_file(a, b), compared(runs, results, a, b))
        print(written)


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
