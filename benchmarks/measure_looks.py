"""What several looks at a clip give: a recipe with `inference.views`, against its own recognisers that look once.

    python benchmarks/measure_looks.py demo-sign2text demo-timesformer

Needs the folders of `ishara crossval` with their recognisers. Nothing is trained: every test clip is looked at once
more. Writes ``results/measure-looks-NAME.json``. Stopped, it goes on with the runs that are left.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ishara.console import console
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
    names: Annotated[list[str], typer.Argument(help="Recipes, each with its folder NAME-crossval.")],
    recipes: Annotated[Path, typer.Option(help="Folder of the recipes.")] = Path("recipes"),
    runs: Annotated[Path, typer.Option(help="Holds the folders of cross-validations.")] = Path("runs"),
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
) -> None:
    """Look once more, and compare."""
    for name in names:
        views = Recipe.read(recipes / f"{name}.yaml").inference.views
        if views == 1:
            raise IsharaError(f"{name}: its recipe looks once; set inference.views, or use `ishara evaluate --views`.")
        found = measured(name, runs) | {"views": views}
        top1 = found["one_look"]["top1"]["value"]
        written = write_json(results / f"measure-looks-{name}.json", found | provenance())
        console.print(f"{name}: {top1:.1%} with one look. Figures: {written}", highlight=False)


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
