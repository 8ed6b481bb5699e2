"""What an installation takes on disk, and how soon it predicts: fresh environments with the wheel, without torch.

    python benchmarks/measure_install.py --into README.md

It needs the network (PyPI) and some minutes. Each set of extras is installed into an environment of its own, with the
versions of `constraints.txt`; what `venv` itself puts there is not counted.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from inference import costs, recognisers
from ishara.console import console, errors
from ishara.errors import IsharaError
from ishara.evaluation.pages import put_between
from ishara.models import create_model
from ishara.pose.files import write_pose
from ishara.training.results import provenance, write_json

RESULT = "measure-install.json"
BEGIN = "<!-- install: made by benchmarks/measure_install.py, not by hand -->"
END = "<!-- end of install -->"
# What is to be known of: the core alone, and what a page with a camera and an ONNX model needs.
EXTRAS = ("", "mediapipe", "live,mediapipe")
_ROOT = Path(__file__).parents[1]
_MIB = 2**20
_LARGEST = 8


def build_wheel(folder: Path) -> Path:
    """The wheel of this checkout."""
    _run([sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(folder), str(_ROOT)])
    return next(folder.glob("ishara-*.whl"))


def install(wheel: Path, extras: str, home: Path) -> dict[str, Any]:
    """Install into a fresh environment and say what it takes."""
    started = time.perf_counter()
    _run([sys.executable, "-m", "venv", str(home)])
    before = sizes(home)
    what = f"{wheel}[{extras}]" if extras else str(wheel)
    _run([str(home / "bin" / "pip"), "install", "--no-cache-dir", "-c", str(_ROOT / "constraints.txt"), what])
    added = sizes(home) - before
    absent = "import importlib.util as util; assert util.find_spec('torch') is None, 'torch was installed'"
    _run([str(home / "bin" / "python"), "-c", absent])
    return {
        "bytes": added.total(),
        "largest": dict(added.most_common(_LARGEST)),
        "seconds_to_install": time.perf_counter() - started,
    }


def sizes(home: Path) -> Counter[str]:
    """Bytes of an environment's files by package folder."""
    found: Counter[str] = Counter()
    for file in home.rglob("*"):
        if file.is_file() and not file.is_symlink():
            parts = file.relative_to(home).parts
            place = parts.index("site-packages") + 1 if "site-packages" in parts else 0
            found[parts[place]] += file.stat().st_size
    return found


def first_predictions(home: Path, recogniser: Path, clip: Path, rounds: int) -> list[float]:
    """Seconds of `ishara predict` as a whole process: the very first after the installation, and some more."""
    seconds = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        _run([str(home / "bin" / "ishara"), "predict", str(recogniser), str(clip)])
        seconds.append(time.perf_counter() - started)
    return seconds


def line(measured: dict[str, Any]) -> str:
    """What the README says."""
    rows = measured["rows"]
    core, live = rows[""], rows[EXTRAS[-1]]
    first, *others = core["predict_seconds"]
    return (
        f"The core install, which runs a trained recogniser, takes {core['bytes'] / _MIB:.0f} MiB on disk; "
        f"`ishara predict` of a clip of landmarks is done {np.median(others):.1f} s after it is typed ({first:.1f} s "
        f"the first time). With `[{EXTRAS[-1]}]` it takes {live['bytes'] / _MIB:.0f} MiB. None of them installs torch. "
        f"([What takes how much](results/{RESULT}).)"
    )


def _run(words: list[str]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise IsharaError(
            f"{' '.join(words[:4])} … failed: {(done.stderr.strip().splitlines() or ['nothing said'])[-1]}"
        )


def _show(rows: dict[str, Any]) -> None:
    table = Table("installed", "MiB", "largest", "ishara predict, s")
    for extras, row in rows.items():
        largest = ", ".join(f"{name} {size / _MIB:.0f}" for name, size in list(row["largest"].items())[:4])
        starts = f"{row['predict_seconds'][0]:.2f}, then {np.median(row['predict_seconds'][1:]):.2f}"
        table.add_row(f"ishara[{extras}]" if extras else "ishara", f"{row['bytes'] / _MIB:.0f}", largest, starts)
    console.print(table)


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Predictions after the first.")] = 5,
    wheel: Annotated[Path | None, typer.Option(help="A wheel to install; built from this checkout by default.")] = None,
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
    into: Annotated[Path | None, typer.Option(help="A Markdown page whose line to renew.")] = None,
) -> None:
    """Install, measure, and write what was found."""
    rows = {}
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        model = recognisers.distinct(create_model("bdsl_spoter", num_classes=recognisers.CLASSES))
        recogniser = home / "recogniser"
        recognisers.write(recogniser, model, recognisers.recipe("bdsl_spoter"), recognisers.CLASSES)
        clip = write_pose(costs.clip(60, np.random.default_rng(0)), home / "clip.pose")
        built = (wheel or build_wheel(home)).resolve()
        for number, extras in enumerate(EXTRAS):
            errors.print(f"Installing {'ishara' + (f'[{extras}]' if extras else '')} …", highlight=False, markup=False)
            rows[extras] = install(built, extras, home / f"environment-{number}")
            rows[extras]["predict_seconds"] = first_predictions(
                home / f"environment-{number}", recogniser, clip, rounds
            )
    _show(rows)
    measured = {"wheel": built.name, "rows": rows, **provenance()}
    console.print(f"Figures: {write_json(results / RESULT, measured)}", highlight=False)
    if into is not None:
        changed = put_between(into, BEGIN, END, line(measured))
        console.print(f"{into}: {'renewed' if changed else 'was up to date'}", highlight=False)


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
