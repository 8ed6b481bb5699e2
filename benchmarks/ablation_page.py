"""Write the page on what each choice gives, from `results/measure-ablation-*.json` and `measure-pretraining-*.json`.

    python benchmarks/ablation_page.py

No figure on the page is typed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from ablation.runs import VIEWS
from ishara.errors import IsharaError

PAGE = Path("docs/ablation.md")
_PREFIX, _PRETRAINING = "measure-ablation-", "measure-pretraining-"
_HEAD = f"""# What each choice gives

Written by `python benchmarks/ablation_page.py` from [`results/`](../results); measured by
`python benchmarks/measure_ablation.py`, which trains each recipe with one change at a time
([`benchmarks/ablation.yaml`](../benchmarks/ablation.yaml)).

The folds were fixed before anything was measured, and are some of the folds that the recipes' own figures come from. A
difference is in points of top-1 per instance: the changed recipe less the recipe, on the same clips, folds and seeds,
with the 95 % interval of a paired bootstrap. A change **helps** or **hurts** where the interval leaves out 0. Many are
tried, so one in twenty would look like something by chance: a single row is a hint, the same on both corpora is more.
The recipes were not chosen by this page: what was tried on which clips stands in [findings](findings.md).

The last rows of each table need several models, or {VIEWS} looks at each clip, and are no single model's.
"""
_COLUMNS = "| change | top-1 | difference (95 %) | of each seed | |\n|---|---|---|---|---|"


def page(results: Path) -> str:
    """The whole page, in Markdown."""
    ablations, pretrainings = (_read(results, prefix) for prefix in (_PREFIX, _PRETRAINING))
    if not ablations:
        raise IsharaError(f"{results}: no ablation was measured. `python benchmarks/measure_ablation.py` does it.")
    return "\n".join([_HEAD, *map(_section, ablations), *_pretraining(pretrainings)])


def _read(results: Path, prefix: str) -> list[dict[str, Any]]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(results.glob(f"{prefix}*.json"))]


def _section(content: dict[str, Any]) -> str:
    base = content["base"]["top1"]
    folds = ", ".join(fold["fold"] for fold in content["folds"])
    seeds = ", ".join(map(str, content["seeds"]))
    lines = [
        f"## {content['corpus']}",
        "",
        f"`{content['recipe']}` on {len(content['folds'])} folds ({folds}), seeds {seeds}: top-1 {_percent(base)}.",
        *_changed(content["overrides"]),
        "",
        _COLUMNS,
    ]
    groups = dict.fromkeys(change["group"] for change in content["changes"])
    for group in groups:
        lines.append(f"| **{group}** | | | | |")
        lines += [_row(change) for change in content["changes"] if change["group"] == group]
    if together := content.get("together"):
        lines += ["| **More than one model, or one look** | | | | |", *map(_row, together)]
    return "\n".join([*lines, "", *_where(content), ""])


def _changed(overrides: list[str]) -> Iterator[str]:
    if overrides:
        yield f"All of it with `{' '.join(overrides)}`, to be done in hours: the recipe's own figure is higher."


def _pretraining(measured: list[dict[str, Any]]) -> Iterator[str]:
    if not measured:
        return
    of = measured[0]["pretraining"]
    yield f"""## Pretraining

Measured by `python benchmarks/measure_pretraining.py`: the same folds, seeds and settings, but begun from a model that
first learnt, for {of["epochs"]} epochs, to fill in what was hidden of clips of all corpora: {of["frames"]:.0%} of the
frames and {of["landmarks"]:.0%} of the landmarks. Clips that a fold tests are not among these.

| corpus | begun from nothing | pretrained | difference (95 %) | of each seed | |
|---|---|---|---|---|---|"""
    for content in measured:
        figures = {name: content[name] for name in ("top1", "difference", "of_seeds")}
        yield _row(figures | {"name": f"{content['corpus']} | {_percent(content['base'])}"})
    yield ""


def _row(change: dict[str, Any]) -> str:
    difference = change["difference"]
    interval, value = difference["interval"], 100 * difference["value"]
    between = f" ({100 * interval['low']:+.1f} to {100 * interval['high']:+.1f})" if interval else ""
    seeds = " ".join(f"{100 * of:+.1f}" for of in change["of_seeds"])
    keys = f"<br>`{' '.join(change['overrides'])}`" if "overrides" in change else ""
    name = f"{change['name']}{keys}"
    return f"| {name} | {_percent(change['top1'])} | {value:+.1f}{between} | {seeds} | {_verdict(interval)} |"


def _verdict(interval: dict[str, Any] | None) -> str:
    if interval is None or interval["low"] <= 0 <= interval["high"]:
        return "cannot be told"
    return "**helps**" if interval["low"] > 0 else "**hurts**"


def _percent(estimate: dict[str, Any]) -> str:
    return f"{estimate['value']:.1%}"


def _where(content: dict[str, Any]) -> Iterator[str]:
    machine = content["machine"]
    yield f"{machine['processor']}, {machine['cores']} cores; torch {content['versions']['torch']}."


def main(
    results: Annotated[Path, typer.Option(help="Where the figures are.")] = Path("results"),
    into: Annotated[Path, typer.Option(help="The page.")] = PAGE,
) -> None:
    """Write the page."""
    into.write_text(page(results), encoding="utf-8")
    print(into)


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
