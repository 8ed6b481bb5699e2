"""`ishara export`: a trained recogniser in the form that suits where it is to run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from ishara.cli.app import ModelPath, app
from ishara.console import tell, track
from ishara.errors import IsharaError, choices
from ishara.forms import FORMS


@app.command()
def export(
    model: ModelPath,
    to: Annotated[str, typer.Option(help=f"The form: {', '.join(FORMS)}.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The folder; recognizer-FORM beside the model's by default.")
    ] = None,
    evaluate: Annotated[
        Path | None,
        typer.Option(
            help="Clips to measure a reduced form on, instead of the run's own test or validation side.",
            metavar="MANIFEST",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write it even if it loses more than 1 point of top-1, or is not measured.")
    ] = False,
) -> None:
    """Write a trained recogniser in another form, proven to compute the same, or measured where it is reduced."""
    if to not in FORMS:
        raise IsharaError(f"--to {to}: there is no such form. {choices(to, FORMS)}")
    from ishara.export.accuracy import calibration_clips, evaluation_clips
    from ishara.export.forms import export_form
    from ishara.recognizer.folder import find_recognizer

    run = find_recognizer(model).parent
    written = export_form(
        model, to, out, evaluation=evaluation_clips(run, evaluate), calibration=calibration_clips(run),
        force=force, progress=lambda clips: track("Clips", clips),
    )  # fmt: skip
    config, folder = written.config, written.folder
    if config.accuracy is not None:
        tell(escape(f"{config.form} ({config.reduction}): {config.accuracy}"))
    elif config.reduction is not None:
        tell(f"{config.form} ({config.reduction}): what that costs was not measured")
    else:
        tell(f"{config.form}: every output is that of the model, to within 0.0001")
    size = sum((folder / name).stat().st_size for name in config.graph)
    tell(f"{size / 1e6:.1f} MB of graph in [bold]{escape(str(folder))}[/]")
    tell(f"Next: [bold]ishara predict {escape(str(folder))} CLIP[/]")
