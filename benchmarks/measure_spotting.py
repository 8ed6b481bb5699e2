"""How well signs are spotted in long recordings: streams joined from clips that the recogniser was not trained on.

    ishara crossval recipes/fingerspelling-spoter.yaml
    ishara crossval recipes/wlasl50-spoter.yaml
    python benchmarks/measure_spotting.py runs/fingerspelling-spoter-crossval runs/wlasl50-spoter-crossval \\
        --into docs/spot.md

Each fold's recogniser is given streams of the fold's own test clips, joined by rests and transitions under several
conditions; the truth is where the clips are. Beside ours stands a baseline: windows of the median training length,
each half over the one before, of which the best chain without overlap is kept; its threshold is chosen on streams of
the fold's validation clips. Unknown signs are clips of the other corpus. Our options are the defaults, which were set
on streams of some folds' validation clips: no fold tests these clips. A fold that was measured before with the same
settings and code is not measured again: its rows are kept in ``--parts``.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer
from numpy.typing import NDArray

import ishara.spotting
from ishara.clips.manifest import Manifest
from ishara.console import console, track
from ishara.errors import IsharaError
from ishara.evaluation.intervals import Units, bootstrap
from ishara.evaluation.pages import put_between
from ishara.spotting import SpotOptions
from ishara.training.results import provenance, write_json
from spotting import trial
from spotting.streams import CONDITIONS
from spotting.trial import FIXED, OURS, measure, read_fold

RESULT = "measure-spotting.json"
BEGIN, END = "<!-- spotting: begin -->", "<!-- spotting: end -->"
MUST_GAIN = 10.0
# The defaults of `SpotOptions` were set on the validation clips of these folds, which are therefore tested in none.
SET_ON = {
    "fingerspelling-spoter-crossval": ("cse-seed0", "eso-seed0", "mfs-seed0", "tsm-seed0"),
    "wlasl50-spoter-crossval": ("repeat-1-fold-1-seed0", "repeat-1-fold-3-seed0", "repeat-2-fold-2-seed0"),
}
_SIDES = ("test", "validation")
_STRANGERS = 40
_COUNTS = ("signs", "found", "placed", "right")
_COLUMNS = (
    "streams", "F1", "of fixed windows", "gain in points", "F1 with the right gloss", "of fixed windows",
    "gloss accuracy",
)  # fmt: skip
_FIGURES = ("f1", "f1_with_gloss", "precision", "recall", "gloss_accuracy")


def statistic(counts: NDArray[np.float64]) -> Any:
    """From row weights (R, N) to (R, 5) figures of rows whose signs, found, placed and right are (N, 4)."""

    def figures(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        signs, found, placed, right = (weights @ counts).T
        with np.errstate(invalid="ignore"):
            return np.stack(
                [2 * placed / (signs + found), 2 * right / (signs + found), placed / found, placed / signs,
                 right / placed], axis=1,
            )  # fmt: skip

    return figures


def summary(rows: pl.DataFrame) -> dict[str, Any]:
    """The figures of some rows with 95 % intervals; a unit is a stream under all of its conditions."""
    units = Units("stream", np.unique(rows["stream"].to_numpy(), return_inverse=True)[1].astype(np.int64).reshape(-1))
    counts = rows.select(_COUNTS).to_numpy().astype(np.float64)
    estimates = bootstrap(statistic(counts), units)
    return {name: one.model_dump(mode="json") for name, one in zip(_FIGURES, estimates, strict=True)} | {
        name: int(rows[name].sum()) for name in _COUNTS
    }


def gain(rows: pl.DataFrame) -> dict[str, Any]:
    """How many points of F1 ours is above the baseline on the same streams."""
    keys = ["stream", "condition"]
    both = rows.filter(who=OURS).join(rows.filter(who=FIXED), on=keys, suffix="_fixed")
    ours = both.select(_COUNTS).to_numpy().astype(np.float64)
    fixed = both.select([f"{name}_fixed" for name in _COUNTS]).to_numpy().astype(np.float64)
    units = Units("stream", np.unique(both["stream"].to_numpy(), return_inverse=True)[1].astype(np.int64).reshape(-1))
    one, other = statistic(ours), statistic(fixed)
    estimates = bootstrap(lambda weights: 100 * (one(weights) - other(weights)), units)
    return {name: found.model_dump(mode="json") for name, found in zip(_FIGURES[:2], estimates, strict=False)}


def of_corpus(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """All figures of one corpus."""
    keys = ["stream", "condition", "who", "frames", *_COUNTS]
    table = pl.DataFrame([{key: row[key] for key in keys} for row in rows])
    mine = [row for row in rows if row["who"] == OURS]
    delays = np.array([delay for row in mine for delay in row["delays"]])
    usual = [row for row in mine if row["condition"] == CONDITIONS[0].name]
    chained = np.array([delay for row in usual for delay in row["delays"]])
    return {
        "streams": table["stream"].n_unique() * table["condition"].n_unique(),
        "overall": {who: summary(table.filter(who=who)) for who in (OURS, FIXED)},
        "gain_in_points": gain(table),
        "conditions": {
            condition.name: {
                **{who: summary(table.filter(who=who, condition=condition.name)) for who in (OURS, FIXED)},
                "gain_in_points": gain(table.filter(condition=condition.name)),
            }
            for condition in CONDITIONS
        },
        "thresholds_of_fixed_windows": sorted({row["threshold"] for row in rows if row["who"] == FIXED}),
        "delay_in_frames": _spread(delays) | {"without_rests": _spread(chained)},
        "milliseconds_per_frame": {
            "median": float(np.median([row["milliseconds"]["median"] for row in mine])),
            "mean": float(
                np.average([row["milliseconds"]["mean"] for row in mine], weights=[r["frames"] for r in mine])
            ),
            "most": max(row["milliseconds"]["most"] for row in mine),
        },
        "not_found": {
            "signs": sum(row["signs"] - row["placed"] for row in mine),
            "merged_with_others": sum(row["merged"] for row in mine),
            "cut_in_pieces": sum(row["cut"] for row in mine),
        },
    }


def _spread(values: NDArray[np.float64]) -> dict[str, float]:
    return {"median": float(np.median(values)), "nine_tenths": float(np.quantile(values, 0.9))} if len(values) else {}


def page(measured: Mapping[str, Any]) -> str:
    """The figures as Markdown tables, one per corpus."""
    lines: list[str] = []
    for corpus, figures in measured["corpora"].items():
        lines += [
            f"**{corpus}**: {figures['streams']} streams, {figures['overall'][OURS]['signs']} signs", "",
            f"| {' | '.join(_COLUMNS)} |", "|---|---|---|---|---|---|---|",
        ]  # fmt: skip
        for name, row in {"all": figures["overall"] | {"gain_in_points": figures["gain_in_points"]},
                          **figures["conditions"]}.items():  # fmt: skip
            cells = [
                _share(row[OURS]["f1"]), _share(row[FIXED]["f1"]), _points(row["gain_in_points"]["f1"]),
                _share(row[OURS]["f1_with_gloss"]), _share(row[FIXED]["f1_with_gloss"]),
                _share(row[OURS]["gloss_accuracy"]),
            ]  # fmt: skip
            lines.append(f"| {name} | {' | '.join(cells)} |")
        delay, cost = figures["delay_in_frames"], figures["milliseconds_per_frame"]
        lines += [
            "",
            f"A sign is told {delay['median']:.0f} frames after its end (median; 9 of 10: {delay['nine_tenths']:.0f}).",
            f"A frame takes {cost['median']:.1f} ms of a core (mean {cost['mean']:.1f}; most {cost['most']:.0f}).",
            "",
        ]
    return "\n".join(lines).rstrip()


def _share(estimate: Mapping[str, Any]) -> str:
    return _with_ends(estimate, lambda value: f"{value:.1%}")


def _points(estimate: Mapping[str, Any]) -> str:
    return _with_ends(estimate, lambda value: f"{value:+.1f}")


def _with_ends(estimate: Mapping[str, Any], form: Any) -> str:
    value, ends = estimate["value"], estimate["interval"]
    if value is None:
        return "–"
    return f"{form(value)} ({form(ends['low'])} to {form(ends['high'])})" if ends else form(value)


def _strangers(run: Path, seed: int) -> list[str]:
    """Paths of some clips of a run."""
    paths = Manifest.read(next(iter(_folds(run))) / "manifest.csv").table["path"].to_list()
    drawn = np.random.default_rng(seed).permutation(len(paths))[:_STRANGERS]
    return [paths[i] for i in drawn]


def _folds(run: Path) -> list[Path]:
    folds = sorted(path.parent for path in run.glob("*/recognizer"))
    if not folds:
        raise IsharaError(f"{run}: holds no folds with a recogniser; expected what `ishara crossval RECIPE` writes.")
    return folds


def _set_on(run: Path) -> list[str]:
    """Ids of the clips that the defaults were set on."""
    chosen = [Manifest.read(run / fold / "manifest.csv") for fold in SET_ON.get(run.name, ())]
    return sorted({clip for clips in chosen for clip in clips.table.filter(split="validation")["id"]})


def _tested(run: Path, without: Sequence[str]) -> list[Path]:
    """The folds that test clips which the defaults were not set on."""
    test = pl.col("split") == "test"
    left = {
        fold: Manifest.read(fold / "manifest.csv").table.filter(test & ~pl.col("id").is_in(without))
        for fold in _folds(run)
    }
    return [fold for fold, clips in left.items() if len(clips)]


def _rows(
    folder: Path, strangers: Sequence[str], without: Sequence[str], settings: Mapping[str, Any], parts: Path
) -> list[dict[str, Any]]:
    """The rows of a fold: those that were kept, or else measured now."""
    config = (folder / "recognizer" / "config.json").read_bytes()
    text = json.dumps(
        [settings, hashlib.sha256(config).hexdigest(), list(strangers), list(without), _code()], sort_keys=True
    )
    file = parts / f"{folder.parent.name}-{folder.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.json"
    if file.is_file():
        rows: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["rows"]
        return rows
    fold = read_fold(folder, strangers, without)
    rows = list(measure(fold, settings["side"], settings["size"], settings["seed"], None))
    write_json(file, {"rows": rows})
    return rows


def _code() -> str:
    """A hash of what spots and what measures, so that rows of an earlier version are not taken for this one's."""
    files = [*Path(ishara.spotting.__file__).parent.glob("*.py"), *Path(trial.__file__).parent.glob("*.py")]
    return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(files))).hexdigest()


def main(
    runs: Annotated[list[Path], typer.Argument(help="Folders of `ishara crossval`, of two corpora.")],
    folds: Annotated[int | None, typer.Option(min=1, help="Only so many folds of each.")] = None,
    size: Annotated[int, typer.Option(min=2, help="Signs of a stream, about.")] = 9,
    seed: Annotated[int, typer.Option(help="Of all that is drawn.")] = 0,
    side: Annotated[str, typer.Option(help="Whose clips: test or validation.")] = "test",
    parts: Annotated[Path, typer.Option(help="Where what each fold measured is kept.")] = Path("runs/spotting"),
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
    into: Annotated[Path | None, typer.Option(help="A Markdown page whose tables to renew.")] = None,
) -> None:
    """Spot signs in streams, and write what came of it."""
    if side not in _SIDES:
        raise IsharaError(f"--side {side}: expected one of {', '.join(_SIDES)}.")
    if len(runs) < 2:
        raise IsharaError("Give the runs of two corpora: the clips of one are the unknown signs of the other.")
    options = SpotOptions().model_dump(mode="json")
    conditions = [asdict(condition) for condition in CONDITIONS]
    settings = {"size": size, "seed": seed, "side": side, "options": options, "conditions": conditions}
    corpora = {}
    for place, run in enumerate(runs):
        strangers, without = _strangers(runs[place - 1], seed), _set_on(run)
        tested = _tested(run, without)[:folds]
        rows = []
        for folder in track(run.name, tested):
            rows += _rows(folder, strangers, without, settings, parts)
        about = {"folds": [fold.name for fold in tested], "clips_not_tested": len(without)}
        corpora[run.name.removesuffix("-crossval")] = {**about, **of_corpus(rows)}
    gains = [figures["gain_in_points"]["f1"]["value"] for figures in corpora.values()]
    measured = {**settings, "corpora": corpora, "least_gain_in_points": min(gains), **provenance()}
    console.print(f"Figures: {write_json(results / RESULT, measured)}", highlight=False)
    if into is None:
        print(page(measured))
    else:
        put_between(into, BEGIN, END, f"\n{page(measured)}\n")
    if min(gains) < MUST_GAIN:
        raise IsharaError(f"Only {min(gains):.1f} points of F1 above fixed windows; expected {MUST_GAIN:g}.")


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
