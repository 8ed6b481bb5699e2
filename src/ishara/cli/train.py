"""`ishara train`, `crossval`, `check` and `demo`: making recognisers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from ishara.cli.app import RUNS, Overrides, RecipePath, Restart, app, read_recipe
from ishara.cli.automatic import choose, is_recipe, warn_of_untested
from ishara.console import (
    checks_table,
    console,
    errors,
    figures_table,
    folds_table,
    tell,
    tell_failures,
    tell_shortcuts,
    track,
)
from ishara.errors import IsharaError, choices

_PROTOCOLS = ("leave-one-signer-out", "leave-one-group-out", "group-k-fold", "stratified-k-fold", "held-out")


@app.command()
def train(
    recipe: Annotated[
        Path,
        typer.Argument(
            help="A recipe (YAML); or clips, for which one is chosen: a folder with a folder per gloss, a corpus's "
            "folder, a manifest or a .npz of landmarks.",
            metavar="RECIPE|DATA",
        ),
    ],
    overrides: Overrides = None,
    corpus: Annotated[
        str | None, typer.Option(help="Which corpus DATA is, where its files do not tell: one of `ishara corpora`.")
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Print the recipe, and why it was chosen; train nothing.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The run folder; runs/NAME by default.")] = None,
    restart: Restart = False,
) -> None:
    """Train a recogniser, or go on with its training, and export it; without a recipe, choose one from the clips."""
    from ishara.recognizer.folder import INSIDE_RUN
    from ishara.training import fit, split_clips
    from ishara.training.automatic.changes import refuse_another
    from ishara.training.restart import throw_away
    from ishara.training.run import RECIPE

    given = is_recipe(recipe)
    if given and corpus is not None:
        raise IsharaError("--corpus says what clips are, and a recipe says that itself. Change data.corpus instead.")
    if given:
        settings = read_recipe(recipe, overrides)
    else:
        settings = choose(recipe, corpus, overrides or [], out, show=show).recipe
    if show:
        typer.echo(settings.to_yaml(), nl=False)
        return
    folder = out or RUNS / settings.name
    clips = split_clips(settings)
    if restart:
        throw_away(folder, settings, keep=recipe if given else None)
    if not given:
        refuse_another(settings, clips, folder)
        warn_of_untested(clips)
    finished = (folder / INSIDE_RUN).is_dir()
    recognizer = fit(settings, clips, folder)
    if finished:
        tell(f"{escape(str(folder))} was finished already; nothing was trained (--restart trains it again)")
    tell(f"{escape(str(recognizer))} is in [bold]{escape(str(recognizer.folder))}[/]")
    if not given:
        tell(f"What was chosen is in {escape(str(folder / RECIPE))}, a recipe like any other")
    _report_failures(folder)
    tested = "test" in clips.table["split"].to_list()
    step = f"evaluate {escape(str(folder))} --split test" if tested else f"predict {escape(str(folder))} CLIP"
    tell(f"Next: [bold]ishara {step}[/]")


@app.command()
def crossval(
    recipe: RecipePath,
    overrides: Overrides = None,
    protocol: Annotated[
        str | None,
        typer.Option(
            help="leave-one-signer-out, leave-one-group-out, group-k-fold or stratified-k-fold; else the recipe's."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The folder of the folds; runs/NAME-crossval by default.")
    ] = None,
    results: Annotated[Path | None, typer.Option(help="A folder for the JSON of what was measured.")] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, help="Folds beside each other, each in a process of this machine.")
    ] = 1,
    cluster: Annotated[
        str | None, typer.Option(help="The address of a Dask scheduler whose workers to use instead.")
    ] = None,
    restart: Restart = False,
) -> None:
    """Train and evaluate every fold of a protocol; an interrupted run goes on where it was."""
    from ishara.evaluation.across import look_across
    from ishara.evaluation.metrics import summarise
    from ishara.evaluation.run import publish
    from ishara.training import crossval as run
    from ishara.training.progress import shown
    from ishara.training.restart import throw_away
    from ishara.training.results import choice_facts, over_folds, result, write_result
    from ishara.training.workers import Workers

    workers = Workers(jobs, cluster)
    settings = read_recipe(recipe, [*(overrides or []), *_overrides_of(protocol)])
    folder = out or RUNS / f"{settings.name}-crossval"
    if restart:
        throw_away(folder, settings, keep=recipe)
    with shown(bar=workers.apart) as report:
        measured = run(settings, folder, workers=workers, report=report)
    figures = result(settings, measured, learner="ishara")
    written = write_result(results or folder, figures)
    console.print(folds_table(figures["folds"]))
    tell(over_folds(figures))
    predictions, summary = measured.predictions, summarise(measured.predictions)
    insight, views = look_across(settings, predictions, summary, measured.folds, progress=track)
    page, _ = publish(
        folder, predictions, settings, measured=choice_facts(measured), summary=summary, insight=insight, views=views
    )
    console.print(figures_table(summary))
    tell_shortcuts(insight)
    for name, chosen in choice_facts(measured).items():
        tell(f"{escape(name)}: {escape(chosen)}")
    tell(f"Report: [bold]{escape(str(page))}[/]\nFigures: {escape(str(written))}")
    tell_failures(measured.failures)


def _overrides_of(protocol: str | None) -> list[str]:
    """What an option of the command line changes in a recipe."""
    if protocol is None:
        return []
    if protocol not in _PROTOCOLS:
        raise IsharaError(f"--protocol {protocol}: there is no such protocol. {choices(protocol, _PROTOCOLS)}")
    if protocol == "leave-one-signer-out":
        return ["protocol.name=leave-one-group-out", "split.group=signer"]
    return [f"protocol.name={protocol}"]


@app.command()
def check(
    target: Annotated[
        Path,
        typer.Argument(
            help="A recipe (YAML), a run or recogniser folder, or the name of a recogniser that comes with Ishara.",
            metavar="RECIPE|MODEL",
        ),
    ],
    overrides: Overrides = None,
) -> None:
    """Check that a recipe's model, or a trained one, does what training and use rely on."""
    from ishara.recognizer.names import find_by_name
    from ishara.training.check import check_model, check_recipe

    # A file is a recipe, whatever it is called.
    trained = target.is_dir() or (not target.is_file() and find_by_name(target) is not None)
    checks = check_model(target) if trained else check_recipe(read_recipe(target, overrides))
    console.print(checks_table((item.name, item.passed, item.found) for item in checks))
    if not all(item.passed for item in checks):
        raise typer.Exit(1)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder for the corpus, the run and the report.")] = RUNS
    / "demo",
) -> None:
    """See the whole life of a recogniser on a synthetic corpus: index, train, evaluate, predict."""
    from ishara.training.demo import run_demo

    run_demo(out, console)


def _report_failures(run: Path) -> None:
    from ishara.training.sides import FAILURES, read_failures

    count = len(read_failures(run))
    if count:
        clips = "1 clip" if count == 1 else f"{count} clips"
        message = f"{clips} could not be read; the reasons are in {run / FAILURES}"
        errors.print(escape(message), highlight=False, soft_wrap=True)
