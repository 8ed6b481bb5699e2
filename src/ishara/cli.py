"""The command line: one thin function per command."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.table import Table

from ishara import __version__
from ishara.console import as_json, console, errors, figures_table, folds_table, one_line, track
from ishara.errors import IsharaError

RUNS = Path("runs")
RESULTS = Path("results")

app = typer.Typer(
    help="Ishara turns a video of a signed word into its gloss.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

Overrides = Annotated[list[str] | None, typer.Argument(help="Changes of the recipe, such as train.max_epochs=50.")]
RecipePath = Annotated[Path, typer.Argument(help="A recipe (YAML).", metavar="RECIPE")]
ModelPath = Annotated[Path, typer.Argument(help="A run or recogniser folder.", metavar="MODEL")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Where to write; runs/NAME by default.")]
Restart = Annotated[bool, typer.Option("--restart", help="Throw away what the folder holds and begin again.")]


def main() -> None:
    """Run the command line: errors that the user can mend are one line, and the exit code is 1."""
    try:
        app()
    except IsharaError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("Stopped. What was finished is kept; the same command goes on from there.", code=130)
    except BrokenPipeError:
        # The reader of our output (such as `head`) has gone; Python would complain again when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, code: int = 1) -> NoReturn:
    errors.print(
        f"[bold red]Error[/]: {message}" if code == 1 else message, markup=code == 1, highlight=False, soft_wrap=True
    )
    raise SystemExit(code)


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    if version:
        console.print(f"ishara {__version__}", highlight=False)
        raise typer.Exit


@app.command()
def corpora() -> None:
    """List the data sets that Ishara knows: language, licence, where to ask, layout."""
    from ishara.clips.corpora import get_corpus, list_corpora

    table = Table("name", "what", "language", "licence", "where to ask")
    for name in list_corpora():
        corpus = get_corpus(name)
        table.add_row(name, corpus.title, corpus.language, corpus.licence, corpus.source)
    console.print(table)


@app.command()
def index(
    corpus: Annotated[str, typer.Argument(help="One of `ishara corpora`.")],
    root: Annotated[Path, typer.Argument(help="Its files.", metavar="DIR")],
    options: Annotated[list[str] | None, typer.Argument(help="Options of the corpus, such as signer='^(s..)'.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The manifest to write: .csv or .parquet.")] = Path(
        "manifest.csv"
    ),
) -> None:
    """Read a corpus's own files into a manifest of labelled clips."""
    from ishara.clips.corpora import read_corpus

    pairs = dict(option.partition("=")[::2] for option in options or [])
    manifest = read_corpus(corpus, root, pairs)
    missing = manifest.missing_files()
    manifest.write(out)
    signers = manifest.table["signer"].drop_nulls().n_unique() or "unknown"
    console.print(
        f"{len(manifest)} clips of {len(manifest.glosses)} glosses, signers: {signers} → {out}", highlight=False
    )
    if missing:
        errors.print(f"{len(missing)} files are not there; the first: {missing[0].path}", highlight=False)


@app.command()
def train(recipe: RecipePath, overrides: Overrides = None, out: Out = None, restart: Restart = False) -> None:
    """Train a recogniser, or go on with its training, and export it."""
    from ishara.recipe import Recipe
    from ishara.training import fit, split_clips

    settings = Recipe.read(recipe, overrides or [])
    folder = _run_folder(out or RUNS / settings.name, restart=restart)
    recognizer = fit(settings, split_clips(settings), folder)
    console.print(f"{recognizer} is in [bold]{recognizer.folder}[/]")
    _report_failures(folder)
    console.print(f"Next: [bold]ishara evaluate {folder} --split test[/]")


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
    out: Out = None,
    results: Annotated[Path | None, typer.Option(help="A folder for the JSON of what was measured.")] = None,
    restart: Restart = False,
) -> None:
    """Train and evaluate every fold of a protocol; an interrupted run goes on where it was."""
    from ishara.evaluation.run import publish
    from ishara.recipe import Recipe
    from ishara.training import crossval as run
    from ishara.training.results import result, write_result

    chosen = list(overrides or [])
    if protocol == "leave-one-signer-out":
        chosen += ["protocol.name=leave-one-group-out", "split.group=signer"]
    elif protocol is not None:
        chosen.append(f"protocol.name={protocol}")
    settings = Recipe.read(recipe, chosen)
    folder = _run_folder(out or RUNS / f"{settings.name}-crossval", restart=restart)
    predictions, seconds = run(settings, folder, progress=lambda jobs: track("Folds", jobs))
    measured = result(settings, predictions, seconds, learner="ishara")
    written = write_result(results or folder, measured)
    console.print(folds_table(measured["folds"]))
    about = {"Protocol": f"{settings.protocol.name} by {settings.split.group}"}
    page, summary = publish(folder, predictions, settings, measured=about)
    console.print(figures_table(summary))
    console.print(f"Report: [bold]{page}[/]\nFigures: {written}", highlight=False)


@app.command()
def evaluate(
    model: ModelPath,
    split: Annotated[str, typer.Option(help="Which side: test, validation or train.")] = "test",
    manifest: Annotated[Path | None, typer.Option(help="Other clips than those of the run.")] = None,
    out: Out = None,
) -> None:
    """Measure a recogniser: per instance, per class and per signer, with intervals, as a page and as JSON."""
    import polars as pl

    from ishara.clips.manifest import Manifest
    from ishara.evaluation.card import model_card
    from ishara.evaluation.run import predict_clips, publish
    from ishara.recognizer import CARD, Recognizer

    recognizer = Recognizer.load(model)
    run = recognizer.folder.parent
    clips = Manifest.read(manifest or run / "manifest.csv")
    side = clips if manifest is not None and not clips.table["split"].count() else clips.where(pl.col("split") == split)
    predictions, failures = predict_clips(
        recognizer, side, group=recognizer.recipe.split.group, fold=split, progress=lambda c: track("Clips", c)
    )
    folder = out or run / f"evaluation-{split}"
    page, summary = publish(
        folder, predictions, recognizer.recipe, measured={"Side": split}, history=run / "history.csv"
    )
    if split == "test" and manifest is None:
        (recognizer.folder / CARD).write_text(model_card(recognizer, clips, summary), encoding="utf-8")
    console.print(figures_table(summary))
    for clip, reason in failures.items():
        errors.print(f"Left out {clip}: {reason}", highlight=False)
    console.print(f"Report: [bold]{page}[/]")


@app.command()
def compare(
    run_a: Annotated[Path, typer.Argument(help="A folder with predictions.parquet, or that file.")],
    run_b: Annotated[Path, typer.Argument(help="Another, of the same clips.")],
) -> None:
    """Is the difference between two runs real? Paired bootstrap over the clips that both predicted."""
    from ishara.evaluation.compare import compare as paired
    from ishara.evaluation.predictions import Predictions

    a, b = (Predictions.read(_predictions_in(path)) for path in (run_a, run_b))
    comparison = paired(a, b, name_a=str(run_a), name_b=str(run_b))
    console.print(comparison.verdict, highlight=False)
    console.print_json(comparison.model_dump_json())


@app.command()
def predict(
    model: ModelPath,
    clips: Annotated[list[str], typer.Argument(help="Landmark files (.pose, file.npz#7), or folders of .pose files.")],
    top: Annotated[int, typer.Option(min=1, help="How many glosses to show.")] = 5,
    json: Annotated[bool, typer.Option("--json", help="One JSON object per clip, with attention over time.")] = False,
) -> None:
    """Rank the glosses for a clip, several, or folders of them."""
    from ishara.recognizer import Recognizer

    recognizer = Recognizer.load(model)
    failed = 0
    for clip in _expand(clips):
        try:
            prediction = recognizer.predict(clip)
        except IsharaError as error:
            failed += 1
            errors.print(f"[bold red]Error[/]: {error}", highlight=False, soft_wrap=True)
            continue
        if json:
            sys.stdout.write(as_json(clip, prediction) + "\n")
        else:
            console.print(one_line(clip, prediction, top), highlight=False, soft_wrap=True)
    if failed:
        raise SystemExit(1)


@app.command()
def check(
    target: Annotated[
        Path, typer.Argument(help="A recipe (YAML), or a run or recogniser folder.", metavar="RECIPE|MODEL")
    ],
    overrides: Overrides = None,
) -> None:
    """Check that a recipe's model, or a trained one, does what training and use rely on."""
    from ishara.recipe import Recipe
    from ishara.training.check import check_model, check_recipe

    checks = check_model(target) if target.is_dir() else check_recipe(Recipe.read(target, overrides or []))
    table = Table("check", "", "found")
    for item in checks:
        table.add_row(item.name, "[green]✓[/]" if item.passed else "[red]✗[/]", item.found)
    console.print(table)
    if not all(item.passed for item in checks):
        raise SystemExit(1)


@app.command()
def results(
    folder: Annotated[Path, typer.Argument(help="The JSON files that `ishara crossval --results` writes.")] = RESULTS,
    into: Annotated[Path | None, typer.Option(help="A Markdown page whose table to renew.")] = None,
) -> None:
    """Show what recipes measured as a table, or renew the table of a page such as the README."""
    from ishara.evaluation.table import put_into, results_table

    table = results_table(folder)
    if into is None:
        sys.stdout.write(table + "\n")
    else:
        console.print(f"{into}: {'renewed' if put_into(into, table) else 'was up to date'}", highlight=False)


@app.command()
def demo(out: Annotated[Path, typer.Option("--out", "-o", help="Where to write.")] = RUNS / "demo") -> None:
    """The whole life of a recogniser on a synthetic corpus: index, train, evaluate, predict."""
    from ishara.training.demo import run_demo

    run_demo(out, console)


def _run_folder(folder: Path, *, restart: bool) -> Path:
    if restart and folder.exists():
        import shutil

        if not (folder / "recipe.yaml").is_file() and any(folder.iterdir()) and not any(folder.glob("*/recipe.yaml")):
            raise IsharaError(
                f"{folder}: does not look like a run of Ishara; it is not thrown away. Choose another --out."
            )
        shutil.rmtree(folder)
    return folder


def _report_failures(folder: Path) -> None:
    failures = folder / "failures.csv"
    if failures.is_file():
        count = len(failures.read_text(encoding="utf-8").splitlines()) - 1
        errors.print(
            f"{count} clips could not be read and were left out; the reasons are in {failures}", highlight=False
        )


def _expand(clips: Iterable[str]) -> Iterable[str]:
    for clip in clips:
        if Path(clip).is_dir():
            yield from sorted(str(path) for path in Path(clip).rglob("*.pose"))
        else:
            yield clip


def _predictions_in(path: Path) -> Path:
    places = [path / "predictions.parquet", path / "evaluation-test" / "predictions.parquet"]
    return path if path.is_file() else next((place for place in places if place.is_file()), places[0])
