"""`ishara predict`: a clip in, ranked glosses out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ishara.cli.app import ModelPath, app
from ishara.console import as_json, one_line, tell, tell_error, track
from ishara.errors import IsharaError

if TYPE_CHECKING:
    from ishara.recognizer import Prediction

_TABLES = (".csv", ".parquet")


@app.command()
def predict(
    model: ModelPath,
    clips: Annotated[
        list[str],
        typer.Argument(
            help="Videos, .pose files or file.npz#7; folders of them; URLs; a manifest (.csv, .parquet); - for "
            "standard input."
        ),
    ],
    top: Annotated[int, typer.Option(min=1, help="How many glosses to show.")] = 5,
    json: Annotated[bool, typer.Option("--json", help="One JSON object per clip, with attention over time.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A table of the predictions: .csv or .parquet, a row per clip.")
    ] = None,
    save_pose: Annotated[
        Path | None, typer.Option("--save-pose", help="A folder for each clip's landmarks, as .pose files.")
    ] = None,
) -> None:
    """Rank the glosses for a clip, several, or whole folders of them; landmarks of videos are estimated first."""
    from ishara.cli.inputs import expand, pose_places
    from ishara.pose.files import write_pose
    from ishara.recognizer import Recognizer

    if out is not None and out.suffix not in _TABLES:
        raise IsharaError(f"{out}: a table is written as {' or '.join(_TABLES)}.")
    if save_pose is not None and save_pose.exists() and not save_pose.is_dir():
        raise IsharaError(f"{save_pose}: is a file; expected a folder for the landmarks, which need not be there.")
    recognizer = Recognizer.load(model)
    inputs = expand(clips)
    places = {} if save_pose is None else pose_places([item.name for item in inputs])
    rows: list[dict[str, object]] = []
    failed = 0
    # A bar where a table is what is asked for: else each line that is printed shows how far it got.
    for item in track("Clips", inputs) if out is not None else inputs:
        row: dict[str, object] = {"clip": item.name, "truth": item.clip.gloss or None, "error": None}
        try:
            if save_pose is None:
                prediction = recognizer.predict(item.prepared(recognizer))
            else:
                pose = item.landmarks(recognizer)
                write_pose(pose, save_pose / places[item.name])
                prediction = recognizer.predict(pose)
        except IsharaError as error:
            failed += 1
            tell_error(str(error) if item.name in str(error) else f"{item.name}: {error}")
            rows.append(row | {"error": str(error)})
            continue
        rows.append(row | _ranked(prediction, top))
        if json:
            sys.stdout.write(as_json(item.name, prediction) + "\n")
        elif out is None:
            tell(one_line(item.name, prediction, top))
    if out is not None:
        _write_table(out, rows, min(top, len(recognizer.labels)))
        tell(f"{len(rows) - failed} of {len(rows)} clips → {escape(str(out))}")
    if failed:
        raise typer.Exit(1)


def _ranked(prediction: Prediction, top: int) -> dict[str, object]:
    """The most likely glosses as columns: gloss, probability, gloss_2, probability_2 and so on."""
    row: dict[str, object] = {}
    for place, candidate in enumerate(prediction.ranked[:top], start=1):
        ending = "" if place == 1 else f"_{place}"
        row |= {f"gloss{ending}": candidate.gloss, f"probability{ending}": candidate.probability}
    return row


def _write_table(path: Path, rows: Sequence[dict[str, object]], top: int) -> None:
    """Write the table whole or not at all; the reason stands where a clip could not be predicted."""
    import polars as pl

    places = ["" if place == 1 else f"_{place}" for place in range(1, top + 1)]
    schema: dict[str, type[pl.DataType]] = {"clip": pl.String, "truth": pl.String}
    for ending in places:
        schema |= {f"gloss{ending}": pl.String, f"probability{ending}": pl.Float64}
    table = pl.DataFrame(rows, schema=schema | {"error": pl.String})
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    table.write_parquet(partial) if path.suffix == ".parquet" else table.write_csv(partial)
    partial.replace(path)
