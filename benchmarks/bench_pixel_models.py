"""Speed and peak memory of the pixel models, against the notebook's and `transformers`' implementations, in one run.

    python benchmarks/bench_pixel_models.py --threads 2 --rounds 5

TimeSformer: forward, and forward with backward, of one clip. Sign2Text: a training step (forward, backward, clip,
AdamW) on one batch, with the ResNet trained, frozen, and frozen with its features kept from before. A round is one of
each, in an order that turns; ratios are taken within a round. The notebook's and `transformers`' models are given
frames that are floats already; ours normalises them. Memory is what one measurement adds to a process of its own.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import torch.nn.functional as F
import typer
from rich.table import Table
from torch import Tensor, nn
from torch.optim import AdamW
from transformers.models.timesformer.configuration_timesformer import TimesformerConfig
from transformers.models.timesformer.modeling_timesformer import TimesformerForVideoClassification

from ishara.console import console, track
from ishara.errors import IsharaError
from ishara.models import create_model
from ishara.models.sign2text import Sign2Text
from ishara.training.results import provenance, write_json
from notebook.sign2text import NotebookSign2Text
from notebook.timesformer import NotebookTimesformer

OURS, NOTEBOOK, TRANSFORMERS = "ishara", "notebook", "transformers"
CLASSES = 10
_MIB = 2**20
_PEAKS = 3


@dataclass(frozen=True)
class Settings:
    """What is measured; the defaults are those of the issue and of the notebook."""

    blocks: int = 5
    heads: int = 8
    frames: int = 8
    side: int = 224
    clips: int = 5
    clip_frames: int = 32
    threads: int = 1
    device: str = "cpu"
    half: bool = False


# Does one measurement's work.
Work = Callable[[], None]


@dataclass(frozen=True)
class Contest:
    """Some that do the same work, and how many times the fastest of the others ours must be."""

    name: str
    make: Callable[[str, Settings], Work]
    who: tuple[str, ...]
    wanted: float | None = None


def _frames(settings: Settings, clips: int, frames: int) -> tuple[Tensor, Tensor, Tensor]:
    """Frames as ours takes them, as the others do, and a mask."""
    torch.manual_seed(0)
    shape = (clips, frames, 3, settings.side, settings.side)
    x = torch.randint(256, shape, dtype=torch.uint8, device=settings.device)
    return x, (x / 255 - 0.45) / 0.225, torch.ones(shape[:2], dtype=torch.bool, device=settings.device)


def _timesformer(who: str, settings: Settings) -> tuple[nn.Module, Callable[[], Tensor]]:
    x, floats, mask = _frames(settings, 1, settings.frames)
    sizes: dict[str, Any] = {"frames": settings.frames, "heads": settings.heads}
    if who == OURS:
        model = create_model("timesformer", num_classes=CLASSES, layers=settings.blocks, size=settings.side, **sizes)
        return model.to(settings.device), lambda: model(x, mask).logits
    if who == NOTEBOOK:
        baseline = NotebookTimesformer(CLASSES, blocks=settings.blocks, side=settings.side, **sizes)
        return baseline.to(settings.device), lambda: baseline(floats)
    config = TimesformerConfig(
        image_size=settings.side, num_frames=settings.frames, num_hidden_layers=settings.blocks,
        num_attention_heads=settings.heads, num_labels=CLASSES,  # type: ignore[call-arg]
    )  # fmt: skip
    published: nn.Module = TimesformerForVideoClassification(config)
    return published.to(settings.device), lambda: published(floats).logits


def forward(who: str, settings: Settings) -> Work:
    """TimeSformer without gradients."""
    model, logits = _timesformer(who, settings)
    model.eval()

    def work() -> None:
        with torch.no_grad(), _precision(settings):
            logits()

    return work


def backward(who: str, settings: Settings) -> Work:
    """TimeSformer with gradients."""
    model, logits = _timesformer(who, settings)
    label = torch.zeros(1, dtype=torch.long, device=settings.device)

    def work() -> None:
        model.zero_grad(set_to_none=True)
        with _precision(settings):
            loss = F.cross_entropy(logits(), label)
        loss.backward()

    return work


def training_step(who: str, settings: Settings) -> Work:
    """Sign2Text, trained from end to end."""
    return _sign2text(who, settings, frozen=False)


def frozen_step(who: str, settings: Settings) -> Work:
    """Sign2Text with a frozen ResNet; ours with its features kept from before."""
    return _sign2text(who, settings, frozen=True)


def _sign2text(who: str, settings: Settings, *, frozen: bool) -> Work:
    x, floats, mask = _frames(settings, settings.clips, settings.clip_frames)
    label = torch.arange(settings.clips, device=settings.device) % CLASSES
    if who == NOTEBOOK:
        baseline = NotebookSign2Text(CLASSES, frames=settings.clip_frames, frozen=frozen).to(settings.device)
        return _step(baseline, lambda: baseline(floats), label, settings)
    options: dict[str, Any] = {"frozen": "all"} if frozen else {}
    model = create_model("sign2text", num_classes=CLASSES, size=settings.side, **options).to(settings.device)
    if not frozen or who == "ishara, not kept":
        return _step(model, lambda: model(x, mask).logits, label, settings)
    assert isinstance(model, Sign2Text)
    features = model.frame_features(x, mask)
    return _step(model, lambda: model.from_features(features, mask).logits, label, settings)


def _step(model: nn.Module, logits: Callable[[], Tensor], label: Tensor, settings: Settings) -> Work:
    model.train()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = AdamW(trained, lr=1e-4, weight_decay=1e-4)

    def work() -> None:
        optimizer.zero_grad()
        with _precision(settings):
            loss = F.cross_entropy(logits(), label)
        loss.backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()

    return work


def _precision(settings: Settings) -> torch.autocast:
    return torch.autocast(settings.device, torch.bfloat16, enabled=settings.half)


CONTESTS = (
    Contest("timesformer forward", forward, (NOTEBOOK, TRANSFORMERS, OURS), 1.3),
    Contest("timesformer forward and backward", backward, (NOTEBOOK, TRANSFORMERS, OURS), 1.3),
    Contest("sign2text step", training_step, (NOTEBOOK, OURS), 1.2),
    Contest("sign2text step, frozen", frozen_step, (NOTEBOOK, "ishara, not kept", OURS), 10.0),
)


def _seconds(work: Work, settings: Settings) -> float:
    def finish() -> None:
        if settings.device == "cuda":
            torch.cuda.synchronize()

    finish()
    started = time.perf_counter()
    work()
    finish()
    return time.perf_counter() - started


def race(contest: Contest, settings: Settings, rounds: int) -> dict[str, list[float]]:
    """Seconds of each, round by round, after one that is not counted."""
    torch.set_num_threads(settings.threads)
    works = {who: contest.make(who, settings) for who in contest.who}
    for work in works.values():
        work()
    names = list(works)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            seconds[name].append(_seconds(works[name], settings))
    return seconds


def peak(contest: Contest, who: str, settings: Settings) -> int:
    """Bytes that a contestant's work, the first time, adds to this process at most, beside its model and its frames."""
    torch.set_num_threads(settings.threads)
    work = contest.make(who, settings)
    if settings.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        work()
        return torch.cuda.max_memory_allocated() - before
    before = _status("VmRSS")
    # The highest mark so far, of loading the model, is forgotten.
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    work()
    return _status("VmHWM") - before


def _status(key: str) -> int:
    """Bytes that the kernel keeps count of for this process."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{key}:"))


def peak_afresh(number: int, who: str, settings: Settings) -> int:
    """`peak` in processes of their own, the median: what a library loads at first use comes and goes with each."""
    found = []
    for _ in range(_PEAKS):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            found.append(process.submit(_peak_of, number, who, settings).result())
    return int(np.median(found))


def _peak_of(number: int, who: str, settings: Settings) -> int:
    return peak(CONTESTS[number], who, settings)


def measure(number: int, settings: Settings, rounds: int, *, memory: bool) -> dict[str, Any]:
    """Everything about one contest."""
    contest = CONTESTS[number]
    seconds = race(contest, settings, rounds)
    fastest = np.min([seconds[who] for who in contest.who if not who.startswith(OURS)], axis=0)
    rows = {}
    for who, own in seconds.items():
        row = {"seconds": _spread(own), "times_fastest_other": _spread(fastest / np.array(own))}
        rows[who] = row | ({"peak_bytes": peak_afresh(number, who, settings)} if memory else {})
    return {
        "name": contest.name,
        "precision": "bf16" if settings.half else "fp32",
        # The bounds are for fp32 on a CPU.
        "wanted": contest.wanted if settings.device == "cpu" and not settings.half else None,
        "rows": rows,
    }


def _spread(values: Any) -> dict[str, float]:
    return {"median": float(np.median(values)), "low": float(np.min(values)), "high": float(np.max(values))}


def _show(measured: list[dict[str, Any]]) -> None:
    table = Table("", "", "seconds", "times the fastest other", "lowest to highest", "peak, MiB")
    for contest in measured:
        for who, row in contest["rows"].items():
            ratio = row["times_fastest_other"]
            memory = f"{row['peak_bytes'] / _MIB:.0f}" if "peak_bytes" in row else ""
            spread = f"{ratio['low']:.2f} to {ratio['high']:.2f}"
            name = f"{contest['name']}, {contest['precision']}"
            table.add_row(name, who, f"{row['seconds']['median']:.3f}", f"{ratio['median']:.2f}", spread, memory)
    console.print(table)


def failures(measured: list[dict[str, Any]]) -> list[str]:
    """What is slower, or takes more memory, than it should."""
    found = []
    for contest in measured:
        ours = contest["rows"][OURS]
        ratio, wanted = ours["times_fastest_other"]["median"], contest["wanted"]
        if wanted is not None and ratio < wanted:
            found.append(f"{contest['name']}: {ratio:.2f} times the fastest other; expected at least {wanted:g}.")
        others = [row["peak_bytes"] for who, row in contest["rows"].items() if who != OURS and "peak_bytes" in row]
        if wanted is not None and others and ours["peak_bytes"] >= min(others):
            found.append(f"{contest['name']}: takes {ours['peak_bytes'] / _MIB:.0f} MiB, another "
                         f"{min(others) / _MIB:.0f}.")  # fmt: skip
    return found


def main(
    threads: Annotated[int, typer.Option(min=1, help="Threads for torch.")] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="Of each contest, counted.")] = 5,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    half: Annotated[bool, typer.Option(help="Also in bf16.")] = True,
    side: Annotated[int, typer.Option(min=32, help="Of a frame, in pixels.")] = 224,
    clips: Annotated[int, typer.Option(min=1, help="In a batch of Sign2Text.")] = 5,
    clip_frames: Annotated[int, typer.Option(min=1, help="Of each of them.")] = 32,
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
) -> None:
    """Measure each contest; exits with 1 where Ishara is not as fast or as small as it should be."""
    plain = Settings(side=side, clips=clips, clip_frames=clip_frames, threads=threads, device=device)
    runs = [plain, Settings(**{**asdict(plain), "half": True})] if half else [plain]
    todo = [(number, settings) for settings in runs for number in range(len(CONTESTS))]
    measured = [
        measure(number, settings, rounds, memory=not settings.half) for number, settings in track("Contests", todo)
    ]
    _show(measured)
    name = torch.cuda.get_device_name() if device == "cuda" else "cpu"
    content = {**asdict(plain), "device": name, "rounds": rounds, "contests": measured, **provenance()}
    file = "bench-pixel-models.json" if device == "cpu" else f"bench-pixel-models-{device}.json"
    console.print(f"Figures: {write_json(results / file, content)}", highlight=False)
    if found := failures(measured):
        raise IsharaError(" ".join(found))


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
