"""Write the page on performance from what was measured: every bound, what was found, where, met or missed.

    python benchmarks/performance_page.py

`make bench` does so at its end. No figure on the page is typed: it is made anew from `results/`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from matplotlib import rc_context
from matplotlib.figure import Figure

from ishara.console import console
from ishara.errors import IsharaError
from performance_figures import SOURCES, Content, Row, Source, read

PAGE = Path("docs/performance.md")
PICTURE = Path("images/cost.svg")
_HEAD = """# Performance

Written by `python benchmarks/performance_page.py` from [`results/`](../results), at the end of `make bench`.

Speed is a ratio to a named alternative, both measured in turns in one run, so that what slows the machine slows both:
the median over rounds, and in brackets the lowest and the highest. The notebook's models are rewritten as they stand in
[`benchmarks/notebook/`](../benchmarks/notebook). To measure a recogniser of yours: `ishara bench RUN`.
"""
_COLUMNS = "| | measured | required | |\n|---|---|---|---|"
_MARKS = {None: "", True: "met", False: "**missed**"}
# Why a bound is missed, by the beginning of the figure's name.
_REASONS: dict[str, str] = {
    "BdSL-SPOTER, 1": "What is left is mostly products of matrices in fp32, which the notebook's model does as well. "
    "The last layer already computes the class token alone, queries, keys and values are one product, and the rates of "
    "positions are constants. Biases taken into the products (`Gemm` over all tokens at once) made no difference. The "
    "smaller form (int8, above) is faster.",
    "timesformer forward": "Most of the time goes into products of matrices in fp32, which all three leave to the same "
    "library, near what the processor can do. Fewer products are all there is to save: two layers with nothing between "
    "them are one, and the last block computes the class token alone.",
}


def page(results: Path) -> str:
    """The whole page, in Markdown."""
    found = [(source, read(results, source)) for source in SOURCES]
    # What needs a GPU is missed by nobody who has none.
    found = [(source, content) for source, content in found if content is not None or not source.of_gpu]
    rows = [row for source, content in found if content is not None for row in source.rows(content)]
    parts = [_HEAD, _summary(rows, [source for source, content in found if content is None])]
    parts += [_section(source, content) for source, content in found]
    parts.append(_missed(rows))
    return "\n".join(part for part in parts if part)


def _summary(rows: Iterable[Row], absent: list[Source]) -> str:
    judged = [row for row in rows if row.met is not None]
    missed = sum(not row.met for row in judged)
    waits = f" Not measured yet: {', '.join(source.title.lower() for source in absent)}." if absent else ""
    return f"{len(judged)} bounds were judged: {len(judged) - missed} are met, {missed} missed.{waits}\n"


def _section(source: Source, content: Content | None) -> str:
    lines = [f"## {source.title}", ""]
    if content is None:
        return "\n".join([*lines, f"Not measured yet: `python {source.command}`.", ""])
    if content.get("short"):
        lines += [
            f"**A short run** ({content['rounds']} rounds, perhaps beside other work): its figures are not final.", "",
        ]  # fmt: skip
    lines.append(_COLUMNS)
    for row in source.rows(content):
        note = f"<br>{row.note}" if row.note else ""
        lines.append(f"| {row.name}{note} | {row.measured} | {row.required} | {_MARKS[row.met]} |")
    lines += ["", f"`python {source.command}`; {_where(content)}.", ""]
    if curves(content):
        lines += [f"![Seconds by clips and by frames, against a line of equal cost for each]({PICTURE})", ""]
    return "\n".join(lines)


def _where(content: Content) -> str:
    machine, versions = content["machine"], content["versions"]
    threads = content.get("threads")
    used = "" if threads is None else f", {threads} thread{'s' if threads > 1 else ''}"
    libraries = ", ".join(f"{name} {versions[name]}" for name in ("python", "torch", "onnxruntime") if name in versions)
    return f"{machine['processor']}, {machine['cores']} cores{used}; {libraries}"


def _missed(rows: Iterable[Row]) -> str:
    missed = [row for row in rows if row.met is False]
    if not missed:
        return ""
    lines = ["## What is missed, and why", ""]
    for row in missed:
        reason = next((text for start, text in _REASONS.items() if row.name.startswith(start)), "Not explained yet.")
        lines.append(f"- **{row.name}**: {row.measured}, required {row.required}. {reason}")
    return "\n".join([*lines, ""])


def curves(content: Content) -> dict[str, Any]:
    """How cost grew, by what; empty where that was not measured."""
    return next((part["curves"] for part in content.get("parts", ()) if part["name"] == "growth"), {})


def picture(content: Content) -> Figure:
    """Seconds by size on logarithmic axes, with the line that a linear cost keeps to."""
    found = curves(content)
    figure = Figure(figsize=(4 * len(found), 3.4), layout="constrained")
    for axes, (what, curve) in zip(figure.subplots(1, len(found), squeeze=False)[0], found.items(), strict=True):
        sizes = [int(size) for size in curve["seconds"]]
        medians = [row["median"] for row in curve["seconds"].values()]
        at = sizes.index(curve["from"])
        axes.loglog(sizes, medians, "o-", color="#0072b2", label="measured")
        axes.loglog(
            sizes[at:], [medians[at] * size / sizes[at] for size in sizes[at:]], "--", color="#777777", label="linear"
        )
        axes.set(xlabel=what, ylabel="seconds", title=f"grows with the power {curve['power']:.2f}")
        axes.set_xticks(sizes, map(str, sizes), fontsize=7)
        axes.minorticks_off()
        axes.legend(frameon=False)
    return figure


def main(
    results: Annotated[Path, typer.Option(help="Folder with what was measured.")] = Path("results"),
    into: Annotated[Path, typer.Option(help="The page.")] = PAGE,
) -> None:
    """Write the page, and its picture beside it."""
    into.parent.mkdir(parents=True, exist_ok=True)
    into.write_text(page(results), encoding="utf-8")
    content = read(results, SOURCES[0])
    if content is not None and curves(content):
        target = into.parent / PICTURE
        target.parent.mkdir(parents=True, exist_ok=True)
        # The same figures give the same file.
        with rc_context({"svg.hashsalt": "ishara", "svg.fonttype": "none"}):
            picture(content).savefig(target, format="svg", metadata={"Date": None})
    console.print(f"{into}: written", highlight=False)


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
