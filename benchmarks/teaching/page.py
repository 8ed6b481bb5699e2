"""The tables of `docs/teach.md`, from what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def tables(measured: Mapping[str, Any]) -> str:
    """How well signs are taught, and how well unknown ones are told, as Markdown."""
    head = [
        "clips a sign", "right among the 10 taught", "the three choices", "by time warping", "right among all 50",
        "by time warping", "trained signs lose",
    ]  # fmt: skip
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for shots, row in measured["shots"].items():
        among = row["among_taught"]
        lines.append(
            f"| {shots} | **{among['mean']:.1%}** | {among['lowest']:.1%} to {among['highest']:.1%} "
            f"| {row['warping_among_taught']['mean']:.1%} | {row['among_all']['mean']:.1%} "
            f"| {row['warping_among_all']['mean']:.1%} | {row['points_lost']['mean']:.1f} points |"
        )
    ways = measured["ways_on_development"]
    lines += [
        "",
        "| way to compare (on the development glosses) | "
        + " | ".join("1 clip" if n == "1" else f"{n} clips" for n in ways)
        + " |",
    ]
    lines.append("|---|" + "---|" * len(ways))
    for way in next(iter(ways.values())):
        lines.append(f"| {way} | " + " | ".join(f"{row[way]:.1%}" for row in ways.values()) + " |")
    choices = list(measured["choices"].values())
    lines += ["", "| called known | with nothing taught | with 5 signs taught from 3 clips each |", "|---|---|---|"]
    names = {
        "trained": "signs that were trained",
        "taught": "signs that were taught",
        "unknown": "signs that are neither",
    }
    for name, what in names.items():
        before, after = (
            _mean(choices, part, f"{name}_called_known") for part in (("nothing_taught",), ("half_taught", "3"))
        )
        lines.append(f"| {what} | {before} | {after} |")
    scores = choices[0]["nothing_taught"]["auroc"]
    lines += ["", "| score | AUROC, trained signs against unknown ones |", "|---|---|"]
    lines += [f"| {name} | {np.mean([c['nothing_taught']['auroc'][name] for c in choices]):.2f} |" for name in scores]
    return "\n".join(lines)


def _mean(choices: list[Mapping[str, Any]], part: tuple[str, ...], name: str) -> str:
    values = []
    for choice in choices:
        found: Any = choice
        for key in part:
            found = found[key]
        if name not in found:
            return "–"
        values.append(found[name])
    return f"{np.mean(values):.1%}"
