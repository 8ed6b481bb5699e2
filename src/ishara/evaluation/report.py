"""`write_report`: one HTML file that needs nothing else, and the same figures as JSON beside it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from ishara.errors import IsharaError
from ishara.evaluation.compare import Comparison
from ishara.evaluation.insight import Insight, Views
from ishara.evaluation.intervals import Estimate
from ishara.evaluation.metrics import Summary
from ishara.evaluation.page import NOTHING, PERCENT, percent, template
from ishara.evaluation.predictions import Predictions
from ishara.whole import write_whole

if TYPE_CHECKING:
    from ishara.evaluation.drawing import Theme

SUMMARY_FILE = "summary.json"
_MISTAKES = 10
_PAIRS = 12
_MINUS = str.maketrans("-", "\N{MINUS SIGN}")


@dataclass(frozen=True)
class Picture:
    """A figure as data URIs for light and dark pages, and what it shows in words."""

    light: str
    dark: str
    alt: str


def write_report(
    path: str | Path,
    predictions: Predictions,
    summary: Summary,
    *,
    title: str,
    facts: dict[str, str],
    history: pl.DataFrame | None = None,
    comparison: Comparison | None = None,
    synthetic: bool = False,
    insight: Insight | None = None,
    views: Views | None = None,
) -> Path:
    """Write the report and, beside it, ``summary.json``; each whole or not at all.

    Parameters
    ----------
    path
        A folder (the report is ``report.html`` in it) or a ``.html`` file.
    predictions
        The table that `summary` was made from.
    title
        Of the page.
    facts
        What was measured and how, as name and value: data, split, protocol, recipe, seeds, versions, machine.
    history
        Columns ``epoch``, ``train/loss``, ``train/top1``, ``validation/loss``, ``validation/top1`` and ``lr``; nulls
        are allowed.
    comparison
        With another run on the same clips.
    synthetic
        The clips were generated: the page says so at its top. A fact named ``synthetic`` with the value ``yes`` or
        ``true`` says the same.
    insight
        Accuracy by what clips are like, and shortcuts; what the predictions alone can say by default.
    views
        What is drawn of clips, and of all of them; nothing by default.

    Returns
    -------
    Path of the HTML file.

    Raises
    ------
    IsharaError
        If the extra ``report`` is not installed, or the summary is not about these predictions.
    """
    if summary.predictions != len(predictions) or summary.clips != predictions.table["clip"].n_unique():
        raise IsharaError("The summary is not about these predictions; expected `summarise(predictions)`.")
    page = Path(path) if str(path).endswith(".html") else Path(path) / "report.html"
    insight, views = insight or Insight.of(predictions), views or Views()
    synthetic = synthetic or any(k.lower() == "synthetic" and v.lower() in ("yes", "true") for k, v in facts.items())
    html = template("report.html.j2", **_formats()).render(
        title=title,
        facts=facts,
        synthetic=synthetic,
        s=summary,
        comparison=comparison,
        mistakes=_confident_mistakes(predictions),
        pictures=_pictures(summary, history, insight),
        i=insight,
        v=views,
        **_derived(summary),
    )
    write_whole(page.with_name(SUMMARY_FILE), _numbers(title, synthetic, facts, summary, comparison, insight))
    return write_whole(page, html)


def _formats() -> dict[str, Callable[..., str]]:
    """How the template writes numbers."""
    return {
        "number": number,
        "points": points,
        "interval": interval,
        "nll_interval": partial(interval, form=number),
        "points_interval": partial(interval, form=points),
    }


def _derived(summary: Summary) -> dict[str, object]:
    """What the template needs that follows from the summary."""
    from ishara.evaluation import figures

    return {
        "chance_nll": math.log(summary.vocabulary),
        "same_groups": [part.name for part in summary.by_signer] == [part.name for part in summary.by_group],
        "most_rows": figures.MOST_ROWS,
        "most_numbers": figures.MOST_WITH_NUMBERS,
        "pairs": summary.most_confused(_PAIRS),
        "support": {row.gloss: row.support for row in summary.by_gloss},
    }


def _numbers(
    title: str,
    synthetic: bool,
    facts: dict[str, str],
    summary: Summary,
    comparison: Comparison | None,
    insight: Insight,
) -> str:
    """The JSON beside the page."""
    numbers = {
        "title": title,
        "synthetic": synthetic,
        "facts": facts,
        "summary": summary.model_dump(mode="json"),
        "comparison": comparison.model_dump(mode="json") if comparison else None,
        "insight": insight.model_dump(mode="json"),
    }
    return json.dumps(numbers, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def number(value: float | None) -> str:
    """A figure with three decimals."""
    return NOTHING if value is None else f"{value:.3f}".translate(_MINUS)


def points(value: float | None) -> str:
    """0.012 → ``+1.2``: a difference in percentage points."""
    return NOTHING if value is None else f"{100 * value:+.1f}".translate(_MINUS)


def interval(estimate: Estimate, form: Callable[[float], str] = percent) -> str:
    """``33.2 to 45.1 %``, or a dash where there is none."""
    ends = estimate.interval
    if ends is None:
        return NOTHING
    low, high = form(ends.low), form(ends.high)
    return f"{low.removesuffix(PERCENT)} to {high}"


def _confident_mistakes(predictions: Predictions) -> list[dict[str, str | float | None]]:
    """The rows that were wrong with the highest probability, surest first."""
    table = predictions.table.with_columns(sure=pl.Series(predictions.probabilities.max(axis=1)))
    wrong = table.filter(pl.col("predicted") != pl.col("gloss"))
    worst = wrong.sort(["sure", "clip", "seed"], descending=[True, False, False]).head(_MISTAKES)
    return worst.select("clip", "signer", "gloss", "predicted", "sure").to_dicts()


def _pictures(summary: Summary, history: pl.DataFrame | None, insight: Insight) -> dict[str, Picture]:
    from ishara.evaluation import figures

    drawn = len(figures.drawn_glosses(summary))
    pairs = ", ".join(f"{c.gloss} taken for {c.predicted} {c.count} times" for c in summary.most_confused(3))
    pictures = {
        "confusion": _picture(
            partial(figures.confusion_matrix, summary),
            f"Confusion matrix of {drawn} glosses. Most often: {pairs or 'no confusion at all'}.",
        ),
        "reliability": _picture(
            partial(figures.reliability_diagram, summary),
            f"Reliability diagram: share right by confidence. Expected calibration error {number(summary.ece)}.",
        ),
        "f1": _picture(
            partial(figures.f1_bars, summary),
            f"Bars: F1 of {drawn} glosses, from best to worst; their mean is {number(summary.macro_f1)}.",
        ),
    }
    for name, parts, worst in (
        ("signers", summary.by_signer, summary.worst_signer),
        ("groups", summary.by_group, summary.worst_group),
    ):
        if worst is not None:
            pictures[name] = _picture(
                partial(figures.part_bars, parts, summary),
                f"Bars: top-1 of {len(parts)} {name}; the lowest is {worst.name} with {percent(worst.top1.value)}.",
            )
    if insight.shortcuts is not None:
        check = insight.shortcuts
        told = ", ".join(f"{s.title}: {percent(s.top1.value)}" for s in check.shortcuts if s.top1 is not None)
        pictures["shortcuts"] = _picture(
            partial(figures.shortcut_bars, check),
            f"Bars: right at the first guess by one thing alone; the recogniser: {percent(check.model.value)}. {told}.",
        )
    if history is not None and len(history):
        pictures["history"] = _picture(
            partial(figures.history_curves, history),
            f"Curves of loss, top-1 and learning rate over {history['epoch'].n_unique()} epochs.",
        )
    return pictures


def _picture(draw: Callable[[Theme], str], alt: str) -> Picture:
    from ishara.evaluation.drawing import DARK, LIGHT

    return Picture(draw(LIGHT), draw(DARK), alt)
