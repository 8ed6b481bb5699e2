"""Which signs a recipe's folds confuse, and whose: from the predictions of `ishara crossval`.

    python benchmarks/measure_errors.py runs/isl30-conv-transformer-crossval

Writes ``results/measure-errors-NAME.json``; `benchmarks/errors_page.py` makes the page of all of them. Two kinds of
error are told apart. Where a signer's (or language's) clips of a gloss are nearly all taken for others, that signer
signs another form of it than those who were learnt from, which no choice of model can know. What is left is confused
now and then by many. What a corpus knows of a clip beside that, such as where the camera stood, is counted where
`benchmarks/errors.yaml` names it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
import yaml

from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.run import PREDICTIONS
from ishara.training.results import provenance, write_json

STUDY = Path(__file__).with_name("errors.yaml")
# Of each column of a manifest, the values that make up each condition, by the condition's name.
Conditions = dict[str, dict[str, list[str]]]

_PAIRS, _CELLS = 12, 12
# A signer's clips of a gloss of which at most this share is right are another form of the sign, or nothing like it.
_OTHER_FORM = 0.2
# With fewer clips (each counted once, not for each seed), a signer's share of a gloss says nothing.
_FEWEST = 3
_LENGTHS = ("shortest third", "middle third", "longest third")


def errors_of(
    predictions: Predictions, manifest: Manifest | None = None, conditions: Conditions | None = None
) -> dict[str, Any]:
    """The figures of one table; by conditions of the manifest's columns, where both are given."""
    table = predictions.table.with_columns(
        wrong=pl.col("gloss") != pl.col("predicted"), who=pl.coalesce("group", "signer")
    )
    wrong = table.filter(pl.col("wrong"))
    cells = _cells(table)
    unseen = cells.filter(pl.col("right") <= _OTHER_FORM * pl.col("clips"))
    return {
        "predictions": len(table),
        "errors": len(wrong),
        "seeds": sorted(table["seed"].unique()),
        "pairs": _pairs(table, wrong),
        "other_forms": {
            "cells": len(unseen),
            "of": len(cells),
            "errors": int((unseen["clips"] - unseen["right"]).sum()),
            "most": unseen.sort("clips", "right", "gloss", descending=[True, False, False]).head(_CELLS).to_dicts(),
        },
        "by_length": _by_length(table),
        "by_who": _shares(table.filter(pl.col("who").is_not_null()), "who"),
        "by_gloss": _shares(table, "gloss"),
        "by_condition": _by_condition(table, manifest, conditions) if manifest and conditions else [],
    }


def _cells(table: pl.DataFrame) -> pl.DataFrame:
    """A row for each signer (or language) and gloss: clips, right ones, and what the others were mostly taken for."""
    known = table.filter(pl.col("who").is_not_null())
    return (
        known.group_by("gloss", "who")
        .agg(
            recordings=pl.col("clip").n_unique(),
            clips=pl.len(),
            right=(~pl.col("wrong")).sum(),
            taken_for=pl.col("predicted").filter(pl.col("wrong")).mode().sort().first(),
        )
        .filter(pl.col("recordings") >= _FEWEST)
        .drop("recordings")
        .sort("gloss", "who")
    )


def _pairs(table: pl.DataFrame, wrong: pl.DataFrame) -> list[dict[str, Any]]:
    """The glosses taken for each other most, either way, with who signed those clips."""
    named = wrong.with_columns(a=pl.min_horizontal("gloss", "predicted"), b=pl.max_horizontal("gloss", "predicted"))
    pairs = named.group_by("a", "b").agg(count=pl.len()).sort("count", "a", "b", descending=[True, False, False])
    sizes = dict(table.group_by("gloss").len().iter_rows())
    rows = []
    for pair in pairs.head(_PAIRS).iter_rows(named=True):
        of = named.filter((pl.col("a") == pair["a"]) & (pl.col("b") == pair["b"]))
        by = of.filter(pl.col("who").is_not_null()).group_by("who").len().sort("len", "who", descending=[True, False])
        rows.append(
            pair
            | {
                "a_as_b": len(of.filter(pl.col("gloss") == pair["a"])),
                "a_clips": sizes.get(pair["a"], 0),
                "b_clips": sizes.get(pair["b"], 0),
                "by": dict(by.iter_rows()),
            }
        )
    return rows


def _by_length(table: pl.DataFrame) -> list[dict[str, Any]]:
    """Accuracy by thirds of the clips' lengths, as the model sees them; nothing where most are of one length."""
    known = table.filter(pl.col("frames").is_not_null())
    if known.is_empty() or known["frames"].quantile(1 / 3) == known["frames"].quantile(2 / 3):
        return []
    third = (pl.col("frames").rank("ordinal") - 1) * len(_LENGTHS) // len(known)
    counted = known.group_by(third.alias("third")).agg(
        clips=pl.len(), right=(~pl.col("wrong")).sum(), low=pl.col("frames").min(), high=pl.col("frames").max()
    )
    return [{"name": _LENGTHS[row.pop("third")]} | row for row in counted.sort("third").iter_rows(named=True)]


def _by_condition(table: pl.DataFrame, manifest: Manifest, conditions: Conditions) -> list[dict[str, Any]]:
    """Clips and right ones of each condition, in the order in which they are named."""
    rows = []
    for column, named in conditions.items():
        if column not in manifest.table.columns:
            raise IsharaError(f"{STUDY.name}: it counts errors by {column}, and the run's manifest has no such column.")
        known = table.join(manifest.table.select("id", pl.col(column).cast(pl.String)), left_on="clip", right_on="id")
        for name, values in named.items():
            clips = known.filter(pl.col(column).is_in(values))
            rows.append({"name": name, "clips": len(clips), "right": int((~clips["wrong"]).sum())})
    return rows


def _shares(table: pl.DataFrame, column: str) -> list[dict[str, Any]]:
    """Clips and right ones of each value, the worst first."""
    counted = table.group_by(column).agg(clips=pl.len(), right=(~pl.col("wrong")).sum())
    worst_first = counted.sort(pl.col("right") / pl.col("clips"), column).rename({column: "name"})
    return worst_first.to_dicts()


def main(
    runs: Annotated[list[Path], typer.Argument(help="Folders of `ishara crossval`.")],
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
) -> None:
    """Measure the errors of each run."""
    conditions = yaml.safe_load(STUDY.read_text(encoding="utf-8"))["conditions"]
    for run in runs:
        name = run.resolve().name.removesuffix("-crossval")
        # Every fold's manifest has all clips.
        manifest = Manifest.read(next(iter(sorted(run.glob("*/manifest.csv")))))
        found = errors_of(Predictions.read(run / PREDICTIONS), manifest, conditions.get(name))
        print(write_json(results / f"measure-errors-{name}.json", {"recipe": name, **found, **provenance()}))


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
