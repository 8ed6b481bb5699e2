"""Memory for a training set, by its size: Ishara's memory-mapped store against the notebook's list of arrays.

    python benchmarks/bench_memory.py --times 1 --times 2 --times 4

wlasl50's clips are repeated under other ids. Each size and way is measured in a process of its own, before the set is
opened and after one epoch of loading it. *Anonymous* memory is copies: it belongs to the process alone and must be
found for as long as it runs. *Mapped* is the file's own pages, which the system shares between processes and takes back
when it needs room.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table
from torch.utils.data import DataLoader

from ishara.clips.roots import find_root
from ishara.console import console, track
from ishara.errors import IsharaError
from ishara.pose.files import read_array
from ishara.pose.prepare import model_skeleton
from ishara.pose.store import PoseStore
from ishara.recipe import Recipe
from ishara.training.data import ClipData, ClipDataset
from ishara.training.results import provenance, write_json
from notebook.data import NotebookDataset, notebook_features
from notebook.train import BATCH

ISHARA, NOTEBOOK = "ishara", "notebook"
WAYS = (ISHARA, NOTEBOOK)
# What Ishara holds beside the mapped file (ids, lengths), as a share of it; copies of the clips would be 1 at least.
ALLOWED = 0.25
_MIB = 2**20
_FIRST = 64


def _recipe(corpus: Path) -> Recipe:
    return Recipe.from_dict(
        {
            "name": "bench",
            "data": {"corpus": "landmarks", "root": str(corpus)},
            "features": {"hand_local": False},
            "augment": "default",
            "train": {"batch_size": BATCH},
        }
    )


def write_store(corpus: Path, home: Path, *, times: int, clips: int) -> Path:
    """The first clips of a corpus, so many times over, as Ishara keeps them."""
    options = _recipe(corpus).pose
    named = [(f"{copy}-{i}", f"{corpus}#{i}") for copy in range(times) for i in range(clips)]
    return PoseStore.build(home / "stores", named, options, skeleton=model_skeleton(options)).folder


def write_arrays(corpus: Path, home: Path, *, times: int, clips: int) -> Path:
    """The same for the notebook to read: ``frames.npy`` (N, 108) float32 and ``lengths.npy``."""
    folder = home / f"notebook-{times}-{clips}"
    folder.mkdir()
    sequences = [notebook_features(f"{corpus}#{i}") for i in range(clips)]
    np.save(folder / "frames.npy", np.tile(np.concatenate(sequences), (times, 1)))
    np.save(folder / "lengths.npy", np.tile([len(sequence) for sequence in sequences], times))
    return folder


def _open_store(folder: Path) -> DataLoader:
    store = PoseStore.open(folder)
    clips = ClipDataset(store, range(len(store)), [0] * len(store), _recipe(folder), augmented=True)
    return ClipData(clips, None, clips.recipe.train).train_dataloader()


def _open_list(folder: Path) -> DataLoader:
    lengths = np.load(folder / "lengths.npy")
    ends = np.cumsum(lengths)
    frames = np.load(folder / "frames.npy", mmap_mode="r")
    sequences = [np.array(frames[end - length : end]) for end, length in zip(ends, lengths, strict=True)]
    return DataLoader(NotebookDataset(sequences, [0] * len(sequences)), batch_size=BATCH, shuffle=True)


_OPEN: dict[str, Callable[[Path], DataLoader]] = {ISHARA: _open_store, NOTEBOOK: _open_list}


def memory() -> dict[str, int]:
    """Bytes that this process has in memory: ``anonymous``, ``mapped`` from files, and ``total``."""
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="utf-8").splitlines()[1:]
    kib = {key: int(value.split()[0]) for key, _, value in (line.partition(":") for line in lines)}
    anonymous, total = kib["Anonymous"] * 1024, kib["Rss"] * 1024
    return {"anonymous": anonymous, "mapped": total - anonymous, "total": total}


def measure(way: str, folder: Path, first: Path) -> dict[str, int]:
    """What one epoch of loading a training set adds to this process, in bytes.

    An epoch of another, small set goes before, so that what loading takes whatever the size (code, buffers) is not
    counted.
    """
    for _ in _OPEN[way](first):
        pass
    before = memory()
    loader = _OPEN[way](folder)
    for _ in loader:
        pass
    after = memory()
    return {key: after[key] - before[key] for key in after}


def measure_afresh(way: str, folder: Path, first: Path) -> dict[str, int]:
    """`measure` in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(measure, way, folder, first).result()


def disk_bytes(folder: Path) -> int:
    """Bytes of the landmark files in a training set's folder."""
    return sum(file.stat().st_size for file in folder.iterdir() if file.suffix in (".f16", ".npy"))


def measure_all(corpus: Path, times: Sequence[int], home: Path) -> list[dict[str, Any]]:
    """One row per way and size."""
    count = len(read_array(corpus))
    write = {ISHARA: write_store, NOTEBOOK: write_arrays}
    first = {way: write[way](corpus, home, times=1, clips=_FIRST) for way in write}
    rows = []
    for way, size in track("Training sets", [(way, size) for way in write for size in times]):
        folder = write[way](corpus, home, times=size, clips=count)
        added = measure_afresh(way, folder, first[way])
        rows.append({"way": way, "times": size, "clips": size * count, "disk": disk_bytes(folder), **added})
    return rows


def growth(rows: Sequence[dict[str, Any]], way: str, kind: str) -> float:
    """Bytes of memory that each further byte on disk adds, between the smallest and the largest training set."""
    own = sorted((row for row in rows if row["way"] == way), key=lambda row: row["times"])
    return (own[-1][kind] - own[0][kind]) / (own[-1]["disk"] - own[0]["disk"])


def _show(rows: Sequence[dict[str, Any]]) -> None:
    title = "MiB that opening and one epoch of loading add"
    table = Table("", "clips", "on disk", "anonymous", "mapped", "total", title=title)
    for row in rows:
        sizes = [f"{row[key] / _MIB:.1f}" for key in ("disk", "anonymous", "mapped", "total")]
        table.add_row(row["way"], str(row["clips"]), *sizes)
    console.print(table)


def main(
    times: Annotated[list[int] | None, typer.Option(min=1, help="Sizes in corpora: 1, 2 and 4 by default.")] = None,
    data: Annotated[Path, typer.Option(help="Looked for here and in $ISHARA_DATA.")] = Path("wlasl50-landmarks.npz"),
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
) -> None:
    """Measure each size; exits with 1 where Ishara's own memory grows as if clips were copied."""
    sizes = sorted(set(times or (1, 2, 4)))
    if len(sizes) < 2:
        raise IsharaError(f"--times gives {len(sizes)} size; expected at least two, for memory to grow between them.")
    if not Path("/proc/self/smaps_rollup").is_file():
        raise IsharaError("This system has no /proc/self/smaps_rollup; memory is measured on Linux only.")
    with tempfile.TemporaryDirectory() as home:
        rows = measure_all(find_root(data).resolve(), sizes, Path(home))
    _show(rows)
    per_byte = {way: {kind: growth(rows, way, kind) for kind in ("anonymous", "total")} for way in WAYS}
    for way, own in per_byte.items():
        amounts = f"{own['anonymous']:.2f} bytes anonymous, {own['total']:.2f} in all"
        console.print(f"{way}: {amounts} for each further byte on disk", highlight=False)
    written = write_json(
        results / "bench-memory.json", {"allowed": ALLOWED, "per_byte_on_disk": per_byte, "rows": rows, **provenance()}
    )
    console.print(f"Figures: {written}", highlight=False)
    if per_byte[ISHARA]["anonymous"] > ALLOWED:
        raise IsharaError("Ishara's anonymous memory grows with the training set; clips are being copied into it.")


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
