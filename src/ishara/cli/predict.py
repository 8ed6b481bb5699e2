"""`ishara predict`: a clip in, ranked glosses out."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from ishara.cli.app import ModelPath, app
from ishara.console import as_json, one_line, tell, tell_error
from ishara.errors import IsharaError


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
