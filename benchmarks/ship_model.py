"""Train a recogniser that comes with Ishara and put it into the package.

    python benchmarks/ship_model.py recipes/fingerspelling-spoter.yaml fingerspelling

It learns from all clips; its card takes the accuracy from what `ishara crossval` wrote of the same recipe.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from ishara.console import console
from ishara.errors import IsharaError
from ishara.recipe import Recipe
from ishara.recognizer.names import PRETRAINED
from ishara.training.ship import ship


def main(
    recipe: Annotated[Path, typer.Argument(help="Of a corpus that may be given on.")],
    name: Annotated[str, typer.Argument(help="What the recogniser will be called.")],
    results: Annotated[Path, typer.Option(help="Where its cross-validation's figures are.")] = Path("results"),
    run: Annotated[Path | None, typer.Option(help="The run folder; runs/NAME-shipped by default.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where recognisers are shipped from.")] = PRETRAINED,
) -> None:
    """Train, export, and replace the one that ships now."""
    chosen = Recipe.read(recipe)
    fresh = out / f"{name}-new"
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        # Named as it will be, beside the one that is there until this one is whole.
        made = ship(chosen, results / f"{chosen.name}.json", fresh / name, run or Path("runs") / f"{name}-shipped")
        shutil.rmtree(out / name, ignore_errors=True)
        made.folder.replace(out / name)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    size = sum(path.stat().st_size for path in (out / name).iterdir())
    console.print(f"{out / name}: {size / 1e6:.1f} MB", highlight=False)


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
