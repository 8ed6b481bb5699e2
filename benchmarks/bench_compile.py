"""Whether `torch.compile` or an exported program helps someone who runs our models in PyTorch on a processor.

    python benchmarks/bench_compile.py --threads 2 --rounds 7

One model of ours in turns: as PyTorch runs it, compiled, read again from a ``.pt2`` file, and on ONNX Runtime. What
compiling takes is timed with an empty cache; it needs a C++ compiler. Nothing is required: it is a finding.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from torch import Tensor

from inference import recognisers
from inference.race import Work, race, rows
from ishara.console import console
from ishara.errors import IsharaError
from ishara.export.parity import probes
from ishara.export.program import export_program
from ishara.models import create_model
from ishara.models.contract import SignModel
from ishara.recognizer import Recognizer
from ishara.training.results import provenance, write_json

RESULT = "bench-compile.json"
USUAL_ROUNDS = 7
MODEL, FRAMES = "spoter", 100
EAGER, COMPILED, PROGRAM, ONNX = "eager", "torch.compile", "exported program", "ONNX Runtime"
# Calls in a turn, by how many clips there are.
_CALLS = {1: 20, 16: 3}


def measure(home: Path, threads: int, rounds: int, *, compiled: bool = True) -> dict[str, Any]:
    """Seconds and ratios of each way, by the number of clips, and how long a process waits for the compiler."""
    torch.manual_seed(0)
    model = create_model(MODEL, num_classes=recognisers.CLASSES)
    recognisers.distinct(model)
    given = {count: model.random_clips((FRAMES,) * count, seed=0) for count in _CALLS}
    folder = home / "recognizer"
    recogniser = Recognizer.load(
        recognisers.write(folder, model, recognisers.recipe(MODEL), recognisers.CLASSES).folder, threads=threads
    )
    export_program(model, home / "model.pt2", probes(model), {})
    program = torch.export.load(home / "model.pt2").module(check_guards=False)
    ways: dict[str, Any] = {EAGER: model, PROGRAM: program}
    waited = None
    if compiled:
        ways[COMPILED], waited = _compile(model, list(given.values()))
    contests = []
    for count, (x, mask) in given.items():
        inputs = {"x": x.numpy(), "mask": mask.numpy()}
        works: dict[str, Work] = {name: _run(way, x, mask) for name, way in ways.items()}
        works[ONNX] = partial(recogniser.runtime.run, inputs)
        contests.append({"clips": count, "rows": rows(race(works, rounds, calls=_CALLS[count]), EAGER)})
    return {"model": MODEL, "frames": FRAMES, "compile_seconds": waited, "contests": contests}


def _compile(model: SignModel, clips: list[tuple[Tensor, Tensor]]) -> tuple[Any, float]:
    """The compiled model, and seconds until it has answered a batch and a clip alone."""
    compiled = torch.compile(model, dynamic=True)
    started = time.perf_counter()
    for x, mask in clips[::-1]:
        _run(compiled, x, mask)()
    return compiled, time.perf_counter() - started


def _run(way: Any, x: Tensor, mask: Tensor) -> Work:
    def work() -> None:
        with torch.inference_mode():
            way(x, mask)

    return work


def main(
    threads: Annotated[int, typer.Option(min=1, help="Threads of each.")] = 2,
    rounds: Annotated[int, typer.Option(min=1, help="Turns of each that are counted.")] = USUAL_ROUNDS,
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
) -> None:
    """Measure, and write what was found."""
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as home:
        # Before anything is compiled: what was compiled before would be found again.
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(Path(home) / "compiled")
        measured = measure(Path(home), threads, rounds)
    content = {"threads": threads, "rounds": rounds, "short": rounds < USUAL_ROUNDS, **measured, **provenance()}
    for contest in measured["contests"]:
        for name in (COMPILED, PROGRAM, ONNX):
            speed = contest["rows"][name]["times"]["median"]
            console.print(f"{contest['clips']} clips, {name}: {speed:.2f} times as fast as eager", highlight=False)
    console.print(f"Compiling took {measured['compile_seconds']:.0f} s", highlight=False)
    console.print(f"Figures: {write_json(results / RESULT, content)}", highlight=False)


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
