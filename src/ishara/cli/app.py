"""The `ishara` program: its entry point, and what its commands share."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ishara import __version__
from ishara.cli.commands import Commands
from ishara.console import console

if TYPE_CHECKING:
    from ishara.recipe import Recipe

RUNS = Path("runs")
RESULTS = Path("results")
RECIPES = Path("recipes")
MANIFEST = "manifest.csv"

app = typer.Typer(
    cls=Commands,
    help="Ishara turns a video of a signed word into its gloss: train a recogniser on your clips, measure it, use it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

Overrides = Annotated[list[str] | None, typer.Argument(help="Changes of the recipe, such as train.max_epochs=50.")]
RecipePath = Annotated[Path, typer.Argument(help="A recipe (YAML).", metavar="RECIPE")]
ModelPath = Annotated[
    Path,
    typer.Argument(
        help="A run or recogniser folder, or the name of a recogniser that comes with Ishara.", metavar="MODEL"
    ),
]
Restart = Annotated[bool, typer.Option("--restart", help="Throw away the run that the folder holds, and begin again.")]


def main() -> None:
    """Run the command line; the exit code is 0, 1 for a mistake, 2 for wrong usage, 130 after Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A gloss that the terminal cannot show is no reason to stop.
            stream.reconfigure(errors="backslashreplace")
    app()


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    if version:
        console.print(f"ishara {__version__}", highlight=False)
        raise typer.Exit


def read_recipe(path: Path, overrides: list[str] | None) -> Recipe:
    """A recipe with its overrides, its names checked before anything long begins."""
    from ishara.recipe import Recipe
    from ishara.training.preflight import check_names

    recipe = Recipe.read(path, overrides or [])
    check_names(recipe)
    return recipe
