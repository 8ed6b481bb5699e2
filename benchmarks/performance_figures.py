"""What each file of figures in `results/` says of each bound: one form for all, for the page on performance."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bench_allocator
import bench_compile
import bench_inference

_MIB = 2**20
Content = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One figure against its bound.

    Parameters
    ----------
    name
        What is measured, and against what.
    measured, required
        As they are shown; the second is empty where nothing is required.
    met
        None where nothing is required or nothing was measured.
    note
        What else is to be known.
    """

    name: str
    measured: str
    required: str = ""
    met: bool | None = None
    note: str = ""


@dataclass(frozen=True)
class Source:
    """A benchmark: the file that it writes, what is shown of it, its command, and whether it needs a GPU."""

    file: str
    title: str
    command: str
    rows: Callable[[Content], Iterator[Row]]
    of_gpu: bool = False


def inference(content: Content) -> Iterator[Row]:
    """`bench_inference.py`."""
    for part in content["parts"]:
        for row in part["figures"]:
            spread, unit = row["measured"], f" {row['unit']}" if row["unit"] else ""
            between = "" if spread["low"] == spread["high"] else f" ({spread['low']:.3g} to {spread['high']:.3g})"
            yield Row(row["name"], f"{spread['median']:.3g}{unit}{between}", _required(row), row["met"], row["note"])
    for name, reason in content["left_out"].items():
        yield Row(bench_inference.PARTS[name], "not measured", note=reason)


def _required(row: Content) -> str:
    if row["met"] is None:
        return ""
    stretch = f" (stretch {row['stretch']:g})" if row["stretch"] is not None else ""
    return (f"≥ {row['at_least']:g}" if row["at_least"] is not None else f"≤ {row['at_most']:g}") + stretch


def compiled(content: Content) -> Iterator[Row]:
    """`bench_compile.py`."""
    for contest in content["contests"]:
        count = f"{contest['clips']} clip{'s' if contest['clips'] > 1 else ''}"
        for name, row in contest["rows"].items():
            if name not in ("baseline", contest["rows"]["baseline"]):
                what = f"{content['model']}, {count} of {content['frames']} frames: {name}, against eager PyTorch"
                yield _times(what, row["times"], None)
    yield Row(
        f"{content['model']}: until `torch.compile` has answered one batch and one clip",
        f"{content['compile_seconds']:.0f} s",
    )  # fmt: skip


def predict(content: Content) -> Iterator[Row]:
    """`bench_predict.py`."""
    added, wanted = content["added_median_seconds"], content["wanted_seconds"]
    yield Row(
        "`ishara predict clip.mp4` from a cold start, beyond bare MediaPipe", f"{added:+.2f} s", f"< {wanted:g} s",
        content["met"],
    )  # fmt: skip


def training(content: Content) -> Iterator[Row]:
    """`bench_training.py`."""
    for name, judged in (("ishara", True), ("ishara in Lightning", False)):
        ratio = content["rows"][name]["times_notebook"]
        yield _times(f"Training SPOTER on wlasl50: {name}, against the notebook's loop", ratio,
                     content["wanted"] if judged else None)  # fmt: skip


def allocator(content: Content) -> Iterator[Row]:
    """`bench_allocator.py`."""
    for way, ratio in content["kept_over"].items():
        yield _times(f"A training step of `{content['recipe']}` that keeps freed memory, against {way}", ratio, None)


def folds(content: Content) -> Iterator[Row]:
    """`bench_folds.py`."""
    wanted = content["wanted_seconds"]
    for name, row in content["recipes"].items():
        twice = ", with and without the validation clips" if row["refit"] else ""
        yield Row(
            f"A fold of `{name}`, from its clips to the predictions",
            f"{row['seconds'] / 60:.1f} min", f"≤ {wanted / 60:g} min", row["seconds"] <= wanted,
            note=f"{row['clips']} clips to learn from, {row['epochs']} epochs{twice}",
        )  # fmt: skip


def memory(content: Content) -> Iterator[Row]:
    """`bench_memory.py`."""
    own, theirs = (content["per_byte_on_disk"][who]["anonymous"] for who in ("ishara", "notebook"))
    yield Row(
        "Memory of its own for each further byte of a training set", f"{own:.3f} bytes (notebook {theirs:.2f})",
        f"≤ {content['allowed']:g}", own <= content["allowed"],
    )  # fmt: skip


def decoding(content: Content) -> Iterator[Row]:
    """`bench_decoding.py`."""
    for name, row in content["rows"].items():
        wanted = content["wanted"].get(name.partition(",")[0])
        if wanted is not None:
            yield _times(f"Decoding with {name}, against the notebook's reader, mended", row["times_baseline"], wanted)
    allowed = content["memory"]["allowed"]
    for name, peaks in content["memory"]["bytes"].items():
        if name != content["baseline"]:
            growth = peaks["long"] / peaks["short"]
            yield Row(f"Memory for a long video against a short one: {name}", f"{growth:.2f} times", f"≤ {allowed:g}",
                      growth <= allowed)  # fmt: skip


def extraction(content: Content) -> Iterator[Row]:
    """`bench_extraction.py`."""
    names = {
        "two_workers_over_one": ("Extraction: two workers against one", True),
        "two_workers_over_bare_loops": ("Extraction: two workers against two bare loops of MediaPipe", True),
        "memory_growth": ("Extraction: memory at the end against that at the start", False),
        "refined_over_plain": ("Extraction with a second look against without", True),
    }
    for key, found in content["found"].items():
        wanted = content["wanted"].get(key)
        if found is None or wanted is None:
            continue
        name, more_is_better = names[key]
        met = found >= wanted if more_is_better else found <= wanted
        yield Row(name, f"{found:.2f} times", f"{'≥' if more_is_better else '≤'} {wanted:g}", met)


def pixel_models(content: Content) -> Iterator[Row]:
    """`bench_pixel_models.py`."""
    for contest in content["contests"]:
        ours = contest["rows"]["ishara"]
        name = f"{contest['name']}, {contest['precision']}"
        yield _times(f"{name}, against the fastest other", ours["times_fastest_other"], contest["wanted"])
        others = [row["peak_bytes"] for who, row in contest["rows"].items() if who != "ishara" and "peak_bytes" in row]
        if others:
            own, least = ours["peak_bytes"], min(others)
            required = "less than the others" if contest["wanted"] is not None else ""
            met = own < least if required else None
            yield Row(f"{name}, memory", f"{own / _MIB:.0f} MiB (another {least / _MIB:.0f})", required, met)


def pixel_training(content: Content) -> Iterator[Row]:
    """`bench_pixel_training.py`."""
    for model, row in content["models"].items():
        epoch, waits, loader = row["epoch"], row["waiting"], row["loader_processes"]
        judged = content["judged"]
        name = f"Training {model} on {content['clips']} videos"
        yield _at_most(f"{name}: memory, MiB", epoch["peak_bytes"] / _MIB, epoch["allowed_bytes"] / _MIB, judged)
        yield _at_most(f"{name}: share of a step that waits for data", waits["share"], waits["allowed"], judged)
        yield _at_most(f"{name}: loader processes grow, times", loader["growth"], loader["allowed"], True)
        same = not row["killed_and_resumed"]["differing"]
        yield Row(f"{name}: killed and gone on with", "the same weights" if same else "other weights",
                  "the same weights", same)  # fmt: skip


def live(content: Content) -> Iterator[Row]:
    """`bench_live.py`."""
    camera, many, wanted = content["one_camera"], content["many_clients"], content["wanted"]
    played = f"One camera for {camera['seconds'] / 60:.0f} min, MediaPipe aside"
    frame, sign = camera["frame_milliseconds"]["median"], camera["sign_milliseconds"]
    yield _at_most(f"{played}: a frame, median, ms", frame, wanted["frame_milliseconds"], True)
    decided = f"{played}: a decided sign, median, ms"
    if sign is None:
        yield Row(decided, "no sign was told", f"≤ {wanted['sign_milliseconds']:.3g}", False)
    else:
        yield _at_most(decided, sign["median"], wanted["sign_milliseconds"], True)
    yield _at_most(f"{played}: memory grows, times", camera["memory_bytes"]["growth"], wanted["memory_growth"], True)
    dropped = camera["dropped"] / (camera["frames"] + camera["dropped"])
    yield _at_most(f"{played}: share of frames that were dropped", dropped, wanted["dropped_share"], True)
    streams = f"{many['clients']} streams of landmarks at {many['fps']:.0f} frames a second"
    lost, told = many["signs_lost"], many["signs_expected"]
    yield Row(f"{streams}: signs that were not told", f"{lost} of {told}", "none", many["met"]["signs"])
    yield Row(f"{streams}: frames that were dropped", str(many["frames_dropped"]), "none", many["met"]["dropped"])
    errors = len(camera["errors"]) + len(many["errors"])
    yield Row("Errors that clients were told", str(errors), "none", errors == 0)


def _times(name: str, ratio: Content, wanted: float | None) -> Row:
    measured = f"{ratio['median']:.2f} times as fast ({ratio['low']:.2f} to {ratio['high']:.2f})"
    return Row(name, measured, "" if wanted is None else f"≥ {wanted:g}",
               None if wanted is None else ratio["median"] >= wanted)  # fmt: skip


def _at_most(name: str, found: float, allowed: float, judged: bool) -> Row:
    return Row(name, f"{found:.3g}", f"≤ {allowed:.3g}" if judged else "", found <= allowed if judged else None)


SOURCES = (
    Source(bench_inference.RESULT, "Inference", "benchmarks/bench_inference.py", inference),
    Source(bench_compile.RESULT, "In PyTorch", "benchmarks/bench_compile.py", compiled),
    Source("bench-predict.json", "From a video to a gloss", "benchmarks/bench_predict.py", predict),
    Source("bench-extraction.json", "Extraction", "benchmarks/bench_extraction.py", extraction),
    Source("bench-decoding.json", "Decoding", "benchmarks/bench_decoding.py", decoding),
    Source("bench-training.json", "Training on landmarks", "benchmarks/bench_training.py", training),
    Source(bench_allocator.RESULT, "Freed memory", "benchmarks/bench_allocator.py", allocator),
    Source("bench-folds.json", "A fold of a cross-validation", "benchmarks/bench_folds.py", folds),
    Source("bench-memory.json", "Memory of training sets", "benchmarks/bench_memory.py", memory),
    Source("bench-pixel-models.json", "Models of pixels", "benchmarks/bench_pixel_models.py", pixel_models),
    Source(
        "bench-pixel-models-cuda.json", "Models of pixels on a GPU", "benchmarks/bench_pixel_models.py --device cuda",
        pixel_models, of_gpu=True,
    ),
    Source("bench-pixel-training.json", "Training on pixels", "benchmarks/bench_pixel_training.py", pixel_training),
    Source("bench-live.json", "The live page", "benchmarks/bench_live.py", live),
)  # fmt: skip


def read(results: Path, source: Source) -> Content | None:
    """What a benchmark measured; None where it did not."""
    path = results / source.file
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
