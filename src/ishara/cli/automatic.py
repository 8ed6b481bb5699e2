"""`ishara train DATA`: what the clips are, the recipe that is chosen for them, and why, as it is printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ishara.cli.app import RUNS
from ishara.console import console, errors, track
from ishara.errors import IsharaError

if TYPE_CHECKING:
    from ishara.clips.manifest import Manifest
    from ishara.recipe import Recipe
    from ishara.training.automatic import AutomaticRecipe, Survey

_RECIPES = (".yaml", ".yml")
_MOST_NAMED = 5


def is_recipe(path: Path) -> bool:
    """Whether what was typed is meant as a recipe, and not as clips."""
    return path.suffix.lower() in _RECIPES and not path.is_dir()


def choose(
    data: Path, corpus: str | None, overrides: Sequence[str], out: Path | None, *, show: bool
) -> AutomaticRecipe:
    """Choose a recipe for clips, after their landmarks where they are videos, and print it with its reasons.

    With `show` nothing is extracted, and what is printed leaves standard output to the recipe itself.
    """
    from ishara.clips import load_clips
    from ishara.clips.source import find_source
    from ishara.training.automatic.choose import choose_recipe
    from ishara.training.automatic.start import later, start_recipe
    from ishara.training.automatic.survey import refuse_useless, survey, videos_in
    from ishara.training.preflight import check_names

    to = errors if show else console
    source = find_source(data, corpus)
    _say(to, f"{data}: {source.what}")
    start = start_recipe(source, overrides)
    clips = load_clips(start.data)
    refuse_useless(clips)
    if videos_in(clips):
        # Beside the runs, and shared by those of one name: --restart throws away a training, not hours of extraction.
        home = RUNS if out is None else out.parent
        start = _with_landmarks(start, clips, home / f"{start.name}-landmarks", show=show)
        clips = load_clips(start.data)
    chosen = choose_recipe(
        survey(clips, progress=lambda drawn: track("Looking at clips", list(drawn))), start, later(overrides)
    )
    check_names(chosen.recipe)
    _say(to, _facts(chosen.survey))
    to.print(_table(chosen))
    for warning in chosen.warnings:
        _warn(warning)
    return chosen


def warn_of_untested(clips: Manifest) -> None:
    """Say which glosses no figure will tell of, where there is a test side."""
    sides: dict[str, Counter[str]] = {}
    for gloss, side in zip(clips.table["gloss"], clips.table["split"], strict=True):
        sides.setdefault(str(side), Counter())[gloss] += 1
    untested = sorted(sides.get("train", Counter()).keys() - sides.get("test", Counter()).keys())
    if "test" in sides and untested:
        named = ", ".join(untested[:_MOST_NAMED]) + (", …" if len(untested) > _MOST_NAMED else "")
        glosses = "1 gloss has" if len(untested) == 1 else f"{len(untested)} glosses have"
        _warn(
            f"{glosses} no clip on the test side ({named}): no figure will say how well they are recognised. Add clips "
            "of them, best by several people."
        )


def _with_landmarks(start: Recipe, videos: Manifest, folder: Path, *, show: bool) -> Recipe:
    """The start of a recipe for the landmarks of videos, which are extracted into a folder or found there."""
    from ishara.cli.extract import report_extraction, show_extraction
    from ishara.clips.extraction import MANIFEST
    from ishara.training.automatic.start import extract_landmarks, with_landmarks

    if show:
        if not (folder / MANIFEST).is_file():
            raise IsharaError(
                f"The {len(videos)} clips are videos, and the choice goes by their landmarks, which are not there yet "
                f"({folder}). The same command without --show extracts them first, and then trains."
            )
        return with_landmarks(start, folder)
    _say(console, f"The clips are videos: first their landmarks are extracted to {folder}. What is done is kept.")
    report_extraction(extract_landmarks(start, videos, folder, progress=show_extraction))
    return with_landmarks(start, folder)


def _facts(survey: Survey) -> str:
    """What the data are, in a line."""
    glosses, frames = survey.glosses, survey.frames
    signers = survey.groups[0]
    who = f"{signers.values} signers" if signers.known == survey.clips else "signers not known"
    looked = "" if survey.sampled == survey.clips else f" (of {survey.sampled} clips that were looked at)"
    hands = f"a hand in {survey.hands:.0%} of the frames" if survey.hands else "no hands"
    return (
        f"{survey.clips:,} clips of {survey.vocabulary:,} glosses ({glosses.least:,} to {glosses.most:,} each), {who}; "
        f"{frames.least} to {frames.most} frames at {survey.fps:g} a second, {hands}{looked}"
    )


def _table(chosen: AutomaticRecipe) -> Table:
    table = Table("setting", "value", "because", box=SIMPLE_HEAD)
    for choice in chosen.choices:
        table.add_row(escape(choice.key), escape(choice.shown), escape(choice.reason))
    return table


def _say(to: Console, words: str) -> None:
    to.print(escape(words), highlight=False, soft_wrap=True)


def _warn(words: str) -> None:
    errors.print(f"[yellow]Warning[/]: {escape(words)}", highlight=False, soft_wrap=True)
