"""Inference in one run: against the notebook's and `transformers`' models, cold starts, features, and how cost grows.

    python benchmarks/bench_inference.py --threads 2 --rounds 7

A round is one turn of each, in an order that changes; ratios are taken within a round. The notebook's models and ours
have the same weights, none of which is what it was made with, and their logits are compared; so are those of trained
recognisers in PyTorch and on ONNX Runtime, on real clips. `--run` names a trained run, whose accuracy in 8 bits is
measured on its own test side.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.table import Table

from inference import contests, costs
from inference.race import misses
from ishara.console import console, errors
from ishara.errors import IsharaError
from ishara.training.results import provenance, write_json

RESULT = "bench-inference.json"
USUAL_ROUNDS = 7
_RUNS = "wlasl50-spoter-crossval/*/recognizer"
PARTS = {
    "fixed": "BdSL-SPOTER and SPOTER against the notebook's, 16 clips of 100 frames and 1",
    "trained": "Trained recognisers in PyTorch and on ONNX Runtime",
    "lengths": "BdSL-SPOTER over the real lengths of wlasl50",
    "timesformer": "TimeSformer against transformers'",
    "int8": "A trained recogniser in 8 bits against fp32",
    "features": "Features of 1,000 clips",
    "starts": "Cold starts",
    "growth": "How cost grows with clips and frames",
}


def measure(
    home: Path, settings: contests.Settings, run: Path | None, parts: list[str]
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """What was measured, part by part, and what was left out, with the reason."""
    bdsl, spoter = (contests.Twins(name, home, settings.threads) for name in ("bdsl_spoter", "spoter"))
    todo: dict[str, list[Callable[[], dict[str, Any]]]] = {
        "fixed": [
            lambda: contests.fixed(bdsl, contests.BATCH, settings),
            lambda: contests.fixed(bdsl, 1, settings),
            lambda: contests.fixed(spoter, contests.BATCH, settings),
            lambda: contests.fixed(spoter, 1, settings),
        ],
        "trained": [
            lambda: contests.trained(contests.packaged_run()),
            lambda: contests.trained(_chosen(run)),
        ],
        "lengths": [lambda: contests.real_lengths(bdsl, settings)],
        "timesformer": [lambda: contests.timesformer(home, settings)],
        "int8": [lambda: contests.reduced(_chosen(run), home, settings)],
        "features": [lambda: costs.features(settings.clips, settings.rounds)],
        "starts": [lambda: costs.starts(bdsl.onnx, home, settings.rounds)],
        "growth": [lambda: costs.growth(bdsl.onnx, settings.rounds)],
    }
    found: list[dict[str, Any]] = []
    left_out: dict[str, str] = {}
    for part in PARTS:
        if part not in parts:
            left_out[part] = "not asked for"
            continue
        console.print(f"{part} …", highlight=False)
        try:
            found += [work() for work in todo[part]]
        except IsharaError as error:
            left_out[part] = str(error)
            errors.print(f"Left out {part}: {error}", highlight=False, soft_wrap=True)
    return found, left_out


def _chosen(run: Path | None) -> Path:
    """A trained run: the one that is named, or the first of wlasl50's."""
    run = run or next(iter(sorted(Path("runs").glob(_RUNS))), None)
    if run is None:
        raise IsharaError(
            "There is no trained run of wlasl50; `ishara crossval recipes/wlasl50-spoter.yaml` makes some."
        )
    return run


def _show(figures: list[dict[str, Any]]) -> None:
    table = Table("", "measured", "lowest to highest", "required", "")
    for row in figures:
        spread, unit = row["measured"], row["unit"]
        bound = "" if row["met"] is None else f"≥ {row['at_least']:g}" if row["at_least"] else f"≤ {row['at_most']:g}"
        mark = {None: "", True: "met", False: "missed"}[row["met"]]
        between = f"{spread['low']:.3g} to {spread['high']:.3g}"
        table.add_row(row["name"], f"{spread['median']:.3g} {unit}", between, bound, mark)
    console.print(table)


def main(
    threads: Annotated[int, typer.Option(min=1, help="Threads of each.")] = 2,
    rounds: Annotated[int, typer.Option(min=1, help="Turns of each that are counted.")] = USUAL_ROUNDS,
    clips: Annotated[int, typer.Option(min=16, help="Of a corpus, and of generated features, at most.")] = 1000,
    only: Annotated[list[str] | None, typer.Option(help=f"Parts to measure: {', '.join(PARTS)}.")] = None,
    run: Annotated[Path | None, typer.Option(help="A trained run of landmarks, for 8 bits.")] = None,
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
) -> None:
    """Measure and write what was found; exits with 1 where a bound is missed."""
    parts = only or list(PARTS)
    if wrong := [part for part in parts if part not in PARTS]:
        raise IsharaError(f"--only {wrong[0]}: there is no such part; choose from {', '.join(PARTS)}.")
    torch.set_num_threads(threads)
    settings = contests.Settings(rounds, threads, clips)
    with tempfile.TemporaryDirectory() as home:
        measured, left_out = measure(Path(home), settings, run, parts)
    figures = [row for part in measured for row in part["figures"]]
    _show(figures)
    content = {
        "threads": threads, "rounds": rounds, "short": rounds < USUAL_ROUNDS or clips < 1000,
        "parts": measured, "left_out": left_out, **provenance(),
    }  # fmt: skip
    console.print(f"Figures: {write_json(results / RESULT, content)}", highlight=False)
    if found := misses(figures):
        raise IsharaError(" ".join(found))


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
