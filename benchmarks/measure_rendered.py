"""How hard the rendered synthetic corpus is for what cannot see a sign: figures that say nothing of any sign language.

    python benchmarks/measure_rendered.py runs/synthetic-video

A linear classifier on the mean frame, and the nearest neighbour on pixels, on signers that they have not seen. Each is
given several sensible pictures of a clip: cropped to the signer or not, in colour or grey, with each clip brought to
the same lightness and contrast or not. The largest share on the test signers counts: it is to stay at 35 % or less, so
that a pixel model that does far better has learnt handshapes and movements. The corpus was made to pass this before any
model was trained on it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer
from numpy.typing import NDArray
from rich.table import Table
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ishara.clips.corpora.synthetic import generate_videos
from ishara.clips.manifest import SPLITS, Manifest
from ishara.console import console, track
from ishara.errors import IsharaError
from ishara.training.results import provenance, write_json
from ishara.video import Box, read_video

Array = NDArray[np.float32]
BOUND = 0.35
SIDE, FRAMES = 32, 16
# How strongly the linear classifier may follow the training clips: chosen on the validation signers.
_STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)
_GREY = np.array([0.299, 0.587, 0.114], np.float32)


def read_clips(manifest: Manifest, *, cropped: bool) -> Array:
    """(N, T, H, W, 3) some frames of each clip, 0 to 1."""
    title = "Cropped to the signer" if cropped else "Whole pictures"
    clips = np.empty((len(manifest), FRAMES, SIDE, SIDE, 3), np.float32)
    for number, clip in track(title, list(enumerate(manifest))):
        box = Box.parse(clip.box) if cropped and clip.box else None
        clips[number] = read_video(clip.path, FRAMES, box=box, square=SIDE).rgb
    return clips / 255


def views(manifest: Manifest) -> Iterator[tuple[str, Array]]:
    """Each way of looking at the clips, and what is seen: (N, T, …)."""
    for cropped in (True, False):
        colour = read_clips(manifest, cropped=cropped)
        for name, seen in (("colour", colour), ("grey", colour @ _GREY)):
            where = "cropped" if cropped else "whole"
            yield f"{where}, {name}", seen
            axes = tuple(range(1, seen.ndim))
            level = seen.mean(axis=axes, keepdims=True)
            yield f"{where}, {name}, one contrast", (seen - level) / seen.std(axis=axes, keepdims=True)


def linear(x: Array, y: NDArray[np.str_], sides: dict[str, NDArray[np.bool_]]) -> float:
    """Share of the test clips that logistic regression gets right, as strong as is best on the validation clips."""
    train, validation, test = (sides[name] for name in SPLITS)
    tried = []
    for strength in _STRENGTHS:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=500)).fit(x[train], y[train])
        tried.append((model.score(x[validation], y[validation]), model.score(x[test], y[test])))
    return float(max(tried)[1])


def nearest(x: Array, y: NDArray[np.str_], sides: dict[str, NDArray[np.bool_]]) -> float:
    """Share of the test clips whose nearest training clip shows the same sign."""
    train, _, test = (sides[name] for name in SPLITS)
    return float(KNeighborsClassifier(n_neighbors=1).fit(x[train], y[train]).score(x[test], y[test]))


def measure(manifest: Manifest) -> dict[str, dict[str, float]]:
    """By baseline and view, the share of the test clips that is right."""
    glosses = manifest.table["gloss"].to_numpy()
    sides = {name: (manifest.table["split"] == name).to_numpy() for name in SPLITS}
    found: dict[str, dict[str, float]] = {}
    for view, seen in views(manifest):
        flat, mean = seen.reshape(len(seen), -1), seen.mean(axis=1).reshape(len(seen), -1)
        for baseline, score in (
            ("linear classifier on the mean frame", linear(mean, glosses, sides)),
            ("nearest neighbour on the mean frame", nearest(mean, glosses, sides)),
            (f"nearest neighbour on {FRAMES} frames", nearest(flat, glosses, sides)),
        ):
            found.setdefault(baseline, {})[view] = score
    return found


def show(found: dict[str, dict[str, float]], chance: float) -> None:
    """Print all shares."""
    table = Table("", *found, title=f"Synthetic; unseen signers; chance {chance:.1%}; to stay at {BOUND:.0%} or less")
    for view in next(iter(found.values())):
        table.add_row(view, *(f"{found[baseline][view]:.1%}" for baseline in found))
    console.print(table)


def main(
    folder: Annotated[Path, typer.Argument(help="Of the corpus; it is generated where it is not there.")],
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
) -> None:
    """Measure, and write the figures."""
    manifest = generate_videos(folder, track=lambda clips: track("Drawing", clips))
    found = measure(manifest)
    chance = 1 / len(manifest.glosses)
    show(found, chance)
    largest = max(max(shares.values()) for shares in found.values())
    signers = manifest.table.group_by("split").agg(pl.col("signer").n_unique(), pl.len().alias("clips")).sort("split")
    figures: dict[str, Any] = {
        "corpus": "synthetic-video: drawn figures and invented signs; says nothing about any sign language",
        "glosses": len(manifest.glosses),
        "sides": {row["split"]: {"signers": row["signer"], "clips": row["clips"]} for row in signers.to_dicts()},
        "chance": chance,
        "bound": BOUND,
        "side": SIDE,
        "right_on_unseen_signers": found,
        "largest": largest,
        "hard_enough": largest <= BOUND,
    }
    written = write_json(results / "measure-rendered.json", {**figures, **provenance()})
    console.print(f"Figures: {written}", highlight=False)
    if largest > BOUND:
        raise IsharaError(f"A baseline gets {largest:.1%} right; expected at most {BOUND:.0%}. Make the corpus harder.")


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
