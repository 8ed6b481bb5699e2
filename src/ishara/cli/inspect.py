"""`ishara inspect`: how well the landmarks of a corpus were found, in figures and in pictures."""

from __future__ import annotations

import json as jsonlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from ishara.cli.app import app
from ishara.console import console, errors, tell, tell_failures, track

if TYPE_CHECKING:
    from ishara.evaluation.inspection import Inspection, Part

_MOST_SIGNERS = 30
_MOST_GLOSSES = 5
_MOST_CLIPS = 10
_COLUMNS = ("clips", "frames", "left", "right", "either", "body", "no hand", "no body", "check")
_SPARED = ("clips", "no hand", "no body")
_LEAST_WIDTH = 76


@app.command()
def inspect(
    poses: Annotated[
        str,
        typer.Argument(help="A folder of .pose files, a manifest of them, or one landmark file.", metavar="POSES"),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="A page (.html) or a folder for it, with a contact sheet and a film."),
    ] = None,
    video_of: Annotated[
        str | None, typer.Option(metavar="ID", help="The clip of the film; the most usual one by default.")
    ] = None,
    clips: Annotated[int, typer.Option(min=1, max=100, help="How many clips the contact sheet shows.")] = 12,
    hands: Annotated[
        float, typer.Option(min=0, max=1, help="A clip with a hand in a smaller share of its frames is to be checked.")
    ] = 0.25,
    json: Annotated[bool, typer.Option("--json", help="Everything that was found, clip by clip, as JSON.")] = False,
) -> None:
    """Say how well landmarks were found: per hand, signer and gloss, and which clips to check; -o draws them."""
    from ishara.errors import IsharaError
    from ishara.evaluation.inspection import inspect_poses
    from ishara.pose.quality import Limits

    if video_of is not None and out is None:
        raise IsharaError("--video-of says which clip the film shows: say with -o where to write it.")
    if out is not None and out.resolve() == Path(poses).resolve():
        raise IsharaError(
            f"--out {out}: holds the landmarks, and a film among them would be taken for a clip; name another."
        )
    found = inspect_poses(poses, Limits(hands=hands), progress=lambda rows: track("Clips", rows))
    if json:
        sys.stdout.write(jsonlib.dumps(found.as_json(), ensure_ascii=False, allow_nan=False) + "\n")
    else:
        _show(found)
    if out is not None:
        from ishara.evaluation.inspection_page import write_inspection

        page, warnings = write_inspection(out, found, clips=clips, video_of=video_of)
        for warning in warnings:
            errors.print(f"[yellow]Warning[/]: {escape(warning)}", highlight=False, soft_wrap=True)
        errors.print(f"Page: [bold]{escape(str(page))}[/]", highlight=False, soft_wrap=True)
    tell_failures(found.failures)


def _show(found: Inspection) -> None:
    overall = found.overall
    lengths, rates = found.range("seconds"), found.range("fps")
    tell(
        f"[bold]{escape(found.source)}[/]: {overall.clips} clips of {lengths.least:.2f} to {lengths.most:.2f} s "
        f"(median {lengths.median:.2f} s), {rates.least:g} to {rates.most:g} frames per second"
    )
    console.print(_parts_table(overall, found.by("signer")))
    if lacking := [part for part in found.by("gloss") if part.no_hand]:
        worst = ", ".join(f"{escape(part.name)} {_percent(part.any_hand)}" for part in lacking[:_MOST_GLOSSES])
        tell(f"Glosses with the fewest frames with a hand: {worst}")
    suspicious = found.suspicious()
    if len(suspicious):
        console.print(_clips_table(found))
        if len(suspicious) > _MOST_CLIPS:
            tell(f"… and {len(suspicious) - _MOST_CLIPS} more; --json lists them all.")
    else:
        tell("No clip stands out.")


def _parts_table(overall: Part, signers: list[Part]) -> Table:
    table = Table(
        title="Hands and body: share of the frames in which they were found",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column("signer", min_width=6, overflow="fold")
    # What fits into few columns says the same: frames lost are also those that the shares leave over.
    names = [name for name in _COLUMNS if console.width >= _LEAST_WIDTH or name not in _SPARED]
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for part in [*signers[:_MOST_SIGNERS], overall]:
        if part is overall:
            table.add_section()
        shares = map(_percent, (part.left_hand, part.right_hand, part.any_hand, part.body))
        lost = ("–" if value is None else str(value) for value in (part.no_hand, part.no_body))
        cells = (str(part.clips), str(part.frames), *shares, *lost, str(part.suspicious))
        values = dict(zip(_COLUMNS, cells, strict=True))
        table.add_row(escape(part.name) or "all", *(values[name] for name in names))
    if len(signers) > _MOST_SIGNERS:
        table.caption = f"The {_MOST_SIGNERS} signers with the fewest frames with a hand, of {len(signers)}."
    return table


def _clips_table(found: Inspection) -> Table:
    overall = found.overall
    handless = f", {overall.handless} of them without any hand" if overall.handless else ""
    table = Table(title=f"Clips to check: {overall.suspicious}{handless}")
    for name in ("clip", "gloss", "signer", "found"):
        table.add_column(name, overflow="fold")
    for row in found.suspicious().head(_MOST_CLIPS).iter_rows(named=True):
        table.add_row(*(escape(row[name] or "–") for name in ("id", "gloss", "signer")), "; ".join(row["problems"]))
    return table


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}".replace("100.0%", "100%")
