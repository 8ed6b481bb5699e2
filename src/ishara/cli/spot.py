"""`ishara spot`: a long recording in, where which sign is out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ishara.cli.app import ModelPath, app
from ishara.cli.predict import ProviderName, Threads
from ishara.console import errors, tell
from ishara.errors import IsharaError

if TYPE_CHECKING:
    from ishara.recognizer import Recognizer
    from ishara.spotting import Segment, SpotOptions
    from ishara.spotting.recording import Frame, Recording

_LENGTH = "Seconds of the {} sign; by default by how long the clips were that the recogniser learnt from."


@app.command()
def spot(
    model: ModelPath,
    recording: Annotated[str, typer.Argument(help="A long video, or its landmarks (.pose).")],
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "--out", "-o", help="A file: .eaf (ELAN), .vtt (subtitles), .csv, .json, or .mp4 (the video with "
            "subtitles). Give it again for another. Without it, the signs are printed.",
        ),
    ] = None,
    start: Annotated[float | None, typer.Option(min=0, help="Seconds from the beginning at which to begin.")] = None,
    end: Annotated[float | None, typer.Option(min=0, help="Seconds from the beginning at which to end.")] = None,
    box: Annotated[
        str | None, typer.Option(metavar="'L T R B'", help="Only this part of the picture: left top right bottom.")
    ] = None,
    save_pose: Annotated[
        Path | None,
        typer.Option("--save-pose", help="A file for a video's landmarks (.pose), to spot in them again at once.")
    ] = None,
    video: Annotated[
        str | None,
        typer.Option(help="The video that the landmarks are of, for ELAN to open and for the film to show.")
    ] = None,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="Also tell where something is signed that the recogniser does not know.")
    ] = False,
    shortest: Annotated[float | None, typer.Option(help=_LENGTH.format("shortest"))] = None,
    typical: Annotated[float | None, typer.Option(help=_LENGTH.format("usual"))] = None,
    longest: Annotated[float | None, typer.Option(help=_LENGTH.format("longest"))] = None,
    known: Annotated[
        float | None,
        typer.Option(help="Least probability of a sign, for a recogniser that has no threshold of its own."),
    ] = None,
    threads: Threads = None,
    provider: ProviderName = "cpu",
) -> None:  # fmt: skip
    """Find where in a long recording which sign is, and write it for ELAN, as subtitles, as a table or as a film."""
    from ishara.recognizer import Recognizer
    from ishara.recognizer.runtime import known_provider
    from ishara.spotting.formats import Found, check_output, write_found
    from ishara.spotting.recording import open_recording
    from ishara.video.box import Box

    places = out or []
    for place in places:
        check_output(place, recording, video or recording)
    recognizer = Recognizer.load(model, threads=threads, provider=known_provider(provider))
    options = _options(
        recognizer.config.clip_seconds,
        {"shortest": shortest, "typical": typical, "longest": longest, "known": known, "unknown": unknown or None},
    )
    cut = None if box is None else Box.parse(box)
    with open_recording(recording, recognizer.recipe, start=start, end=end, box=cut) as opened:
        search = _Search(recognizer, opened, options, keep=save_pose, quiet=bool(places))
        search.run()
    found = Found(recording, recognizer.recipe.name, tuple(search.found), video)
    for place in places:
        write_found(place, found)
    _report(search, places)


class _Search:
    """Goes through a recording; Ctrl-C ends it early, and what was found until then is kept."""

    def __init__(
        self, recognizer: Recognizer, recording: Recording, options: SpotOptions, *, keep: Path | None, quiet: bool
    ) -> None:
        from ishara.spotting import StreamSpotter

        self.found: list[Segment] = []
        self.stopped_at: float | None = None
        self.recording = recording
        self._spotter = StreamSpotter(recognizer, recording.skeleton, recording.fps, options)
        self._keep = keep
        self._quiet = quiet

    def run(self) -> None:
        """Find the signs; those that are decided are printed at once where nothing is written."""
        from ishara.spotting.recording import as_pose, kept

        frames: list[Frame] = []
        given = self.recording.frames if self._keep is None else kept(self.recording.frames, frames)
        time = 0.0
        try:
            for time, coordinates, confidence in _shown(given, self):
                self._take(self._spotter.push(coordinates, confidence, time))
        except KeyboardInterrupt:
            self.stopped_at = time
        self._take(self._spotter.finish())
        if self._keep is not None and frames:
            from ishara.pose.files import write_pose

            write_pose(as_pose(frames, self.recording), self._keep)

    def _take(self, segments: list[Segment]) -> None:
        self.found += segments
        if not self._quiet:
            for segment in segments:
                tell(_line(segment))


def _shown(frames: Iterator[Frame], search: _Search) -> Iterator[Frame]:
    """The frames, with a bar that says how far they got and how many signs were found."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("Looking", total=search.recording.length)
        for frame in frames:
            yield frame
            signs = "1 sign" if len(search.found) == 1 else f"{len(search.found)} signs"
            bar.update(task, advance=1, description=f"{_clock(frame[0])}, {signs}")


def _options(seconds: float | None, given: dict[str, float | bool | None]) -> SpotOptions:
    from pydantic import ValidationError

    from ishara.schema import explain
    from ishara.spotting import SpotOptions

    try:
        return SpotOptions.for_clips(seconds, {name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise IsharaError(explain(SpotOptions, error, prefix="--")) from None


def _report(search: _Search, places: list[Path]) -> None:
    signs = "1 sign" if len(search.found) == 1 else f"{len(search.found)} signs"
    written = f" → {', '.join(f'[bold]{escape(str(place))}[/]' for place in places)}" if places else ""
    if search.stopped_at is None:
        said = f"{signs} in {_clock(search.recording.duration)}{written}"
    else:
        said = f"Stopped at {_clock(search.stopped_at)}. What was found until then is kept: {signs}{written}"
    # Beside the signs themselves, which standard output is for.
    errors.print(said, highlight=False, soft_wrap=True)
    if search.stopped_at is not None:
        raise typer.Exit(130)


def _line(segment: Segment) -> str:
    times = f"{_clock(segment.start)}–{_clock(segment.end)}"
    return f"{times}  [bold]{escape(segment.label)}[/] {segment.probability:.1%}"


def _clock(seconds: float) -> str:
    """A time as people read it: 1:02.3."""
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{minutes:.0f}:{rest:04.1f}"
