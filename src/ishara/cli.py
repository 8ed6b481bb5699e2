"""The command line: one thin function per command."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ishara import __version__
from ishara.commands import Commands
from ishara.console import (
    announce,
    as_json,
    checks_table,
    console,
    differences_table,
    errors,
    figures_table,
    folds_table,
    one_line,
    tell,
    tell_error,
    tell_failures,
    track,
)
from ishara.errors import IsharaError, choices

if TYPE_CHECKING:
    from ishara.clips.manifest import Manifest
    from ishara.recipe import Recipe

RUNS = Path("runs")
RESULTS = Path("results")
_MANIFEST = "manifest.csv"
_PROTOCOLS = ("leave-one-signer-out", "leave-one-group-out", "group-k-fold", "stratified-k-fold", "held-out")


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
ModelPath = Annotated[Path, typer.Argument(help="A run or recogniser folder.", metavar="MODEL")]
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


@app.command()
def corpora() -> None:
    """List the data sets that Ishara knows: language, licence, where to ask, layout."""
    from ishara.clips.corpora import get_corpus, list_corpora

    table = Table("name", "what", "language", "licence", "where to ask")
    for name in list_corpora():
        corpus = get_corpus(name)
        table.add_row(*map(escape, (name, corpus.title, corpus.language, corpus.licence, corpus.source)))
    console.print(table)


@app.command()
def index(
    corpus: Annotated[str, typer.Argument(help="One of `ishara corpora`.")],
    root: Annotated[Path, typer.Argument(help="Its files.", metavar="DIR")],
    options: Annotated[list[str] | None, typer.Argument(help="Options of the corpus, such as signer='^(s..)'.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The manifest: .csv or .parquet.")] = Path(_MANIFEST),
) -> None:
    """Read a corpus's own files into a manifest of labelled clips."""
    from ishara.clips.corpora import read_corpus

    pairs = dict(option.partition("=")[::2] for option in options or [])
    manifest = read_corpus(corpus, root, pairs)
    manifest.write(out)
    signers = manifest.table["signer"].drop_nulls().n_unique() or "unknown"
    tell(f"{len(manifest)} clips of {len(manifest.glosses)} glosses, signers: {signers} → {escape(str(out))}")
    for warning in manifest.warnings():
        errors.print(f"[yellow]Warning[/]: {escape(warning)}", highlight=False, soft_wrap=True)


@app.command()
def train(
    recipe: RecipePath,
    overrides: Overrides = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The run folder; runs/NAME by default.")] = None,
    restart: Restart = False,
) -> None:
    """Train a recogniser, or go on with its training, and export it."""
    from ishara.recognizer_folder import INSIDE_RUN
    from ishara.training import fit, split_clips
    from ishara.training.restart import throw_away

    settings = _read_recipe(recipe, overrides)
    folder = out or RUNS / settings.name
    clips = split_clips(settings)
    if restart:
        throw_away(folder, settings, keep=recipe)
    finished = (folder / INSIDE_RUN).is_dir()
    recognizer = fit(settings, clips, folder)
    if finished:
        tell(f"{escape(str(folder))} was finished already; nothing was trained (--restart trains it again)")
    tell(f"{escape(str(recognizer))} is in [bold]{escape(str(recognizer.folder))}[/]")
    _report_failures(folder)
    tell(f"Next: [bold]ishara evaluate {escape(str(folder))} --split test[/]")


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
    restart: Restart = False,
) -> None:
    """Train and evaluate every fold of a protocol; an interrupted run goes on where it was."""
    from ishara.evaluation.run import publish
    from ishara.training import crossval as run
    from ishara.training.restart import throw_away
    from ishara.training.results import result, write_result

    if protocol is not None and protocol not in _PROTOCOLS:
        raise IsharaError(f"--protocol {protocol}: there is no such protocol. {choices(protocol, _PROTOCOLS)}")
    chosen = list(overrides or [])
    if protocol == "leave-one-signer-out":
        chosen += ["protocol.name=leave-one-group-out", "split.group=signer"]
    elif protocol is not None:
        chosen.append(f"protocol.name={protocol}")
    settings = _read_recipe(recipe, chosen)
    folder = out or RUNS / f"{settings.name}-crossval"
    if restart:
        throw_away(folder, settings, keep=recipe)
    measured = run(settings, folder, progress=lambda jobs: announce(jobs, lambda job: job.name))
    figures = result(settings, measured, learner="ishara")
    written = write_result(results or folder, figures)
    console.print(folds_table(figures["folds"]))
    page, summary = publish(folder, measured.predictions, settings, measured={})
    console.print(figures_table(summary))
    tell(f"Report: [bold]{escape(str(page))}[/]\nFigures: {escape(str(written))}")
    tell_failures(measured.failures)


@app.command()
def evaluate(
    model: ModelPath,
    split: Annotated[str, typer.Option(help="Which side: test, validation or train.")] = "test",
    manifest: Annotated[Path | None, typer.Option(help="Other clips than those of the run.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The report's folder; evaluation-SPLIT in the run by default.")
    ] = None,
    results: Annotated[
        Path | None, typer.Option(help="A folder for the JSON of what was measured on the run's own test side.")
    ] = None,
) -> None:
    """Measure a recogniser: per instance, per class and per signer, with intervals, as a page and as JSON."""
    from ishara.evaluation.card import model_card
    from ishara.evaluation.run import predict_clips, publish
    from ishara.recognizer import Recognizer
    from ishara.recognizer_folder import CARD

    own_test = split == "test" and manifest is None
    if results is not None and not own_test:
        raise IsharaError("--results publishes a run's own test side: leave out --manifest, and --split or give test.")
    recognizer = Recognizer.load(model)
    recipe, run = recognizer.recipe, recognizer.folder.parent
    clips = _read_manifest(manifest, run)
    side, chosen = _side(clips, split, manifest or run / _MANIFEST)
    about = {"Side": split} if manifest is None else _of_other_clips(manifest, chosen, _learnt_from(run, side))
    predictions, failures = predict_clips(
        recognizer, side, group=recipe.split.group, fold=chosen, seed=recipe.train.seed,
        progress=lambda c: track("Clips", c),
    )  # fmt: skip
    folder = out or run / (f"evaluation-{split}" if manifest is None else f"evaluation-{manifest.stem}-{chosen}")
    page, summary = publish(folder, predictions, recipe, measured=about, history=run / "history.csv")
    if own_test:
        (recognizer.folder / CARD).write_text(model_card(recognizer, clips, summary), encoding="utf-8")
    console.print(figures_table(summary))
    tell(f"Report: [bold]{escape(str(page))}[/]")
    if results is not None:
        from ishara.training.held_out import write_held_out

        tell(f"Figures: {escape(str(write_held_out(results, recipe, predictions, failures)))}")
    tell_failures(failures)


@app.command()
def compare(
    run_a: Annotated[Path, typer.Argument(help="A folder with predictions.parquet, or that file.")],
    run_b: Annotated[Path, typer.Argument(help="Another, of the same clips.")],
    json: Annotated[bool, typer.Option("--json", help="Everything that was compared, as JSON.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A folder for a report of RUN_B beside RUN_A.")
    ] = None,
) -> None:
    """Is the difference between two runs real? Paired bootstrap over the clips that both predicted."""
    from ishara.evaluation.compare import compare as paired
    from ishara.evaluation.metrics import summarise
    from ishara.evaluation.predictions import Predictions
    from ishara.evaluation.report import write_report
    from ishara.evaluation.run import find_predictions

    a, b = (Predictions.read(find_predictions(path)) for path in (run_a, run_b))
    comparison = paired(a, b, name_a=str(run_a), name_b=str(run_b))
    if json:
        sys.stdout.write(comparison.model_dump_json(indent=2) + "\n")
    else:
        tell(escape(comparison.verdict))
        console.print(differences_table(comparison))
    if out is not None:
        facts = {"Predictions": str(run_b), "Compared with": str(run_a)}
        page = write_report(out, b, summarise(b), title=f"{run_b} and {run_a}", facts=facts, comparison=comparison)
        errors.print(f"Report: {escape(str(page))}", highlight=False, soft_wrap=True)


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
    for clip, shown in list(_expand(clips)):
        try:
            prediction = recognizer.predict(clip)
        except IsharaError as error:
            failed += 1
            tell_error(str(error))
            continue
        if json:
            sys.stdout.write(as_json(clip, prediction) + "\n")
        else:
            tell(one_line(shown, prediction, top))
    if failed:
        raise typer.Exit(1)


@app.command()
def check(
    target: Annotated[
        Path, typer.Argument(help="A recipe (YAML), or a run or recogniser folder.", metavar="RECIPE|MODEL")
    ],
    overrides: Overrides = None,
) -> None:
    """Check that a recipe's model, or a trained one, does what training and use rely on."""
    from ishara.training.check import check_model, check_recipe

    checks = check_model(target) if target.is_dir() else check_recipe(_read_recipe(target, overrides))
    console.print(checks_table((item.name, item.passed, item.found) for item in checks))
    if not all(item.passed for item in checks):
        raise typer.Exit(1)


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
        tell(f"{escape(str(into))}: {'renewed' if put_into(into, table) else 'was up to date'}")


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder for the corpus, the run and the report.")] = RUNS
    / "demo",
) -> None:
    """See the whole life of a recogniser on a synthetic corpus: index, train, evaluate, predict."""
    from ishara.training.demo import run_demo

    run_demo(out, console)


def _read_recipe(path: Path, overrides: list[str] | None) -> Recipe:
    from ishara.recipe import Recipe
    from ishara.training.preflight import check_names

    recipe = Recipe.read(path, overrides or [])
    check_names(recipe)
    return recipe


def _read_manifest(manifest: Path | None, run: Path) -> Manifest:
    from ishara.clips.manifest import Manifest

    if manifest is None and not (run / _MANIFEST).is_file():
        raise IsharaError(
            f"{run}: holds no {_MANIFEST}, so this recogniser lies in no run. Name the clips: --manifest."
        )
    return Manifest.read(manifest or run / _MANIFEST)


def _side(clips: Manifest, split: str, source: Path) -> tuple[Manifest, str]:
    """The clips of one side, and its name; all of them, and "all", where the manifest knows no sides."""
    import polars as pl

    from ishara.clips.manifest import SPLITS

    if split not in SPLITS:
        raise IsharaError(f"--split {split}: there is no such side. {choices(split, SPLITS)}")
    found = sorted(clips.table["split"].drop_nulls().unique())
    if not found:
        return clips, "all"
    if split not in found:
        raise IsharaError(f"{source}: holds no clip of the side {split!r}, only of {', '.join(found)}.")
    return clips.where(pl.col("split") == split), split


def _learnt_from(run: Path, clips: Manifest) -> int | None:
    """How many clips share their id or file with one that the run learnt from; None where that cannot be known."""
    import polars as pl

    if not (run / _MANIFEST).is_file():
        return None
    own = _read_manifest(None, run).table.filter(pl.col("split").is_in(["train", "validation"]))
    known = pl.col("id").is_in(own["id"].to_list()) | pl.col("path").is_in(own["path"].to_list())
    return len(clips.table.filter(known))


def _of_other_clips(manifest: Path, chosen: str, learnt: int | None) -> dict[str, str]:
    """What a report says of clips that are not the run's own; a warning where the run learnt from some of them."""
    if learnt:
        message = (
            f"{learnt} of these clips share their id or file with clips that this run was trained or chosen on: the "
            "figures say too much."
        )
        errors.print(f"[yellow]Warning[/]: {escape(message)}", highlight=False, soft_wrap=True)
    known = "not checked: the run's manifest is not there" if learnt is None else f"{learnt}, by id or file"
    return {
        "Corpus": str(manifest),
        "Who is tested": "every clip of it" if chosen == "all" else f"its clips of the side {chosen}",
        "Near-identical clips": "not checked",
        "Clips that the model learnt from": known,
    }


def _report_failures(run: Path) -> None:
    from ishara.training.sides import FAILURES, read_failures

    count = len(read_failures(run))
    if count:
        clips = "1 clip" if count == 1 else f"{count} clips"
        message = f"{clips} could not be read; the reasons are in {run / FAILURES}"
        errors.print(escape(message), highlight=False, soft_wrap=True)


def _expand(clips: list[str]) -> Iterable[tuple[str, str]]:
    """Each clip and the name to show: as given, or, in the one folder that was given, its path below that."""
    for clip in clips:
        if Path(clip).is_dir():
            inside = sorted(Path(clip).rglob("*.pose"))
            if not inside:
                raise IsharaError(f"{clip}: holds no .pose file.")
            for path in inside:
                yield str(path), str(path.relative_to(clip) if len(clips) == 1 else path)
        else:
            yield clip, clip
