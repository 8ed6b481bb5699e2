"""`ishara predict`: a clip in, ranked glosses out."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ishara.cli.app import ModelPath, app
from ishara.console import as_json, one_line, tell, tell_error, track
from ishara.errors import IsharaError
from ishara.whole import whole

if TYPE_CHECKING:
    from ishara.cli.inputs import Input
    from ishara.pose.pose import Pose
    from ishara.recognizer import Prediction, Recognizer
    from ishara.recognizer.inputs import ModelInput

_TABLES = (".csv", ".parquet")

SaveAttention = Annotated[
    Path | None,
    typer.Option(
        "--save-attention",
        help="A folder for each clip's attention over time: a picture (.png) and the weights (.csv: clip, frame, time "
        "in seconds, weight).",
    ),
]
Threads = Annotated[
    int | None, typer.Option(min=1, help="Threads that the model may use; as many as there are cores by default.")
]
ProviderName = Annotated[
    str, typer.Option("--provider", help="What computes: cpu, cuda, coreml, directml, or auto for what is there.")
]


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
    save_attention: SaveAttention = None,
    threads: Threads = None,
    provider: ProviderName = "cpu",
) -> None:
    """Rank the glosses for a clip, several, or whole folders of them; landmarks of videos are estimated first."""
    from ishara.cli.inputs import expand
    from ishara.recognizer import Recognizer
    from ishara.recognizer.runtime import known_provider

    _check_places(out, {"landmarks": save_pose, "attention": save_attention})
    if save_attention is not None:
        # Before anything is predicted: it says so where what draws is not installed.
        import ishara.evaluation.attention  # noqa: F401
    recognizer = Recognizer.load(model, threads=threads, provider=known_provider(provider))
    inputs = expand(clips)
    poses, pictures = _kept_files(save_pose, inputs, ".pose"), _kept_files(save_attention, inputs, ".png")
    rows: list[dict[str, object]] = []
    failed = 0
    # A bar where a table is what is asked for: else each line that is printed shows how far it got.
    shown = track("Clips", inputs) if out is not None else inputs
    for item, pose, picture in zip(shown, poses, pictures, strict=True):
        row: dict[str, object] = {"clip": item.name, "truth": item.clip.gloss or None, "error": None}
        try:
            prediction = _predict(recognizer, item, top, pose, picture)
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
        _write_table(out, rows, min(top, len(recognizer.glosses)))
        tell(f"{len(rows) - failed} of {len(rows)} clips → {escape(str(out))}")
    if failed:
        raise typer.Exit(1)


def _check_places(out: Path | None, folders: Mapping[str, Path | None]) -> None:
    """Refuse what cannot be written to, before anything is read."""
    if out is not None and out.suffix not in _TABLES:
        raise IsharaError(f"{out}: a table is written as {' or '.join(_TABLES)}.")
    for what, folder in folders.items():
        if folder is not None and folder.exists() and not folder.is_dir():
            raise IsharaError(f"{folder}: is a file; expected a folder for the {what}, which need not be there.")


def _kept_files(folder: Path | None, inputs: Sequence[Input], suffix: str) -> Sequence[Path | None]:
    """A file for each clip in a folder, and none where there is no folder."""
    from ishara.cli.inputs import file_places

    if folder is None:
        return [None] * len(inputs)
    return [folder / place for place in file_places([item.name for item in inputs], suffix)]


def _predict(recognizer: Recognizer, item: Input, top: int, pose: Path | None, picture: Path | None) -> Prediction:
    """A clip's prediction; its landmarks and its attention are kept in files where they are given."""
    from ishara.pose.files import write_pose

    drawn = picture is not None and recognizer.config.input == "landmarks"
    clip: ModelInput | Pose
    if pose is None and not drawn:
        clip = item.prepared(recognizer)
    else:
        clip = item.landmarks(recognizer)
        if pose is not None:
            write_pose(clip, pose)
    prediction = recognizer.predict(clip)
    if picture is not None:
        from ishara.evaluation.attention import save_attention

        save_attention(picture, item.name, prediction, clip, top=top, truth=item.clip.gloss)
    return prediction


def _ranked(prediction: Prediction, top: int) -> dict[str, object]:
    """What is said of a clip as columns: known, score, gloss, probability, gloss_2, probability_2 and so on."""
    row: dict[str, object] = {"known": prediction.known, "score": prediction.score}
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
    schema |= {"known": pl.Boolean, "score": pl.Float64}
    table = pl.DataFrame(rows, schema=schema | {"error": pl.String})
    with whole(path) as partial:
        table.write_parquet(partial) if path.suffix == ".parquet" else table.write_csv(partial)
