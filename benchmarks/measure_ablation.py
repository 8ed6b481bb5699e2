"""What each feature and each choice of training gives: one change of a recipe at a time, on folds fixed in advance.

    python benchmarks/measure_ablation.py [fingerspelling wlasl50] --jobs 2

What is measured stands in `benchmarks/ablation.yaml`. Each change is trained on the same folds, with the same seeds, as
the recipe itself, and compared with it clip by clip (a paired bootstrap, as `ishara compare`). Stopped, it goes on
where it was. What is known so far is written after each change; where the runs are gone, changes that it has are not
measured again. `benchmarks/ablation_page.py` makes the page of it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ablation.plan import Plan
from ablation.runs import measure
from ishara.errors import IsharaError, choices
from ishara.training.results import provenance, write_json
from ishara.training.workers import Workers

PLAN = Path(__file__).with_name("ablation.yaml")


def main(
    corpora: Annotated[list[str] | None, typer.Argument(help="Which of the plan's corpora; all by default.")] = None,
    plan: Annotated[Path, typer.Option(help="What is measured.")] = PLAN,
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the runs.")] = Path("runs/ablation"),
    jobs: Annotated[int, typer.Option(min=1, help="Folds beside each other.")] = 1,
) -> None:
    """Measure the plan, or what is left of it."""
    measured = Plan.read(plan)
    for corpus in corpora or measured.corpora:
        if corpus not in measured.corpora:
            raise IsharaError(f"{plan}: there is no corpus {corpus!r}. {choices(corpus, measured.corpora)}")
        path = results / f"measure-ablation-{corpus}.json"
        earlier = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
        for known in measure(measured, corpus, out, Workers(jobs), earlier):
            content = {"corpus": corpus, "seeds": list(measured.seeds), **known, **provenance()}
            print(write_json(path, content))


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
