"""How a recogniser of landmarks does on real videos of signs that it knows, from the mp4 file to the gloss.

    ishara index wlasl $ISHARA_DATA/wlasl labels=asl1000.json -o runs/wlasl.csv
    ishara extract runs/wlasl.csv -o runs/wlasl-poses
    ishara train recipes/wlasl50-spoter.yaml split.test=0 --out runs/wlasl50-whole
    python benchmarks/measure_videos.py runs/wlasl50-whole runs/wlasl-poses/manifest.csv

Clips that the recogniser may have learnt from, because they are near-identical with one of its own, are counted apart.
Each clip is predicted as it was extracted, and again in the ways that the training landmarks were treated in: frames in
which no hand was found left out, and at most 30 frames kept.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.table import Table

from ishara.clips.duplicates import near_duplicates
from ishara.clips.manifest import Manifest
from ishara.console import console, track
from ishara.errors import IsharaError
from ishara.pose.files import read_pose
from ishara.pose.pose import Pose
from ishara.pose.skeleton import HANDS
from ishara.recognizer import Recognizer
from ishara.training.results import provenance, write_json

_TRAINING = "training "
_LONGEST = 30


def as_extracted(pose: Pose) -> Pose:
    """The clip as it is."""
    return pose


def with_hands_only(pose: Pose) -> Pose:
    """Without the frames in which no hand was found; the whole clip where there is none."""
    hands = [pose.skeleton.index(name) for hand in HANDS for name in pose.skeleton.groups.get(hand, ())]
    found = pose.seen[:, hands].any(axis=1)
    return pose.frames(found) if found.any() else pose


def first_frames_with_hands(pose: Pose) -> Pose:
    """The first 30 frames with hands."""
    return with_hands_only(pose).frames(slice(0, _LONGEST))


def squeezed_with_hands(pose: Pose) -> Pose:
    """All frames with hands, squeezed to 30."""
    pose = with_hands_only(pose)
    return pose.resampled(min(_LONGEST, len(pose)))


TREATMENTS: dict[str, Callable[[Pose], Pose]] = {
    "as extracted": as_extracted,
    "frames with hands": with_hands_only,
    "the first 30 with hands": first_frames_with_hands,
    "with hands, squeezed to 30": squeezed_with_hands,
}


@dataclass(frozen=True)
class Found:
    """What a recogniser said of one clip under one treatment.

    Parameters
    ----------
    rank
        The place of the true gloss, from 1.
    hands
        The share of the clip's frames in which a hand was found.
    known
        A near-identical clip that the recogniser learnt from.
    """

    clip: str
    treatment: str
    gloss: str
    predicted: str
    probability: float
    rank: int
    frames: int
    hands: float
    known: str | None


def look(recognizer: Recognizer, clip_id: str, gloss: str, pose: Pose, known: str | None) -> list[Found]:
    """One clip under every treatment."""
    hands = len(with_hands_only(pose)) / len(pose)
    found = []
    for name, treat in TREATMENTS.items():
        treated = treat(pose)
        prediction = recognizer.predict(treated)
        rank = [candidate.gloss for candidate in prediction.ranked].index(gloss) + 1
        found.append(
            Found(clip_id, name, gloss, prediction.gloss, prediction.probability, rank, len(treated), hands, known)
        )
    return found


def learnt(run: Path, clips: Manifest) -> dict[str, str]:
    """The clips that are near-identical with one that the run learnt from: their id, and whose they are."""
    own = Manifest.read(run / "manifest.csv").table.with_columns(pl.concat_str(pl.lit(_TRAINING), "id").alias("id"))
    columns = ["id", "path", "gloss"]
    both = Manifest(pl.concat([own.select(columns), clips.table.select(columns)]))
    pairs = {}
    for cluster in near_duplicates(both):
        theirs = sorted(name for name in cluster if name.startswith(_TRAINING))
        pairs |= {name: theirs[0].removeprefix(_TRAINING) for name in cluster if theirs and name not in theirs}
    return pairs


def shares(found: list[Found]) -> dict[str, dict[str, float | int]]:
    """Top-1 and top-5 by treatment, of clips that the recogniser did not learn from."""
    figures = {}
    for name in TREATMENTS:
        ranks = [row.rank for row in found if row.treatment == name and row.known is None]
        figures[name] = {
            "clips": len(ranks),
            "top1": sum(rank == 1 for rank in ranks),
            "top5": sum(rank <= 5 for rank in ranks),
        }
    return figures


def main(
    run: Annotated[Path, typer.Argument(help="A run folder of `ishara train`.")],
    manifest: Annotated[Path, typer.Argument(help="The manifest that `ishara extract` wrote.")],
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
) -> None:
    """Predict the clips whose gloss the recogniser knows, and write what came of it."""
    recognizer = Recognizer.load(run)
    clips = Manifest.read(manifest)
    known = clips.where(pl.col("gloss").is_in(recognizer.labels))
    same = learnt(run, known)
    found: list[Found] = []
    for clip in track("Clips", list(known)):
        found += look(recognizer, clip.id, clip.gloss, read_pose(clip.path), same.get(clip.id))
    figures = shares(found)
    table = Table("treatment", "clips", "top-1", "top-5")
    for name, row in figures.items():
        table.add_row(name, *(str(row[key]) for key in ("clips", "top1", "top5")))
    console.print(table)
    measured = {
        "recipe": recognizer.recipe.name,
        "recipe_hash": recognizer.recipe.hash,
        "extracted": len(clips),
        "known": len(known),
        "figures": figures,
        "clips": [asdict(row) for row in found],
        **provenance(),
    }
    print(write_json(results / "measure-videos.json", measured))


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
