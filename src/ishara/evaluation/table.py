"""The table of what recipes measured, made from the JSON files in ``results/`` and put into a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ishara.clips.corpora.base import SYNTHETIC
from ishara.errors import IsharaError
from ishara.evaluation.pages import put_between
from ishara.evaluation.report import SUMMARY_FILE
from ishara.recipe import Recipe

BEGIN = "<!-- results: made by `ishara results`, not by hand -->"
END = "<!-- end of results -->"
_OF_BENCHMARKS = ("bench-", "measure-")
_HEADER = (
    "| corpus | who is tested | recipe | seeds | top-1 per instance (95 %) | mean of folds | per class | top-5 | worst "
    "| calibration error | chance |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


def results_table(folder: Path, recipes: Path | None = None) -> str:
    """A Markdown table with a row per result, baselines below what they are the baseline of, synthetic corpora last.

    Parameters
    ----------
    folder
        The JSON files.
    recipes
        The recipes' own folder: a result that one of them gave before its present settings says so.

    Raises
    ------
    IsharaError
        If the folder has no result, or a file in it is not one.
    """
    found = sorted(folder.glob("*.json"))
    results = [_read(path) for path in found if not path.name.startswith(_OF_BENCHMARKS) and path.name != SUMMARY_FILE]
    if not results:
        raise IsharaError(f"{folder}: there are no results. `ishara crossval RECIPE --results {folder}` writes them.")
    results.sort(key=lambda measured: measured["corpus"] in SYNTHETIC)
    return "\n".join([_HEADER, *(_row(measured, recipes) for measured in results)])


def put_into(page: Path, table: str) -> bool:
    """Replace the table between a page's markers; tells whether that changed it.

    Raises
    ------
    IsharaError
        If the page has no markers.
    """
    return put_between(page, BEGIN, END, f"\n{table}\n")


def _read(path: Path) -> dict[str, Any]:
    try:
        measured: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for part in ("corpus", "summary", "protocol"):
            measured[part]
    except (json.JSONDecodeError, KeyError) as error:
        raise IsharaError(f"{path}: is not a result of `ishara crossval` (it has no {error}).") from None
    return measured


def _row(measured: dict[str, Any], recipes: Path | None) -> str:
    summary, protocol = measured["summary"], measured["protocol"]
    worst = summary["worst_signer"] or summary["worst_group"]
    cells = [
        f"{_corpus(measured)} ({summary['glosses']} glosses, {summary['clips']} clips)",
        _tested(protocol),
        _name(measured, recipes),
        str(len(summary["seeds"])),
        f"**{_percent(summary['top1'])}** ({_interval(summary['top1'])})",
        _percent(measured["top1_over_folds"]),
        _percent(summary["class_top1"]),
        _percent(summary["top5"]),
        f"{_percent(worst['top1'])} ({worst['name']})" if worst else "–",
        "–" if summary["ece"] is None else f"{summary['ece']:.1%}",
        f"{summary['chance']:.1%}",
    ]
    return f"| {' | '.join(cells)} |"


def _corpus(measured: dict[str, Any]) -> str:
    corpus = str(measured["corpus"])
    root = Path(str(measured["settings"]["data"]["root"] or ""))
    if corpus in SYNTHETIC:
        return f"{corpus}, **synthetic: invented signs**"
    return root.stem if corpus == "landmarks" else corpus


def _tested(protocol: dict[str, Any]) -> str:
    only = protocol.get("only")
    return _folds(protocol) + (f", only {', '.join(only)}" if only else "")


def _folds(protocol: dict[str, Any]) -> str:
    if protocol["name"] == "held-out":
        return str(protocol["tested"])
    if protocol["name"] == "leave-one-group-out":
        return f"leave one {protocol['group']} out"
    who = f" by {protocol['group']}" if protocol["name"] == "group-k-fold" else ""
    repeats = f" × {protocol['repeats']}" if protocol["repeats"] > 1 else ""
    return f"{protocol['name'].removesuffix('-k-fold')} {protocol['folds']}-fold{repeats}{who}"


def _name(measured: dict[str, Any], recipes: Path | None) -> str:
    if measured["learner"] == "ishara":
        path = recipes / f"{measured['recipe']}.yaml" if recipes is not None else None
        old = path is not None and path.is_file() and Recipe.read(path).hash != measured["recipe_hash"]
        return f"`{measured['recipe']}`" + (", earlier settings" if old else "")
    return f"{measured['learner']}, as it stands, on the folds of `{measured['recipe']}`"


def _percent(estimate: dict[str, Any]) -> str:
    return "–" if estimate["value"] is None else f"{estimate['value']:.1%}"


def _interval(estimate: dict[str, Any]) -> str:
    interval = estimate["interval"]
    return f"{interval['low']:.1%} to {interval['high']:.1%}" if interval else "no interval"
