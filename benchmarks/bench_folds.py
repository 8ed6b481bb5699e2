"""How long one fold of each recommended recipe takes, from its clips to the predictions, on all cores of this machine.

    python benchmarks/bench_folds.py

The first fold is trained from the beginning with the first seed, as `ishara crossval` does it without ``--jobs``. A
cross-validation with three seeds takes three times as long as this for each of its folds.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from ishara.console import errors
from ishara.errors import IsharaError
from ishara.recipe import Recipe
from ishara.training.folds import make_folds
from ishara.training.progress import shown
from ishara.training.protocol import crossval
from ishara.training.results import provenance, write_json

RECIPES = tuple(Path(f"recipes/{corpus}-conv-transformer.yaml") for corpus in ("fingerspelling", "isl30", "wlasl50"))
WANTED = 600.0


def timed(recipe: Recipe, home: Path) -> dict[str, Any]:
    """A recipe's first fold and seed: what it is, and the seconds that it took."""
    first, seed = make_folds(recipe)[0], recipe.protocol.seeds[0]
    alone = recipe.with_overrides([f"protocol.only=['{first.name}']", f"protocol.seeds=[{seed}]"])
    with shown(bar=False) as report:
        run = crossval(alone, home / recipe.name, report=report)
    (seconds,) = run.seconds.values()
    clips = first.manifest.table.filter(first.manifest.table["split"] != "test").height
    return {
        "fold": first.name,
        "clips": clips,
        "epochs": recipe.train.max_epochs,
        "refit": recipe.train.refit,
        "seconds": seconds,
    }


def main(
    recipes: Annotated[list[Path] | None, typer.Argument(help="Recipes; the recommended ones by default.")] = None,
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
) -> None:
    """Train a fold of each; exits with 1 where one takes longer than it may."""
    chosen: Sequence[Path] = recipes or RECIPES
    with tempfile.TemporaryDirectory() as home:
        rows = {}
        for path in chosen:
            recipe = Recipe.read(path)
            errors.print(f"[bold]{recipe.name}[/]", highlight=False)
            rows[recipe.name] = timed(recipe, Path(home))
            errors.print(f"{rows[recipe.name]['seconds']:.0f} s", highlight=False)
    content = {"threads": torch.get_num_threads(), "wanted_seconds": WANTED, "recipes": rows, **provenance()}
    print(write_json(results / "bench-folds.json", content))
    late = [name for name, row in rows.items() if row["seconds"] > WANTED]
    if late:
        raise IsharaError(f"A fold of {', '.join(late)} takes longer than {WANTED / 60:.0f} minutes.")


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
