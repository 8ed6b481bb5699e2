"""How well signs are taught from 1, 3 and 5 clips: 10 of wlasl50's glosses held out of training, three times over.

    python benchmarks/measure_teaching.py --out runs/teaching

For each choice of glosses a recogniser is trained without them (a training that was stopped goes on, a finished one is
used again). Then they are taught to it, over and over, each time from other clips; all their other clips ask. Glosses
and clips are drawn from fixed seeds, and near-identical clips never both teach and ask. How clips are compared, and
when a taught gloss wins against a trained one, was chosen on a fourth choice of glosses, `development`, which is in no
figure but those of the other ways. The baseline is the nearest clip by dynamic time warping of the same features.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from ishara.clips import load_clips
from ishara.clips.leaks import near_duplicates
from ishara.console import console, track
from ishara.errors import IsharaError
from ishara.evaluation.pages import put_between
from ishara.recipe import Recipe
from ishara.training import fit
from ishara.training.results import provenance, write_json
from teaching.page import tables
from teaching.parting import CHOICES, GLOSSES, SHOTS, choose, units
from teaching.trial import Trial, drawings, make, measure, open_set, try_ways, untaught

RESULT = "measure-teaching.json"
BEGIN, END = "<!-- teaching: begin -->", "<!-- teaching: end -->"
RECIPE = Path(__file__).with_name("teaching.yaml")
# Shares that must be reached among the taught glosses, by shots; and those to reach for. Points of top-1 at most lost.
TARGETS = {1: (0.50, 0.60), 3: (0.65, 0.75), 5: (0.69, 0.80)}
MAY_LOSE = 3.0


def mean_of(rows: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each figure over rows that have the same ones."""
    table = list(rows)
    return {name: float(np.mean([row[name] for row in table])) for name in table[0]} if table else {}


def figures(trial: Trial, own: dict[str, list[list[str]]], draws: int) -> dict[str, Any]:
    """What was measured with one choice of glosses, by shots."""
    found: dict[int, list[dict[str, float]]] = {shots: [] for shots in SHOTS}
    strange: dict[int, list[dict[str, float]]] = {shots: [] for shots in SHOTS}
    for shots, number, drawn in track(f"Teaching, {trial.choice.name}", list(drawings(trial, own, draws))):
        found[shots].append(measure(trial, drawn))
        if (row := open_set(trial, drawn, number)) is not None:
            strange[shots].append(row)
    return {
        "glosses": list(trial.choice.glosses),
        "clips": {"taught or asked": int(trial.unknown.sum()), "trained signs tested": int(trial.known.sum())},
        "threshold": trial.threshold,
        "nothing_taught": untaught(trial),
        "shots": {
            str(shots): mean_of(rows)
            | {
                "points_lost": 100 * float(np.mean([row["trained_before"] - row["trained_after"] for row in rows])),
                "among_taught_of_draws": [
                    float(x) for x in np.quantile([r["among_taught"] for r in rows], (0.05, 0.95))
                ],
            }
            for shots, rows in found.items()
        },
        "half_taught": {str(shots): mean_of(rows) for shots, rows in strange.items()},
    }


def together(choices: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The means over the choices of glosses, the lowest and the highest of them, and whether the targets are met."""
    rows: dict[str, Any] = {}
    for shots in map(str, SHOTS):
        each = [choice["shots"][shots] for choice in choices.values()]
        names = [name for name, value in each[0].items() if isinstance(value, float)]
        rows[shots] = {
            name: {
                "mean": float(np.mean([row[name] for row in each])),
                "lowest": min(row[name] for row in each),
                "highest": max(row[name] for row in each),
            }
            for name in names
        }
        least, stretch = TARGETS[int(shots)]
        among, lost = rows[shots]["among_taught"]["mean"], rows[shots]["points_lost"]["mean"]
        rows[shots]["target"] = {
            "among_taught": least,
            "stretch": stretch,
            "points_lost_at_most": MAY_LOSE,
            "met": among >= least and lost <= MAY_LOSE,
            "stretch_met": among >= stretch and lost <= MAY_LOSE,
            "beats_warping": among > rows[shots]["warping_among_taught"]["mean"],
            "beats_warping_among_all": rows[shots]["among_all"]["mean"] > rows[shots]["warping_among_all"]["mean"],
        }
    return rows


def show(rows: Mapping[str, Any]) -> None:
    """Print what decides."""
    table = Table("clips a sign", "among 10 (warping)", "among all", "trained signs lose", "target", "met")
    for shots, row in rows.items():
        among, warped, target = row["among_taught"], row["warping_among_taught"], row["target"]
        table.add_row(
            shots,
            f"{among['mean']:.1%}, {among['lowest']:.1%} to {among['highest']:.1%} ({warped['mean']:.1%})",
            f"{row['among_all']['mean']:.1%}",
            f"{row['points_lost']['mean']:.1f}, {row['points_lost']['highest']:.1f} at most",
            f"{target['among_taught']:.0%} ({target['stretch']:.0%})",
            "yes" if target["met"] else "no",
        )
    console.print(table)


def main(
    recipe: Annotated[Path, typer.Option(help="How the recognisers are trained.")] = RECIPE,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the runs.")] = Path("runs/teaching"),
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
    draws: Annotated[int, typer.Option(min=1, help="Drawings for each choice of glosses and number of clips.")] = 100,
    into: Annotated[Path | None, typer.Option(help="A Markdown page whose tables to renew.")] = None,
) -> None:
    """Train what is missing, measure, and write the figures."""
    chosen = Recipe.read(recipe)
    manifest = load_clips(chosen.data)
    clusters = near_duplicates(manifest)
    own = units(manifest, clusters)
    reported: dict[str, Any] = {}
    tried: dict[str, Any] = {}
    for choice in choose(manifest, chosen, clusters):
        recognizer = fit(chosen, choice.manifest, out / choice.name, title=f"Without {choice.name}")
        trial = make(choice, recognizer)
        if choice.name == CHOICES[0]:
            drawn = list(drawings(trial, own, draws))
            tried = {str(n): mean_of(try_ways(trial, one) for shots, _, one in drawn if shots == n) for n in SHOTS}
        else:
            reported[choice.name] = figures(trial, own, draws)
    rows = together(reported)
    show(rows)
    measured = {
        "recipe": chosen.name,
        "recipe_hash": chosen.hash,
        "model": chosen.model.name,
        "glosses_held_out": GLOSSES,
        "draws": draws,
        "shots": rows,
        "choices": reported,
        "ways_on_development": tried,
        **provenance(),
    }
    console.print(f"Figures: {write_json(results / RESULT, measured)}", highlight=False)
    if into is not None:
        put_between(into, BEGIN, END, tables(measured))


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
