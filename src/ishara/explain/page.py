"""`write_explanation`: one self-contained HTML page for a clip."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ishara.evaluation.page import template
from ishara.explain import words
from ishara.explain.curves import RANDOM, Curve
from ishara.explain.explanation import SMALL, Effect, Explanation
from ishara.explain.frames import player
from ishara.whole import write_whole

# Of the drawings on the page, in their own units; the browser scales them.
_STRIP = 1000.0, 100.0
_CURVE = 320.0, 180.0
_EPSILON = 1e-9
_TITLES = {"occlusion": "order found", "attention": "attention", RANDOM: "by chance"}
_CELLS = {True: "Parts of the body at moments", False: "Places in the picture at moments"}


@dataclass(frozen=True)
class Bar:
    """A row of a table of effects.

    Parameters
    ----------
    title
        Of the part.
    reach, still
        How far its bars go, 0 to 100: taken away, or held still where that is all that is asked; held still besides.
    against
        Whether the recogniser would be surer without it.
    left, words
        What would be left of the probability, and the change in words.
    seen
        Share of the frames in which it was found.
    """

    title: str
    reach: float
    still: float | None
    against: bool
    left: str
    words: str
    seen: float


def write_explanation(path: Path, explanation: Explanation, *, top: int = 5, truth: str = "") -> Path:
    """Write the page, whole or not at all.

    Parameters
    ----------
    path
        Of the page; its folder is made.
    explanation
        What is shown.
    top
        How many glosses are listed.
    truth
        The clip's label, where it is known.

    Raises
    ------
    IsharaError
        If the extra ``report`` is not installed.
    """
    page = template("explain.html.j2", left=lambda change: words.left(explanation, change))
    said = explanation.prediction
    drawn = player(explanation) | {"times": [] if said is None else np.round(said.times, 3).tolist()}
    text = page.render(
        e=explanation,
        said=said,
        truth=truth,
        ranked=said.ranked[:top] if said else (),
        summary=words.summary(explanation) if said else "",
        parts=_bars(explanation, explanation.of("part")),
        fingers=_bars(explanation, [effect for effect in explanation.of("finger") if effect.seen]),
        moments=_strip(None if explanation.moments is None else -explanation.moments, SMALL),
        attention=_strip(explanation.attention, _EPSILON),
        attention_title=words.attention_title(explanation),
        attention_note=words.attention_note(explanation),
        curves=_curves(explanation),
        measured_note=words.measured_note(explanation),
        seconds=float(said.times[-1]) if said else 0.0,
        start=0 if explanation.moments is None else int(explanation.moments.argmin()),
        # Nothing in it may end the element that it stands in.
        player=json.dumps(drawn, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"),
    )
    return write_whole(path, text)


def _bars(explanation: Explanation, effects: list[Effect]) -> list[Bar]:
    """Rows in the skeleton's order, so that left and right stay where they are; bars are of one scale on the page."""
    values = [value for e in explanation.effects for value in (e.absent, e.still) if value is not None]
    most = max([*map(abs, values), 1.0])
    return [
        Bar(
            title=effect.title,
            reach=100 * abs(effect.change or 0) / most,
            still=None if effect.absent is None else 100 * max(-(effect.still or 0), 0) / most,
            against=(effect.change or 0) > 0,
            left=words.left(explanation, effect.change),
            words=words.odds(effect.change),
            seen=effect.seen,
        )
        for effect in effects
    ]


def _strip(values: Any, small: float) -> list[dict[str, Any]]:
    """A bar for each frame in a drawing of 1000 by 100: those below 0 hang from a line.

    What is less than `small` does not fill it.
    """
    if values is None:
        return []
    heights = np.asarray(values, np.float64)
    most, least = max(float(heights.max()), small), min(float(heights.min()), 0.0)
    width, height = _STRIP
    scale = height / (most - least)
    base = most * scale
    step = width / len(heights)
    return [
        {
            "x": round(i * step, 2),
            "width": round(step * 0.86, 2),
            "y": round(base - max(value, 0) * scale, 2),
            "height": round(max(abs(value) * scale, 0.8), 2),
            "against": bool(value < 0),
        }
        for i, value in enumerate(heights)
    ]


def _curves(explanation: Explanation) -> list[dict[str, Any]]:
    """A drawing of each thing that was taken away: its lines, and what they say."""
    titles = {"moments": "Moments", "cells": _CELLS[explanation.space is None]}
    found = []
    for what, own in explanation.curves.items():
        lines = [
            {
                "name": _TITLES[name],
                "kind": name,
                "deletion": _path(curve, curve.deletion),
                "insertion": _path(curve, curve.insertion),
                "area": curve.deletion_area,
                "insertion_area": curve.insertion_area,
            }
            for name, curve in own.items()
        ]
        end = "one frame left" if what == "moments" else "all gone"
        found.append({"title": titles[what], "lines": lines, "trust": words.trust(explanation, what), "end": end})
    return found


def _path(curve: Curve, values: Any) -> str:
    width, height = _CURVE
    points = [f"{x * width:.1f},{(1 - y) * height:.1f}" for x, y in zip(curve.share, values, strict=True)]
    return " ".join(points)
