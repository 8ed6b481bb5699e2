"""`ishara teach`: a new sign from a few clips, without training."""

from __future__ import annotations

import json as as_text
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ishara.cli.app import ModelPath, app
from ishara.console import console, tell
from ishara.errors import IsharaError

if TYPE_CHECKING:
    from ishara.recognizer import Recognizer
    from ishara.recognizer.teach import Taught


@app.command()
def teach(
    model: ModelPath,
    clips: Annotated[
        list[str] | None,
        typer.Argument(help="Clips of the sign: videos, .pose files, file.npz#7 or folders of them. 3 to 5 are best."),
    ] = None,
    gloss: Annotated[str | None, typer.Option(help="What the sign is called.")] = None,
    consent: Annotated[
        str | None, typer.Option(help="Who agreed to what, kept beside the clips' numbers.", metavar="NOTE")
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="List what was taught.")] = False,
    forget: Annotated[str | None, typer.Option(help="Forget this sign.", metavar="GLOSS")] = None,
    json: Annotated[bool, typer.Option("--json", help="With --list: one JSON object per sign.")] = False,
) -> None:
    """Teach a recogniser a new sign from a few clips of it, list what it was taught, or forget a sign."""
    from ishara.recognizer import Recognizer

    wanted = [name for name, asked in (("--gloss", gloss), ("--list", show), ("--forget", forget)) if asked]
    if len(wanted) != 1 or (clips and gloss is None):
        raise IsharaError(
            "teach: expected one of `--gloss GLOSS CLIP…`, `--list` and `--forget GLOSS`, such as: "
            "ishara teach MODEL --gloss TEA a.mp4 b.mp4 c.mp4"
        )
    recognizer = Recognizer.load(model)
    if gloss is not None:
        _teach(recognizer, gloss, clips or [], consent)
    elif forget is not None:
        _forget(recognizer, forget)
    else:
        _list(recognizer, json=json)


def _teach(recognizer: Recognizer, gloss: str, clips: list[str], consent: str | None) -> None:
    from ishara.cli.inputs import STANDARD_INPUT, expand
    from ishara.recognizer.teach import teach as teach_sign

    given = [item.clip for item in expand(clips)]
    for clip in given:
        if clip.path == STANDARD_INPUT or clip.start is not None or clip.end is not None or clip.box is not None:
            raise IsharaError(f"{clip.id}: is part of a file or standard input; teach takes whole files.")
    before = recognizer.folder
    found = teach_sign(recognizer, gloss, [clip.path for clip in given], consent=consent)
    if recognizer.folder != before:
        tell(f"This recogniser comes with Ishara, so your own copy was taught: {escape(str(recognizer.folder))}")
    for name in found.again:
        tell(f"{escape(name)}: was taught before, and is not kept twice.")
    more = "" if len(found.clips) >= 3 else " Three to five are better, of more than one signer where you can."
    tell(f"[bold]{escape(found.gloss)}[/] is known from {_clips(len(found.clips))} now.{more}")
    if found.taken_for is not None:
        tell(f"Until now it was taken for {escape(found.taken_for)}: the two may still be confused.")
    if not found.consent:
        tell("No note says who agreed to this: --consent NOTE writes one beside the clips' numbers.")


def _forget(recognizer: Recognizer, gloss: str) -> None:
    from ishara.recognizer.teach import forget as forget_sign

    count = forget_sign(recognizer, gloss)
    tell(f"{escape(gloss)} is forgotten, with what was kept of {_clips(count)}.")


def _list(recognizer: Recognizer, *, json: bool) -> None:
    from ishara.recognizer.teach import taught

    rows = taught(recognizer)
    if json:
        for row in rows:
            sys.stdout.write(_as_json(row) + "\n")
        return
    if not rows:
        tell(f"Nothing was taught to {escape(str(recognizer.folder))}.")
        return
    table = Table("gloss", "clips", "since", "consent")
    for row in rows:
        table.add_row(escape(row.gloss), str(len(row.clips)), row.since[:10], escape("; ".join(row.consent)) or "–")
    console.print(table)


def _as_json(row: Taught) -> str:
    value = {"gloss": row.gloss, "clips": row.clips, "since": row.since, "consent": row.consent}
    return as_text.dumps(value, ensure_ascii=False)


def _clips(count: int) -> str:
    return "1 clip" if count == 1 else f"{count} clips"
