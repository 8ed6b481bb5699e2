"""`ishara extract`: from a manifest of videos to landmarks, on all cores of a machine or on many machines."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from ishara.cli.app import app
from ishara.console import errors, tell
from ishara.errors import IsharaError

if TYPE_CHECKING:
    from ishara.clips.extraction import ExtractedClips
    from ishara.pose.extract import Outcome, Work

# A bar's rate is measured over this time; clips may take many seconds each.
_RATE_SECONDS = 300.0
_SECONDS_BETWEEN_LINES = 60.0


@app.command()
def extract(
    manifest: Annotated[Path, typer.Argument(help="A manifest of videos, as `ishara index` writes it.")],
    out: Annotated[
        str,
        typer.Option("--out", "-o", help="The folder for the landmarks: a path, or a URL such as s3://bucket/poses."),
    ],
    workers: Annotated[
        int | None,
        typer.Option(min=0, help="Processes on this machine; one per core by default, 0 for this one alone."),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="tcp://HOST:PORT",
            help="A Dask cluster instead. Its workers must be able to read the videos and to write the folder under "
            "the same addresses.",
        ),
    ] = None,
    complexity: Annotated[
        int | None, typer.Option(min=0, max=2, help="Of the body model; 0 and 2 need --models.")
    ] = None,
    models: Annotated[Path | None, typer.Option(help="The folder of the model files of complexity 0 or 2.")] = None,
    face: Annotated[bool | None, typer.Option("--face/--no-face", help="Keep landmarks of the face too.")] = None,
    refine: Annotated[
        bool | None, typer.Option("--refine/--no-refine", help="Look again, more closely, where a hand was missed.")
    ] = None,
    stride: Annotated[
        int | None, typer.Option(min=1, help="Look at every so many frames; those between are interpolated.")
    ] = None,
    retries: Annotated[int, typer.Option(min=0, help="Further tries for a clip that fails.")] = 2,
    redo: Annotated[bool, typer.Option("--redo", help="Extract again what was extracted with other settings.")] = False,
) -> None:
    """Find the landmarks of every clip in a manifest of videos; the same command goes on where it was stopped."""
    from ishara.clips.extraction import extract_clips
    from ishara.clips.manifest import Manifest
    from ishara.pose.extract import Workers

    if scheduler is not None and workers is not None:
        raise IsharaError("--workers starts processes on this machine and --scheduler uses others: give one of them.")
    _keep_manifest(manifest, out)
    options = {"complexity": complexity, "models": models, "face": face, "refine": refine, "stride": stride}
    extracted = extract_clips(
        Manifest.read(manifest), out, _work({name: value for name, value in options.items() if value is not None}),
        workers=Workers(workers, scheduler, retries), redo=redo, progress=show_extraction,
    )  # fmt: skip
    report_extraction(extracted)


def _keep_manifest(manifest: Path, out: str) -> None:
    """Refuse a folder whose own manifest would take the place of the one that is read."""
    from ishara.clips.extraction import MANIFEST
    from ishara.pose.extract.folder import local_path

    folder = local_path(out)
    if folder is not None and manifest.resolve() == (folder / MANIFEST).resolve():
        raise IsharaError(
            f"{manifest}: would be replaced by the manifest of the landmarks, {MANIFEST} in {out}. Give another folder "
            "with --out."
        )


def _work(given: dict[str, Any]) -> Work:
    """How to extract, from the options that were given; the others are Ishara's own."""
    from functools import partial

    from pydantic import ValidationError

    from ishara.pose.estimate import EstimatorOptions, make_estimator
    from ishara.pose.extract import Work, settings_of
    from ishara.schema import explain

    try:
        options = EstimatorOptions.model_validate(given)
    except ValidationError as error:
        raise IsharaError(explain(EstimatorOptions, error, prefix="--")) from None
    return Work(partial(make_estimator, options), settings_of(options))


def report_extraction(extracted: ExtractedClips) -> None:
    """Tell what came of an extraction: where it is, how long it took, and what failed."""
    from ishara.clips.extraction import FAILURES, MANIFEST

    done, failures = extracted.extraction, extracted.extraction.failures
    new = len(done.finished) - done.found
    again = f" ({done.changed} again: their videos changed)" if done.changed else ""
    place = escape(done.folder.place(MANIFEST))
    tell(f"{new} clips extracted{again}, {done.found} were there, {len(failures)} failed → [bold]{place}[/]")
    if failures:
        clips = "1 clip" if len(failures) == 1 else f"{len(failures)} clips"
        message = f"{clips} could not be extracted; the reasons are in {done.folder.place(FAILURES)}"
        errors.print(escape(message), highlight=False, soft_wrap=True)


class _Rate(ProgressColumn):
    """Clips a second, or a minute where they are slow."""

    def render(self, task: Task) -> Text:
        """The rate of the last minutes."""
        return Text("" if task.speed is None else _rate(task.speed))


def _rate(speed: float) -> str:
    return f"{speed:.1f} clips/s" if speed >= 1 else f"{60 * speed:.1f} clips/min"


def show_extraction(outcomes: Iterable[Outcome], total: int) -> Generator[Outcome, None, None]:
    """The outcomes, with a progress bar; a line a minute where there is no terminal to draw it on."""
    if not errors.is_terminal:
        yield from _lines(outcomes, total)
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeElapsedColumn(),
        TimeRemainingColumn(), TextColumn("{task.fields[failed]}"),
    )  # fmt: skip
    failed = 0
    with Progress(*columns, console=errors, transient=True, speed_estimate_period=_RATE_SECONDS) as bar:
        task = bar.add_task("Extracting", total=total, failed="")
        for outcome in outcomes:
            failed += outcome.failure is not None
            bar.update(task, advance=1, failed=f"{failed} failed" if failed else "")
            yield outcome


def _lines(outcomes: Iterable[Outcome], total: int) -> Generator[Outcome, None, None]:
    started = told = time.monotonic()
    for number, outcome in enumerate(outcomes, start=1):
        now = time.monotonic()
        if now - told > _SECONDS_BETWEEN_LINES and number < total:
            told, speed = now, number / (now - started)
            left = (total - number) / speed / 60
            errors.print(
                f"{number} of {total} clips, {_rate(speed)}, about {left:.0f} min left", highlight=False, soft_wrap=True
            )
        yield outcome
