"""Write the page on errors from `results/measure-errors-*.json` and what was read in them (`benchmarks/errors.yaml`).

    python benchmarks/errors_page.py

No figure on the page is typed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from ishara.errors import IsharaError
from measure_errors import STUDY

PAGE = Path("docs/errors.md")
_PREFIX = "measure-errors-"
_HEAD = """# What is confused, and why

Written by `python benchmarks/errors_page.py` from [`results/`](../results), into which `python
benchmarks/measure_errors.py RUN` puts what the folds of `ishara crossval` got wrong; what we read in it is from
`benchmarks/errors.yaml`. Counts are of predictions: each clip once for each seed, by a model that never saw its signer
(or its language, or, where signers are unknown, the clip).

Two kinds of error are told apart. Where a signer's clips of a gloss are **nearly all** taken for others, that signer
signs another form of it than those who were learnt from, which no model can know. The rest is confused now and then.
"""
_WORST = 6


def page(results: Path, notes: dict[str, list[str]]) -> str:
    """The whole page, in Markdown."""
    files = sorted(results.glob(f"{_PREFIX}*.json"))
    if not files:
        raise IsharaError(f"{results}: no errors were measured. `python benchmarks/measure_errors.py RUN` does it.")
    found = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    return "\n".join([_HEAD, *(_section(content, notes.get(content["recipe"], [])) for content in found)])


def _section(content: dict[str, Any], notes: list[str]) -> str:
    wrong, all_of = content["errors"], content["predictions"]
    lines = [
        f"## {content['recipe']}",
        "",
        f"{wrong} of {all_of} predictions are wrong ({wrong / all_of:.1%}), over {_seeds(content['seeds'])}.",
        *[f"\n{note}" for note in notes],
        "",
        "| most confused | times | of them, the first for the second | by whom |",
        "|---|---|---|---|",
        *(_pair(pair) for pair in content["pairs"]),
        "",
        *_other_forms(content["other_forms"], wrong, all_of),
        f"Hardest glosses: {_worst(content['by_gloss'])}.",
    ]
    if len(content["by_who"]) > 1:
        lines.append(f"By who is tested, the hardest first: {_worst(content['by_who'], len(content['by_who']))}.")
    if content["by_length"]:
        lines.append(f"By the clip's length: {_lengths(content['by_length'])}.")
    if content.get("by_condition"):
        lines.append(f"By how it was recorded: {_conditions(content['by_condition'])}.")
    return "\n".join([*lines, ""])


def _seeds(seeds: list[int]) -> str:
    return f"seeds {', '.join(map(str, seeds))}" if len(seeds) > 1 else f"seed {seeds[0]} alone"


def _pair(pair: dict[str, Any]) -> str:
    by = ", ".join(f"{who} {count}" for who, count in list(pair["by"].items())[:_WORST])
    more = ", …" if len(pair["by"]) > _WORST else ""
    clips = f"{pair['a_as_b']} (of {pair['a_clips']} `{pair['a']}` and {pair['b_clips']} `{pair['b']}`)"
    return f"| `{pair['a']}` and `{pair['b']}` | {pair['count']} | {clips} | {by + more or 'not known'} |"


def _other_forms(forms: dict[str, Any], wrong: int, all_of: int) -> list[str]:
    """What is said of signs that a signer makes in another way; nothing where signers are unknown or too few clips."""
    if not forms["of"]:
        return []
    share = forms["errors"] / wrong if wrong else 0
    named = "; ".join(
        f"`{cell['gloss']}` of {cell['who']} ({cell['right']} of {cell['clips']}, mostly `{cell['taken_for']}`)"
        for cell in forms["most"]
    )
    nearly_never = (
        f"**Other forms**: {forms['cells']} of {forms['of']} pairs of a gloss and who signs it are nearly never right. "
        f"They are {share:.0%} of the errors, {forms['errors'] / all_of:.1%} of all predictions"
    )
    return [f"{nearly_never}{': ' if named else ''}{named}.", ""]


def _worst(rows: list[dict[str, Any]], most: int = _WORST) -> str:
    return ", ".join(f"`{row['name']}` {row['right'] / row['clips']:.0%}" for row in rows[:most])


def _lengths(rows: list[dict[str, Any]]) -> str:
    return ", ".join(
        f"{row['right'] / row['clips']:.1%} of the {row['name']} ({row['low']} to {row['high']} frames)" for row in rows
    )


def _conditions(rows: list[dict[str, Any]]) -> str:
    return ", ".join(f"{row['right'] / row['clips']:.1%} {row['name']}" for row in rows if row["clips"])


def main(
    results: Annotated[Path, typer.Option(help="Where the figures are.")] = Path("results"),
    into: Annotated[Path, typer.Option(help="The page.")] = PAGE,
) -> None:
    """Write the page."""
    notes = yaml.safe_load(STUDY.read_text(encoding="utf-8"))["notes"]
    into.write_text(page(results, notes), encoding="utf-8")
    print(into)


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
