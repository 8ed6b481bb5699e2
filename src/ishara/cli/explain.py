"""`ishara explain`: a clip in, a page out that shows why the recogniser said what it said."""

from __future__ import annotations

import json as jsonlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ishara.cli.app import ModelPath, app
from ishara.cli.predict import ProviderName, Threads
from ishara.console import errors, tell
from ishara.errors import IsharaError

if TYPE_CHECKING:
    from ishara.cli.inputs import Input
    from ishara.explain import Explanation
    from ishara.explain.scoring import Progress
    from ishara.recognizer import Recognizer


@app.command()
def explain(
    model: ModelPath,
    clip: Annotated[str, typer.Argument(help="A video, a .pose file or file.npz#7; - for standard input.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The page (.html); why.html by default.")] = None,
    png: Annotated[Path | None, typer.Option(help="A picture for a slide (.png).")] = None,
    gif: Annotated[Path | None, typer.Option(help="A moving picture for a slide (.gif).")] = None,
    mp4: Annotated[Path | None, typer.Option(help="A film for a slide (.mp4).")] = None,
    json: Annotated[bool, typer.Option("--json", help="All that was found, as JSON on standard output.")] = False,
    truth: Annotated[str, typer.Option(help="What the clip is labelled as, to be shown beside the answer.")] = "",
    top: Annotated[int, typer.Option(min=1, help="How many glosses to show.")] = 5,
    threads: Threads = None,
    provider: ProviderName = "cpu",
) -> None:  # fmt: skip
    """Show which moments, hands and fingers an answer rests on, and whether that holds."""
    from ishara.cli.inputs import expand
    from ishara.explain.foreign import load
    from ishara.recognizer.runtime import known_provider

    _check_places({".html": out, ".png": png, ".gif": gif, ".mp4": mp4})
    if not (json or any((out, png, gif, mp4))):
        out = Path("why.html")
    inputs = expand([clip])
    if len(inputs) != 1:
        raise IsharaError(f"{clip}: holds {len(inputs)} clips; expected one. `ishara predict` takes many.")
    recognizer = load(model, threads=threads, provider=known_provider(provider))
    with _asked() as progress:
        found = _explained(recognizer, inputs[0], progress)
    label = truth or inputs[0].clip.gloss
    if out is not None:
        from ishara.explain.page import write_explanation

        write_explanation(out, found, top=top, truth=label)
    _write_slides(found, png, gif, mp4)
    if json:
        sys.stdout.write(jsonlib.dumps(found.as_json(), ensure_ascii=False, allow_nan=False) + "\n")
    else:
        _report(found, [place for place in (out, png, gif, mp4) if place is not None])


def _check_places(places: dict[str, Path | None]) -> None:
    """Refuse a file of the wrong kind before anything is read."""
    for suffix, place in places.items():
        if place is not None and place.suffix.lower() != suffix:
            raise IsharaError(f"{place}: expected a name that ends with {suffix}.")


def _explained(recognizer: Recognizer, item: Input, progress: Progress) -> Explanation:
    from ishara.explain import explain as explained

    pixels = recognizer.config.input == "pixels"
    clip = item.prepared(recognizer) if pixels else item.landmarks(recognizer)
    return explained(recognizer, clip, item.name, progress=progress)


@contextmanager
def _asked() -> Iterator[Progress]:
    """Counts how often the model was asked, where somebody looks on."""
    asked = 0
    with errors.status("Asking the recogniser") as status:

        def progress(more: int) -> None:
            nonlocal asked
            asked += more
            status.update(f"Asking the recogniser: {asked} changed forms of the clip")

        yield progress


def _write_slides(found: Explanation, png: Path | None, gif: Path | None, mp4: Path | None) -> None:
    if png is None and gif is None and mp4 is None:
        return
    from ishara.explain.slides import write_gif, write_mp4, write_png

    for place, write in ((png, write_png), (gif, write_gif), (mp4, write_mp4)):
        if place is not None:
            write(place, found)


def _report(found: Explanation, places: list[Path]) -> None:
    from ishara.explain.words import summary

    written = ", ".join(f"[bold]{escape(str(place))}[/]" for place in places)
    if found.prediction is None:
        tell(f"{escape(found.unexplained[0])} → {written}")
        return
    said = found.prediction
    tell(f"[bold]{escape(said.gloss)}[/] {said.probability:.1%}. {escape(summary(found))} → {written}")
