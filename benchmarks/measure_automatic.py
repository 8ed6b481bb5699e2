"""How near the recipe that `ishara train` chooses by itself comes to one that was made by hand for a corpus.

    python benchmarks/measure_automatic.py recipes/{fingerspelling,wlasl50,isl30}-conv-transformer.yaml


With `--into docs/automatic.md` it writes the page's table. Of the recipe made by hand the clips, the split and the
folds are taken, and of its seeds those asked for; all else is chosen from the clips. Both are tested on the same clips.
Stopped, it goes on where it was. The choice looks at landmarks and at how many clips and signers there are, never at
how well anything is recognised.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from ishara.console import errors
from ishara.errors import IsharaError
from ishara.evaluation.compare import compare
from ishara.evaluation.metrics import summarise
from ishara.evaluation.pages import put_between
from ishara.evaluation.predictions import Predictions
from ishara.models.options import model_options, options_of
from ishara.recipe import Recipe
from ishara.training.automatic import automatic_recipe
from ishara.training.automatic.choice import AutomaticRecipe
from ishara.training.progress import shown
from ishara.training.protocol import crossval
from ishara.training.results import per_fold, provenance, write_json
from ishara.training.workers import Workers

RESULT = "measure-automatic.json"
BEGIN, END = "<!-- automatic: begin -->", "<!-- automatic: end -->"
# It must come within so many points of the recipe made by hand.
MOST_LOST = 2.0
# What says which clips are tested, and is the same for both.
_SHARED = ("data", "split")


def chosen_for(tuned: Recipe) -> tuple[AutomaticRecipe, Recipe]:
    """What is chosen for a recipe's clips, and the recipe of it on the same folds."""
    assert tuned.data.root is not None
    found = automatic_recipe(Path(tuned.data.root), corpus=tuned.data.corpus)
    shared = {name: getattr(tuned, name) for name in _SHARED}
    train = found.recipe.train.model_copy(update={"threads": 1})
    name = f"{tuned.name}-automatic"
    return found, found.recipe.model_copy(update={**shared, "name": name, "protocol": tuned.protocol, "train": train})


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """All that makes a difference to what is learnt, defaults filled in."""
    values = recipe.model_dump(mode="json", exclude={"name", "description"})
    values["model"]["options"] = model_options(recipe.model.name, options_of(recipe)).model_dump(mode="json")
    values["train"]["threads"] = values["protocol"]["seeds"] = None
    return values


def measure(path: Path, seeds: list[int], runs: Path, workers: Workers) -> dict[str, Any]:
    """The figures of one corpus."""
    tuned = Recipe.read(path)
    found, automatic = chosen_for(tuned)
    automatic = automatic.with_overrides([f"protocol.seeds={seeds}"])
    # All of its seeds, for the folder is the recipe's own.
    by_hand = _run(tuned, runs / f"{tuned.name}-crossval", workers).where(pl.col("seed").is_in(seeds))
    same = settings_of(tuned) == settings_of(automatic)
    by_itself = by_hand if same else _run(automatic, runs / f"{automatic.name}-crossval", workers)
    compared = compare(by_hand, by_itself)
    return {
        "recipe": tuned.name,
        "recipe_hash": tuned.hash,
        "automatic_hash": automatic.hash,
        "same": same,
        "chosen": {choice.key: {"value": choice.value, "why": choice.reason} for choice in found.choices},
        "seeds": seeds,
        "tuned": _figures(by_hand),
        "automatic": _figures(by_itself),
        "difference": compared.top1.difference.model_dump(mode="json"),
        "folds": per_fold(by_itself),
    }


def _run(recipe: Recipe, folder: Path, workers: Workers) -> Predictions:
    errors.print(f"[bold]{recipe.name}[/]", highlight=False)
    with shown(bar=False) as report:
        return crossval(recipe, folder, workers=workers, report=report).predictions


def _figures(predictions: Predictions) -> dict[str, Any]:
    return summarise(predictions).top1.model_dump(mode="json")


def page(measured: list[dict[str, Any]]) -> str:
    """A table, in Markdown."""
    lines = [
        "| corpus | seeds | made by hand | chosen by itself | difference (95 %) |",
        "|---|---|---|---|---|",
    ]
    for row in measured:
        difference, interval = row["difference"], row["difference"]["interval"]
        between = f" ({100 * interval['low']:+.1f} to {100 * interval['high']:+.1f})" if interval else ""
        own = "the same recipe" if row["same"] else f"{row['automatic']['value']:.1%}"
        cells = (
            f"`{row['recipe']}`", str(len(row["seeds"])), f"{row['tuned']['value']:.1%}", own,
            f"{100 * difference['value']:+.1f}{between}",
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main(
    recipes: Annotated[list[Path], typer.Argument(help="Recipes made by hand.", metavar="RECIPE…")],
    seeds: Annotated[list[int] | None, typer.Option("--seed", help="Which seeds; 0 by default.")] = None,
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
    runs: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs"),
    into: Annotated[Path | None, typer.Option(help="A page with a place for the table.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Folds beside each other.")] = 1,
) -> None:
    """Measure it, and say where it falls short."""
    measured = [measure(path, seeds or [0], runs, Workers(jobs)) for path in recipes]
    print(write_json(results / RESULT, {"corpora": measured, **provenance()}))
    if into is None:
        print(page(measured))
    else:
        put_between(into, BEGIN, END, f"\n{page(measured)}\n")
    short = [row["recipe"] for row in measured if 100 * row["difference"]["value"] < -MOST_LOST]
    if short:
        raise IsharaError(f"More than {MOST_LOST:g} points below the recipe made by hand: {', '.join(short)}.")


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
