"""How well signs can be told without looking at the signing, on a recipe's own folds and beside its own accuracy.

    python benchmarks/measure_shortcuts.py --into docs/shortcuts.md

For each fold of a recipe's protocol small classifiers learn one thing alone (who signs, the clip's length, when a hand
was missed, the first frame, the framing) from the clips that the recogniser learnt from, and are tested on those that
it was tested on. What the recogniser said is read from what `ishara crossval RECIPE` left in `runs/`. Nothing is
trained but these classifiers: some minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ishara.clips.manifest import Manifest
from ishara.clips.splits import Fold
from ishara.console import console, track
from ishara.errors import IsharaError
from ishara.evaluation.across import check_folds
from ishara.evaluation.pages import put_between
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.protocol_words import folds_of
from ishara.evaluation.run import PREDICTIONS
from ishara.evaluation.shortcuts import ShortcutCheck
from ishara.evaluation.traits import read_traits
from ishara.models.options import sees_pixels
from ishara.recipe import Recipe
from ishara.training.results import provenance, write_json

MANIFEST = "manifest.csv"
RESULT = "measure-shortcuts.json"
BEGIN, END = "<!-- shortcuts: begin -->", "<!-- shortcuts: end -->"
RECIPES = [Path("recipes/fingerspelling-spoter.yaml"), Path("recipes/wlasl50-spoter.yaml")]
_MOST_NAMED = 10


def folds(run: Path) -> list[tuple[Predictions, Manifest]]:
    """What the recogniser of each fold said, of all seeds, and the fold's clips with their sides."""
    said: dict[tuple[str, int], list[tuple[Predictions, Path]]] = {}
    for path in sorted(run.glob(f"*/{PREDICTIONS}")):
        predictions = Predictions.read(path)
        row = predictions.table.row(0, named=True)
        said.setdefault((row["fold"], row["repeat"]), []).append((predictions, path.with_name(MANIFEST)))
    if not said:
        raise IsharaError(f"{run}: holds no predictions of folds; `ishara crossval` writes them.")
    return [
        (Predictions.concat(one for one, _ in seeds), Manifest.read(seeds[0][1])) for _, seeds in sorted(said.items())
    ]


def measure(recipe: Recipe, runs: Path) -> dict[str, Any]:
    """What was found on the folds of one recipe."""
    own = folds(runs / f"{recipe.name}-crossval")
    traits, failures = read_traits(
        own[0][1], recipe, pixels=sees_pixels(recipe), progress=lambda some: track(f"Clips of {recipe.name}", some)
    )
    rows = [(said.table.row(0, named=True), manifest) for said, manifest in own]
    parts = [Fold(row["fold"], manifest, row["repeat"]) for row, manifest in rows]
    check = check_folds(recipe, Predictions.concat(said for said, _ in own), parts, traits, failures)
    if check is None:
        raise IsharaError(f"{runs}: not one fold of {recipe.name} has clips that can be read.")
    return {
        "recipe_hash": recipe.hash,
        "model": recipe.model.name,
        "who": folds_of(recipe),
        "unreadable": sorted(failures),
        "check": check.model_dump(mode="json"),
    }


def text(measured: Mapping[str, Any]) -> str:
    """The page's section on what was measured."""
    return "\n\n".join(_section(name, found) for name, found in measured["recipes"].items())


def _section(name: str, found: Mapping[str, Any]) -> str:
    check = ShortcutCheck.model_validate(found["check"])
    rows = [("**the recogniser, given all**", _percent(check.model), _interval(check.model), "", "")]
    for one in check.shortcuts:
        meaning = (
            one.verdict + (f": {one.why_not}" if one.why_not else "") + (" (not given to it)" if one.hidden else "")
        )
        given = ", ".join(f"`{gloss.gloss}`" for gloss in one.given_away[:_MOST_NAMED])
        more = f" and {len(one.given_away) - _MOST_NAMED} more" if len(one.given_away) > _MOST_NAMED else ""
        figure = (_percent(one.top1), _interval(one.top1)) if one.top1 else ("–", "–")
        rows.append((one.title.lower(), *figure, meaning, given + more or "none"))
    rows.append(("a blind guess", f"{check.blind:.1%}", "", "", ""))
    return "\n".join(
        [
            f"### `{name}`",
            "",
            f"Tested: {found['who']}. {check.tested_on} clips; {check.folds} folds, each with about {check.trained_on}",
            "clips to learn from.",
            "",
            "| given alone | top-1 | 95 % interval | what it means | signs given away |",
            "|---|---|---|---|---|",
            *(f"| {' | '.join(row)} |" for row in rows),
        ]
    )


def _percent(estimate: Any) -> str:
    return "–" if estimate.value is None else f"{estimate.value:.1%}"


def _interval(estimate: Any) -> str:
    ends = estimate.interval
    return f"{ends.low:.1%} to {ends.high:.1%}" if ends else "–"


def main(
    recipes: Annotated[list[Path] | None, typer.Argument(help="Recipes whose cross-validation is in --runs.")] = None,
    runs: Annotated[Path, typer.Option(help="Where `ishara crossval` left its runs.")] = Path("runs"),
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
    into: Annotated[Path | None, typer.Option(help="A Markdown page whose section to renew.")] = None,
) -> None:
    """Measure, and write the figures."""
    found = {}
    for path in recipes or RECIPES:
        recipe = Recipe.read(path)
        found[recipe.name] = measure(recipe, runs)
        for warning in ShortcutCheck.model_validate(found[recipe.name]["check"]).warnings:
            console.print(f"{recipe.name}: {warning}", markup=False, highlight=False, soft_wrap=True)
    measured = {"recipes": found, **provenance()}
    console.print(f"Figures: {write_json(results / RESULT, measured)}", highlight=False)
    if into is not None:
        put_between(into, BEGIN, END, f"\n{text(measured)}\n")


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
