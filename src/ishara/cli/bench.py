"""`ishara bench`: how fast a recogniser is here, what it needs, and whether that is within a budget."""

from __future__ import annotations

import json as jsonlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from ishara.cli.app import ModelPath, app
from ishara.console import console, errors, tell, tell_error, track
from ishara.errors import IsharaError, choices

if TYPE_CHECKING:
    from ishara.bench.budgets import Verdict
    from ishara.bench.clips import BenchClips
    from ishara.recognizer import Recognizer

_MIB = 2**20


@app.command()
def bench(
    model: ModelPath,
    clips: Annotated[
        list[str] | None,
        typer.Argument(help="Clips, folders or a manifest; the run's test clips by default, or noise as long."),
    ] = None,
    beside: Annotated[
        list[Path] | None,
        typer.Option(help="Another recogniser to measure beside it. Its own forms in folders beside it are found."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Clips to measure on; 128 by default, 16 where a model sees pixels.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="In which each form has its turn.")] = 5,
    starts: Annotated[int, typer.Option(min=0, help="Cold starts that are counted; 0 for none.")] = 5,
    threads: Annotated[int | None, typer.Option(min=1, help="Of each form; by default one per core.")] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    json: Annotated[Path | None, typer.Option("--json", help="A file for all that was measured.")] = None,
    max_latency_ms: Annotated[
        float | None, typer.Option(min=0, help="Within which 95 of 100 clips, each alone, must be answered.")
    ] = None,
    max_memory_mb: Annotated[float | None, typer.Option(min=0, help="Of the process at most, in MiB.")] = None,
    max_size_mb: Annotated[float | None, typer.Option(min=0, help="Of the files that it needs, in MiB.")] = None,
    min_throughput: Annotated[float | None, typer.Option(min=0, help="Clips per second over all clips.")] = None,
) -> None:
    """Measure speed, cold start, memory and size of a recogniser; exit code 1 where a budget is not kept.

    Its other forms and PyTorch are measured beside it, in turns. Budgets are of MODEL itself.
    """
    from ishara.bench.budgets import Budgets, judge
    from ishara.bench.machine import DEVICES
    from ishara.bench.measure import Settings, measure
    from ishara.recognizer import Recognizer
    from ishara.whole import write_whole

    if device not in DEVICES:
        raise IsharaError(f"--device {device}: is none. {choices(device, DEVICES)}")
    settings = Settings(rounds, starts, threads, "cuda" if device == "cuda" else "cpu")
    recognizer = Recognizer.load(model, threads=threads)
    with tempfile.TemporaryDirectory() as folder:
        chosen = _clips(recognizer, clips or [], limit, Path(folder))
        measured = measure(recognizer, chosen, beside or [], settings, track)
    verdicts = judge(Budgets(max_latency_ms, max_memory_mb, max_size_mb, min_throughput), measured["contestants"][0])
    measured["budgets"] = [asdict(verdict) for verdict in verdicts]
    if json is not None:
        write_whole(json, jsonlib.dumps(measured, indent=1, ensure_ascii=False) + "\n")
    _show(measured)
    _end(verdicts)


def _clips(recognizer: Recognizer, given: Sequence[str], limit: int | None, folder: Path) -> BenchClips:
    from ishara.bench.clips import own_clips, read_clips
    from ishara.cli.inputs import expand

    if not given:
        return own_clips(recognizer, most=limit, folder=folder)
    found = [item.clip for item in expand(given)]
    return read_clips(recognizer, found, "given clips", most=limit, folder=folder)


def _show(measured: Mapping[str, Any]) -> None:
    about, clips, device = measured["model"], measured["clips"], measured["device"]
    frames = clips["frames"]
    tell(
        f"[bold]{escape(about['name'])}[/] ({about['architecture']}): {about['parameters']:,} parameters, "
        f"{about['glosses']} glosses"
    )
    tell(f"On {escape(clips['which'])}: {frames['low']} to {frames['high']} frames, {frames['median']:g} in the middle")
    if clips["unreadable"]:
        tell(f"{clips['unreadable']} clips could not be read: they are in no figure.")
    threads = f"{measured['threads']} threads" if measured["threads"] else "one thread per core"
    tell(f"Device: {escape(device['name'])} ({device['kind']}), {threads}, {measured['rounds']} rounds")
    console.print(_table(measured))
    for name, reason in measured["left_out"].items():
        errors.print(f"Left out {escape(name)}: {escape(reason)}", highlight=False, soft_wrap=True)
    for name, found in measured["cold_starts"].items():
        what = f"not measured: {escape(found)}" if name == "left_out" else f"{found['median']:.2f} s, the whole process"
        tell(f"Cold start, {escape(name)}: {what}")


def _table(measured: Mapping[str, Any]) -> Table:
    rows = measured["contestants"]
    first, batch = rows[0]["name"], measured["batch"]
    table = Table(
        "", "1 clip, ms", f"{batch} clips, ms", "clips/s", f"times {escape(first)}", "MiB in memory", "MiB on disk",
        caption="Medians, and in brackets within what 95 of 100 are. "
        f"{batch} clips: handed over at once, and answered in {_runs(measured['batch_runs'])} by length. "
        "MiB in memory: a process of its own, at most.",
    )  # fmt: skip
    for row in rows:
        table.add_row(
            escape(row["name"]),
            *(f"{row[kind]['median_ms']:.2f} ({row[kind]['p95_ms']:.2f})" for kind in ("alone", "batch")),
            f"{row['clips_per_second']['median']:.3g}",
            f"{row['times']['whole']['median']:.2f}",
            _memory(row),
            f"{row['size_bytes'] / _MIB:.1f}",
        )
    return table


def _memory(row: Mapping[str, Any]) -> str:
    """Of the process, and on the GPU where there is one."""
    text = f"{row['peak_bytes'] / _MIB:.0f}"
    if "gpu_allocated_bytes" in row:
        used, held = (row[f"gpu_{what}_bytes"] / _MIB for what in ("allocated", "reserved"))
        return f"{text}; GPU {used:.0f}, reserved {held:.0f}"
    if "gpu_process_bytes" in row:
        process = row["gpu_process_bytes"]
        return f"{text}; GPU " + ("not measured" if process is None else f"{process / _MIB:.0f}, the whole process")
    return text


def _runs(found: Mapping[str, float]) -> str:
    low, high = int(found["low"]), int(found["high"])
    between = f"{low} to {high}" if low < high else f"{high}"
    return f"{between} run{'' if high == 1 else 's'}"


def _end(verdicts: Sequence[Verdict]) -> None:
    """Say which budgets are kept; exit with 1 if one is not."""
    for verdict in verdicts:
        if verdict.met:
            tell(f"[green]✓[/] {verdict}")
        else:
            tell_error(f"{verdict}.")
    if not all(verdict.met for verdict in verdicts):
        raise typer.Exit(1)
