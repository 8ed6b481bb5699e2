"""What several looks at a clip give: a recipe with `inference.views`, against its own recognisers that look once.

    python benchmarks/measure_looks.py [demo-sign2text demo-timesformer]

Needs the folders of `ishara crossval` with their recognisers; a recipe whose folder is not there is left out. Nothing
is trained: every test clip is looked at once more. Writes ``results/measure-looks-NAME.json``. Stopped, it goes on with
the runs that are left.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ishara.console import console, errors
from ishara.errors import IsharaError
from ishara.evaluation.compare import compare
from ishara.evaluation.metrics import summarise
from ishara.evaluation.predictions import Predictions
from ishara.recipe import Recipe
from ishara.training.results import provenance, write_json
from looks import with_views
from measure_comparisons import predictions_of


def measured(name: str, runs: Path) -> dict[str, Any]:
    """One recipe's figures."""
    path = predictions_of(runs, name)
    several = Predictions.read(path)
    once = with_views(several, path.parent, 1)
    gain = compare(once, several, name_a="one look", name_b="as the recipe looks")
    return {
        "recipe": name,
        "seeds": sorted(several.table["seed"].unique()),
        "one_look": summarise(once).model_dump(mode="json", include={"top1", "top5", "chance", "ece"}),
        "gain": gain.model_dump(mode="json"),
    }


def main(
    names: Annotated[list[str] | None, typer.Argument(help="Recipes; all that look more than once by default.")] = None,
    recipes: Annotated[Path, typer.Option(help="Folder of the recipes.")] = Path("recipes"),
    runs: Annotated[Path, typer.Option(help="Holds the folders of cross-validations.")] = Path("runs"),
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
) -> None:
    """Look once more, and compare."""
    views = {path.stem: Recipe.read(path).inference.views for path in sorted(recipes.glob("*.yaml"))}
    for name in names or [name for name, count in views.items() if count > 1]:
        if views.get(name, 1) == 1:
            raise IsharaError(f"{name}: no recipe of this name looks more than once; set its inference.views.")
        if not predictions_of(runs, name).is_file():
            errors.print(f"Left out: {name}. Not there: {predictions_of(runs, name)}", highlight=False)
            continue
        found = measured(name, runs) | {"views": views[name]}
        top1 = found["one_look"]["top1"]["value"]
        written = write_json(results / f"measure-looks-{name}.json", found | provenance())
        console.print(f"{name}: {top1:.1%} with one look. Figures: {written}", highlight=False)


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
