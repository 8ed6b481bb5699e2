"""The pictures of a report: each function draws one from figures already computed and gives an SVG data URI."""

from __future__ import annotations

from textwrap import fill

import numpy as np
import polars as pl

from ishara.evaluation.drawing import Theme, data_uri, labels, legend, new_figure, readable_on, style
from ishara.evaluation.intervals import Estimate, Interval
from ishara.evaluation.metrics import GlossFigures, Part, Summary
from ishara.evaluation.shortcuts import ShortcutCheck
from ishara.extras import extra

with extra("report", "Reports"):
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

# More rows than this cannot be read; then the ones that go worst are drawn.
MOST_ROWS = 60
MOST_WITH_NUMBERS = 30
# Longer titles of bars are written in two lines.
_LINE = 22


def drawn_glosses(summary: Summary) -> list[tuple[int, GlossFigures]]:
    """The glosses with clips that figures show, with their number in the per-class table; of many, the worst."""
    rows = [(i, g) for i, g in enumerate(summary.by_gloss, start=1) if g.support]
    worst = sorted(rows, key=lambda row: (row[1].recall or 0, row[1].gloss))[:MOST_ROWS]
    return sorted(worst, key=lambda row: row[0])


def confusion_matrix(summary: Summary, theme: Theme) -> str:
    """True gloss by predicted gloss, each row in per cent of its clips."""
    rows = drawn_glosses(summary)
    place = {g.gloss: i for i, (_, g) in enumerate(rows)}
    support = [g.support for _, g in rows]
    cells = [
        (place[c.gloss], place[c.predicted], c.count / support[place[c.gloss]])
        for c in summary.confusion
        if c.gloss in place and c.predicted in place
    ]
    size = max(4.0, min(11.0, 1.5 + 0.3 * len(rows)))
    figure, [axes] = new_figure(size, size)
    style(axes, theme, grid=None)
    corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    colours = LinearSegmentedColormap.from_list("share", [theme.grid, theme.first])
    # The square root sets few mistakes apart from none and from many.
    fills = [colours(share**0.5) for *_, share in cells]
    squares = PolyCollection([corners + np.array([column, row]) for row, column, _ in cells], facecolors=fills)
    axes.add_collection(squares)
    if len(rows) <= MOST_WITH_NUMBERS:
        for (row, column, share), fill in zip(cells, fills, strict=True):
            colour = readable_on(fill, theme)
            axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=7, color=colour)
    names = labels([g.gloss for _, g in rows], [number for number, _ in rows])
    font_size = 9 if len(rows) <= MOST_WITH_NUMBERS else 6.5
    axes.set_xticks(range(len(rows)), names, rotation=90 if max(map(len, names)) > 2 else 0, fontsize=font_size)
    axes.set_yticks(range(len(rows)), names, fontsize=font_size)
    axes.set(xlim=(-0.5, len(rows) - 0.5), ylim=(len(rows) - 0.5, -0.5), aspect="equal")
    axes.tick_params(length=0)
    axes.set_xlabel("Predicted gloss")
    axes.set_ylabel("True gloss")
    return data_uri(figure)


def reliability_diagram(summary: Summary, theme: Theme) -> str:
    """Share right against confidence, in the bins that the calibration error is computed from."""
    figure, [axes] = new_figure(4.8, 4.4)
    style(axes, theme)
    bins = [b for b in summary.reliability if b.accuracy is not None]
    width = 1 / len(summary.reliability)
    axes.bar(
        [b.low for b in bins], [b.accuracy or 0 for b in bins], width=width, align="edge",
        color=theme.soft, edgecolor=theme.paper, linewidth=1, label="measured",
    )  # fmt: skip
    axes.plot([0, 1], [0, 1], color=theme.second, linestyle="--", linewidth=1.8, label="perfectly calibrated")
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="Confidence of the first guess", ylabel="Share of them that was right")
    legend(axes, theme, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return data_uri(figure)


def part_bars(parts: list[Part], summary: Summary, theme: Theme) -> str:
    """Top-1 of each signer (or group) with its 95 % interval, the mean of all clips and the chance level."""
    drawn = sorted(parts, key=lambda part: (part.top1.value or 0, part.name))[:MOST_ROWS][::-1]
    names = labels([part.name for part in drawn], range(1, len(drawn) + 1))
    values = [100 * (part.top1.value or 0) for part in drawn]
    figure, axes = _horizontal_bars(names, values, theme)
    for row, part in enumerate(drawn):
        _whisker(axes, row, part.top1.interval, theme)
    axes.axvline(100 * (summary.top1.value or 0), color=theme.second, linewidth=1.8, label="all clips")
    axes.axvline(100 * summary.chance, color=theme.second, linewidth=1.8, linestyle=":", label="chance")
    axes.set(xlim=(0, 100), xlabel="Right at the first guess, per cent (line: 95 % interval)")
    legend(axes, theme, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return data_uri(figure)


def shortcut_bars(check: ShortcutCheck, theme: Theme) -> str:
    """Right at the first guess by each cue alone, with its 95 % interval; the recogniser and a blind guess as lines."""
    tried = [one for one in check.shortcuts if one.top1 is not None]
    titles = [fill(one.title, _LINE) for one in tried]
    figure, axes = _horizontal_bars(titles, [_percent(one.top1) for one in tried], theme, tall=0.36)
    for row, one in enumerate(tried):
        _whisker(axes, row, one.top1.interval if one.top1 else None, theme)
    axes.axvline(_percent(check.model), color=theme.second, linewidth=1.8, label="the recogniser")
    axes.axvline(100 * check.blind, color=theme.second, linewidth=1.8, linestyle=":", label="a blind guess")
    axes.set(xlim=(0, 100), xlabel="Right at the first guess, per cent (line: 95 % interval)")
    legend(axes, theme, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return data_uri(figure)


def f1_bars(summary: Summary, theme: Theme) -> str:
    """F1 of each gloss that has clips, best first."""
    drawn = sorted(drawn_glosses(summary), key=lambda row: (-(row[1].f1 or 0), row[1].gloss))
    names = labels([g.gloss for _, g in drawn], [number for number, _ in drawn])
    figure, axes = _horizontal_bars(names, [g.f1 or 0 for _, g in drawn], theme)
    axes.axvline(summary.macro_f1, color=theme.second, linewidth=1.8, label="mean over glosses")
    axes.set(xlim=(0, 1), xlabel="F1")
    legend(axes, theme, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return data_uri(figure)


def history_curves(history: pl.DataFrame, theme: Theme) -> str:
    """Loss, top-1 and learning rate by epoch; a null is no point, and a column that is not there no line."""
    figure, [loss, top1, rate] = new_figure(10.5, 3.2, panels=3)
    for axes, title, columns in (
        (loss, "Loss", {"train/loss": "training", "validation/loss": "validation"}),
        (top1, "Top-1, per cent", {"train/top1": "training", "validation/top1": "validation"}),
        (rate, "Learning rate", {"lr": "learning rate"}),
    ):
        style(axes, theme)
        factor = 100 if axes is top1 else 1
        drawn = [_line(axes, history, name, column, factor, theme) for column, name in columns.items()]
        axes.set_title(title)
        axes.set_xlabel("Epoch")
        axes.set_ylim(bottom=0, top=100 if axes is top1 else None)
        if any(drawn) and axes is not rate:
            legend(axes, theme)
    return data_uri(figure)


def _line(axes: Axes, history: pl.DataFrame, name: str, column: str, factor: float, theme: Theme) -> bool:
    if column not in history.columns or "epoch" not in history.columns:
        return False
    points = history.select(pl.col("epoch", column).cast(pl.Float64)).drop_nulls().filter(pl.col(column).is_finite())
    colour, dash = (theme.second, "--") if name == "validation" else (theme.first, "-")
    # One point makes no line.
    marker = "o" if len(points) < 3 else None
    axes.plot(points["epoch"], points[column] * factor, color=colour, linestyle=dash, marker=marker, label=name)
    return bool(len(points))


def _percent(estimate: Estimate | None) -> float:
    return 100 * (estimate.value or 0) if estimate else 0.0


def _whisker(axes: Axes, row: int, interval: Interval | None, theme: Theme) -> None:
    if interval:
        ends = [100 * interval.low, 100 * interval.high]
        axes.plot(ends, [row, row], color=theme.ink, linewidth=1.6, solid_capstyle="butt")


def _horizontal_bars(names: list[str], values: list[float], theme: Theme, tall: float = 0.24) -> tuple[Figure, Axes]:
    """Bars from the top down; a row is `tall` inches."""
    figure, [axes] = new_figure(5.6, 1.1 + tall * len(names))
    style(axes, theme, grid="x")
    axes.barh(range(len(names)), values, height=0.72, color=theme.soft)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    return figure, axes
