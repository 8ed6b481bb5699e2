"""`ishara evaluate`, `compare`, `ensemble` and `results`: how good recognisers are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ishara.cli.app import MANIFEST, RECIPES, RESULTS, ModelPath, app
from ishara.console import console, differences_table, errors, figures_table, tell, tell_failures, tell_shortcuts, track
from ishara.errors import IsharaError, choices

if TYPE_CHECKING:
    from ishara.clips.manifest import Manifest


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
    views: Annotated[
        int | None, typer.Option(min=1, max=64, help="Look so often at a clip of landmarks, changed as in training.")
    ] = None,
) -> None:
    """Measure a recogniser: per instance, per class and per signer, with intervals, as a page and as JSON."""
    from ishara.evaluation.card import model_card
    from ishara.evaluation.closer import look_closer
    from ishara.evaluation.metrics import summarise
    from ishara.evaluation.run import evaluate_clips, publish
    from ishara.recognizer import Recognizer
    from ishara.recognizer.folder import CARD, card_of_form
    from ishara.recognizer.names import is_built_in
    from ishara.whole import write_whole

    own_test = split == "test" and manifest is None
    if results is not None:
        _refuse_to_publish(own_test=own_test, views=views)
    recognizer = Recognizer.load(model, views=views)
    form = recognizer.config.form
    if out is None and is_built_in(recognizer.folder):
        raise IsharaError(f"{model} comes with Ishara, whose folder is no place for a report: say where with --out.")
    if results is not None and form != "onnx":
        raise IsharaError(f"--results publishes what was trained, and {model} is its form {form}: leave out --results.")
    recipe, run = recognizer.recipe, recognizer.folder.parent
    clips = _read_manifest(manifest, run)
    side, chosen = _side(clips, split, manifest or run / MANIFEST)
    about = {"Side": split} if manifest is None else _of_other_clips(manifest, chosen, _learnt_from(run, side))
    found = evaluate_clips(
        recognizer, side, group=recipe.split.group, fold=chosen, seed=recipe.train.seed,
        progress=lambda c: track("Clips", c),
    )  # fmt: skip
    predictions, summary = found.predictions, summarise(found.predictions)
    insight, pictures = look_closer(recognizer, found, summary, side, _trained_on(run), progress=track)
    which = split if manifest is None else f"{manifest.stem}-{chosen}"
    # Of another form than the run's own recogniser, the evaluation is another too.
    other = [form] * (form != "onnx") + [f"{views}-views"] * (views is not None)
    folder = out or run / "-".join(["evaluation", which, *other])
    page, _ = publish(
        folder, predictions, recipe, measured=about, history=run / "history.csv", summary=summary, insight=insight,
        views=pictures,
    )  # fmt: skip
    if own_test and views is None:
        card = model_card(recognizer, clips, summary, insight=insight) + card_of_form(recognizer.config)
        write_whole(recognizer.folder / CARD, card)
    console.print(figures_table(summary))
    tell_shortcuts(insight)
    tell(f"Report: [bold]{escape(str(page))}[/]")
    if results is not None:
        from ishara.training.held_out import write_held_out

        tell(f"Figures: {escape(str(write_held_out(results, recipe, predictions, found.failures)))}")
    tell_failures(found.failures)


def _refuse_to_publish(*, own_test: bool, views: int | None) -> None:
    """What is published is a run's own test side, measured as its recipe says."""
    if not own_test:
        raise IsharaError("--results publishes a run's own test side: leave out --manifest, and --split or give test.")
    if views is not None:
        raise IsharaError("--results publishes a run as its recipe says: leave out --views, or set inference.views.")


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
def ensemble(
    runs: Annotated[
        list[Path], typer.Argument(help="Folders with predictions.parquet, or those files, of one corpus.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="A folder for the predictions and their report.")],
) -> None:
    """Several runs, and all their seeds, as one recogniser: the mean of what they say of each clip."""
    from ishara.evaluation.ensemble import average
    from ishara.evaluation.metrics import summarise
    from ishara.evaluation.predictions import Predictions
    from ishara.evaluation.report import write_report
    from ishara.evaluation.run import PREDICTIONS, find_predictions

    members = [Predictions.read(find_predictions(run)) for run in runs]
    together = average(members)
    together.write(out / PREDICTIONS)
    summary = summarise(together)
    seeds = sum(part.table["seed"].n_unique() for part in members)
    facts = {"Mean of": ", ".join(map(str, runs)), "Recognisers for each clip": str(seeds)}
    page = write_report(out, together, summary, title=f"Ensemble of {seeds}", facts=facts)
    console.print(figures_table(summary))
    tell(f"Report: [bold]{escape(str(page))}[/]")


@app.command()
def results(
    folder: Annotated[Path, typer.Argument(help="The JSON files that `ishara crossval --results` writes.")] = RESULTS,
    into: Annotated[Path | None, typer.Option(help="A Markdown page whose table to renew.")] = None,
    recipes: Annotated[
        Path, typer.Option(help="The recipes' own folder: a result of earlier settings says so.")
    ] = RECIPES,
) -> None:
    """Show what recipes measured as a table, or renew the table of a page such as the README."""
    from ishara.evaluation.table import put_into, results_table

    table = results_table(folder, recipes)
    if into is None:
        sys.stdout.write(table + "\n")
    else:
        tell(f"{escape(str(into))}: {'renewed' if put_into(into, table) else 'was up to date'}")


def _read_manifest(manifest: Path | None, run: Path) -> Manifest:
    from ishara.clips.manifest import Manifest

    if manifest is None and not (run / MANIFEST).is_file():
        raise IsharaError(f"{run}: holds no {MANIFEST}, so this recogniser lies in no run. Name the clips: --manifest.")
    return Manifest.read(manifest or run / MANIFEST)


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


def _trained_on(run: Path) -> Manifest | None:
    """The clips that the run was trained on; None where its manifest is not there, or knows none."""
    import polars as pl

    if not (run / MANIFEST).is_file():
        return None
    own = _read_manifest(None, run)
    return own.where(pl.col("split") == "train") if "train" in own.table["split"].to_list() else None


def _learnt_from(run: Path, clips: Manifest) -> int | None:
    """How many clips share their id or file with one that the run learnt from; None where that cannot be known."""
    import polars as pl

    if not (run / MANIFEST).is_file():
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
