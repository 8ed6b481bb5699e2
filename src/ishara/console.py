"""What the command line prints: tables of figures, predictions and progress bars."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    from ishara.evaluation.compare import Comparison
    from ishara.evaluation.insight import Insight
    from ishara.evaluation.intervals import Estimate
    from ishara.evaluation.metrics import Summary
    from ishara.recognizer import Prediction

T = TypeVar("T")
console = Console()
errors = Console(stderr=True)


def tell(markup: str) -> None:
    """Print a message on one line, however narrow the terminal; what is not ours to mark up must be escaped."""
    console.print(markup, highlight=False, soft_wrap=True)


def tell_error(message: str) -> None:
    """Print a mistake, as plain text, on standard error."""
    errors.print(f"[bold red]Error[/]: {escape(message)}", highlight=False, soft_wrap=True)


def tell_failures(failures: Mapping[str, str]) -> None:
    """List the clips that could not be read and are in no figure, and count them; nothing where there are none."""
    for clip, reason in failures.items():
        errors.print(f"Left out {escape(clip)}: {escape(reason)}", highlight=False, soft_wrap=True)
    if failures:
        clips = "1 clip" if len(failures) == 1 else f"{len(failures)} clips"
        errors.print(f"{clips} could not be read: they are in no figure.", highlight=False, soft_wrap=True)


def tell_shortcuts(insight: Insight) -> None:
    """Print what a closer look at the clips found worth a warning; nothing where that is nothing."""
    for warning in insight.shortcuts.warnings if insight.shortcuts else ():
        tell(f"[yellow]Shortcut[/]: {escape(warning)}")


def track(title: str, items: Sequence[T]) -> Iterable[T]:
    """The items, with a progress bar that says how many are done and how long the rest will take."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        yield from bar.track(items, description=title)


def figures_table(summary: Summary) -> Table:
    """The headline figures with their intervals, chance beside them."""
    table = Table("figure", "value", "95 % interval", title=f"{summary.clips} clips, chance {summary.chance:.1%}")
    rows = [
        ("top-1 per instance", summary.top1),
        ("top-1 per class", summary.class_top1),
        ("top-5 per instance", summary.top5),
    ]
    worst = summary.worst_signer or summary.worst_group
    if worst is not None:
        rows.append((f"worst: {escape(worst.name)}", worst.top1))
    for name, estimate in rows:
        table.add_row(name, share(estimate), interval(estimate))
    if summary.ece is not None:
        alone = "" if summary.ece_by_chance is None else f"by chance {summary.ece_by_chance:.1%}"
        table.add_row("calibration error (ECE)", f"{summary.ece:.1%}", alone)
    return table


def folds_table(folds: Sequence[Mapping[str, Any]]) -> Table:
    """One row per fold."""
    table = Table("fold", "clips", "tested", "top-1")
    for fold in folds:
        groups = escape(", ".join(fold["groups"]))
        table.add_row(escape(fold["fold"]), str(fold["clips"]), groups, f"{fold['top1']:.1%}")
    return table


def differences_table(comparison: Comparison) -> Table:
    """Both runs' shares and B minus A in points, with intervals."""
    names = (escape(comparison.name_a), escape(comparison.name_b))
    table = Table("figure", *names, "difference", "95 % interval", "p", title=f"{comparison.clips} clips")
    rows = {
        "top-1 per instance": comparison.top1,
        "top-1 per class": comparison.class_top1,
        "top-5 per instance": comparison.top5,
    }
    for name, found in rows.items():
        a, b = ("–" if value is None else f"{value:.1%}" for value in (found.a, found.b))
        value, p = found.difference.value, found.p_value
        points = "–" if value is None else f"{100 * value:+.1f}"
        table.add_row(name, a, b, points, interval(found.difference), "–" if p is None else f"{p:.3f}")
    return table


def checks_table(checks: Iterable[tuple[str, bool, str]]) -> Table:
    """One row per check: its name, whether it passed, and what was found."""
    table = Table("check", "", "found")
    for name, passed, found in checks:
        table.add_row(name, "[green]✓[/]" if passed else "[red]✗[/]", escape(found))
    return table


def share(estimate: Estimate) -> str:
    """A share as a percentage; a dash where it is not defined."""
    return "–" if estimate.value is None else f"{estimate.value:.1%}"


def interval(estimate: Estimate) -> str:
    """Its interval; a dash where none can be had."""
    return f"{estimate.interval.low:.1%} to {estimate.interval.high:.1%}" if estimate.interval else "–"


def one_line(name: str, prediction: Prediction, top: int) -> str:
    """A clip's name and its most likely glosses, as Rich markup; before them where the sign is called unknown."""
    ranked = "  ".join(f"{escape(c.gloss)} {c.probability:.1%}" for c in prediction.ranked[:top])
    unknown = f"[yellow]unknown[/] (score {prediction.score:.2f})  " if prediction.known is False else ""
    return f"[bold]{escape(name)}[/]: {unknown}{ranked}"


def as_json(clip: str, prediction: Prediction) -> str:
    """A prediction as one line of JSON: gloss, confidence, whether it is known, every probability, attention over time.

    `gloss` is the most likely one also where `known` is false; `known` is null where the recogniser cannot tell.
    """
    value = {
        "clip": clip,
        "gloss": prediction.gloss,
        "confidence": prediction.probability,
        "known": prediction.known,
        "score": prediction.score,
        "probabilities": {c.gloss: c.probability for c in prediction.ranked},
        "attention": [
            {"time": round(float(t), 3), "weight": round(float(w), 5)}
            for t, w in zip(prediction.times, prediction.attention, strict=True)
        ],
    }
    return json.dumps(value, ensure_ascii=False)
