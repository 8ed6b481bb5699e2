"""Write the page of what we set out to reach and what was measured, from `results/` and `benchmarks/targets.yaml`.

    python benchmarks/targets_page.py

No figure on the page is typed, but for the bounds themselves.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ishara.errors import IsharaError
from targets import Figure, Part, Target, figure, met, read_targets

PAGE = Path("docs/targets.md")
_HEAD = """# What we set out to reach

Written by `python benchmarks/targets_page.py` from [`results/`](../results), at the end of `make results`. Each bound
was set before the work on it began, and stands in `benchmarks/targets.yaml`. In brackets: the 95 % interval. Speed and
memory have [a page of their own](performance.md).
"""


def page(results: Path, parts: Sequence[Part]) -> str:
    """The whole page, in Markdown."""
    found = {target.name: figure(results, target) for part in parts for target in part.rows}
    rows = [target for part in parts for target in part.rows]
    return "\n".join([_HEAD, _summary(rows, found), *(_section(part, found) for part in parts)])


def _summary(rows: Sequence[Target], found: dict[str, Figure | None]) -> str:
    reached = [met(target, value) for target in rows if (value := found[target.name]) is not None]
    missed, waiting = len(reached) - sum(reached), len(rows) - len(reached)
    return f"{len(rows)} bounds: {sum(reached)} met, {missed} missed, {waiting} not measured yet.\n"


def _section(part: Part, found: dict[str, Figure | None]) -> str:
    lines = [f"## {part.title}", "", part.text.strip(), "", "| | measured | required | |", "|---|---|---|---|"]
    lines += [_row(target, found[target.name]) for target in part.rows]
    missed = [row for row in part.rows if (value := found[row.name]) is not None and not met(row, value)]
    for target in missed:
        why = target.why.strip() or "No reason was found yet."
        lines += ["", f"**Missed: {target.name}.** {why}"]
    return "\n".join([*lines, ""])


def _row(target: Target, found: Figure | None) -> str:
    beside = f"<br>others: {target.beside}" if target.beside else ""
    measured = "not yet" if found is None else _measured(target, found)
    mark = "" if found is None else "met" if met(target, found) else "**missed**"
    if found is not None and target.stretch is not None and found.value >= target.stretch:
        mark = "met, and the higher one"
    return f"| {target.name}{beside} | {measured} | {_required(target)} | {mark} |"


def _measured(target: Target, found: Figure) -> str:
    between = f" ({_shown(target, found.low)} to {_shown(target, found.high)})" if found.low is not None else ""
    chance = f"; chance {_shown(target, found.chance)}" if found.chance is not None else ""
    # One training is timed.
    counted = found.seeds is not None and target.unit != "seconds"
    seeds = f"; {found.seeds} {'seed' if found.seeds == 1 else 'seeds'}" if counted else ""
    part = f"; on {found.folds[0]} of {found.folds[1]} folds" if found.folds and len(set(found.folds)) == 2 else ""
    return f"{_shown(target, found.value)}{between}{chance}{seeds}{part}"


def _required(target: Target) -> str:
    better = f", better {_shown(target, target.stretch)}" if target.stretch is not None else ""
    if target.least is not None:
        return f"at least {_shown(target, target.least)}{better}"
    if target.most is not None:
        return f"at most {_shown(target, target.most)}{better}"
    return "its interval above 0" if target.above == 0 else f"its interval above {_shown(target, target.above)}"


def _shown(target: Target, value: float | None) -> str:
    """A share as per cent; what is compared, in points; time in minutes."""
    if value is None:
        return "?"
    if target.compare:
        return f"{100 * value:+.1f}"
    if target.unit == "seconds":
        return f"{value / 60:.0f} min" if (value / 60).is_integer() else f"{value / 60:.1f} min"
    return f"{value:.1f}" if target.unit == "points" else f"{value:.1%}"


def main(
    results: Annotated[Path, typer.Option(help="Where the figures are.")] = Path("results"),
    into: Annotated[Path, typer.Option(help="The page.")] = PAGE,
) -> None:
    """Write the page."""
    into.write_text(page(results, read_targets()), encoding="utf-8")
    print(into)


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
