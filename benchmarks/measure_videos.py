"""How recognisers of landmarks do on real videos of signs that they know, from the mp4 file to the gloss.

    ishara index wlasl $ISHARA_DATA/wlasl labels=nslt_2000.json -o runs/wlasl.csv
    ishara extract runs/wlasl.csv -o runs/wlasl-poses
    ishara crossval recipes/wlasl50-spoter.yaml
    python benchmarks/measure_videos.py runs/wlasl50-spoter-crossval runs/wlasl-poses/manifest.csv --into docs/videos.md

The training corpus was itself made from WLASL, so most of these recordings are in it, extracted by somebody else. For
each video its twins there are looked for, and only those folds predict it that tested its twins: their models have
learnt from none of them. A video whose twins were not found is predicted by every fold, and is told apart.

Each video is predicted as it was extracted, and in the ways that the training landmarks were treated in: frames in
which no hand was found left out, and at most 30 frames kept.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from ishara.clips.duplicates import distances
from ishara.clips.manifest import Manifest
from ishara.console import track
from ishara.errors import IsharaError
from ishara.evaluation.pages import put_between
from ishara.pose.features import extract_features
from ishara.pose.files import read_pose
from ishara.pose.pose import Pose
from ishara.pose.prepare import frame_times, prepare
from ishara.pose.repair import hands_seen
from ishara.recognizer import Recognizer, softmax
from ishara.recognizer.inputs import ModelInput
from ishara.training.results import provenance, write_json

BEGIN, END = "<!-- videos: begin -->", "<!-- videos: end -->"
RESULT = "measure-videos.json"
_TRAINING = "training "
_LONGEST = 30
# In thresholds of the search for near-identical clips, which is strict: two extractions of one recording differ more.
_TWIN = 3.0


def as_extracted(pose: Pose) -> Pose:
    """The clip as it is."""
    return pose


def with_hands_only(pose: Pose) -> Pose:
    """Without the frames in which no hand was found; the whole clip where there is none."""
    found = hands_seen(pose)
    return pose.frames(found) if found.any() else pose


def first_frames_with_hands(pose: Pose) -> Pose:
    """The first 30 frames with hands."""
    return with_hands_only(pose).frames(slice(0, _LONGEST))


def squeezed_with_hands(pose: Pose) -> Pose:
    """All frames with hands, squeezed to 30."""
    pose = with_hands_only(pose)
    return pose.resampled(min(_LONGEST, len(pose)))


TREATMENTS: dict[str, Callable[[Pose], Pose]] = {
    "every frame, as extracted": as_extracted,
    "frames with hands": with_hands_only,
    "the first 30 frames with hands": first_frames_with_hands,
    "frames with hands, squeezed to 30": squeezed_with_hands,
}


@dataclass(frozen=True)
class Found:
    """What one fold's recogniser said of one clip under one treatment.

    Parameters
    ----------
    rank
        The place of the true gloss, from 1.
    hands
        The share of the clip's frames in which a hand was found.
    twins
        The training corpus's own clips of the same recording.
    """

    clip: str
    gloss: str
    twins: tuple[str, ...]
    fold: str
    treatment: str
    predicted: str
    probability: float
    rank: int
    frames: int
    hands: float


def find_twins(corpus: Manifest, clips: Manifest) -> dict[str, tuple[str, ...]]:
    """For each clip, those of the corpus that are of the same recording, whatever the treatment; with their gloss."""
    marked = corpus.table.with_columns(pl.concat_str(pl.lit(_TRAINING), "id").alias("id"))
    columns = ["id", "path", "gloss"]
    both = Manifest(pl.concat([marked.select(columns), clips.table.select(columns)]))
    gloss = dict(zip(both.table["id"], both.table["gloss"], strict=True))
    ours = set(clips.table["path"])
    twins: dict[str, set[str]] = {clip.id: set() for clip in clips}
    for treat in TREATMENTS.values():
        pairs = distances(both, partial(_read, treat, ours))
        for a, b, distance in pairs:
            own, other = (b, a) if a.startswith(_TRAINING) else (a, b)
            if own in twins and other not in twins and distance <= _TWIN and gloss[own] == gloss[other]:
                twins[own].add(other.removeprefix(_TRAINING))
    return {clip: tuple(sorted(found)) for clip, found in twins.items()}


def _read(treat: Callable[[Pose], Pose], treated: set[str], path: str) -> Pose:
    return treat(read_pose(path)) if path in treated else read_pose(path)


def judges(folds: Iterable[Path], twins: tuple[str, ...]) -> list[Path]:
    """The folds that learnt from none of the twins."""
    learnt_from = pl.col("id").is_in(twins) & (pl.col("split") != "test")
    return [fold for fold in folds if Manifest.read(fold / "manifest.csv").table.filter(learnt_from).is_empty()]


def look(fold: Path, clip: str, gloss: str, pose: Pose, twins: tuple[str, ...]) -> list[Found]:
    """One clip under every treatment."""
    recognizer = Recognizer.load(fold, threads=1)
    hands = float(hands_seen(pose).mean())
    # The treatment decides which frames are seen, not the recipe.
    options = recognizer.recipe.pose.model_copy(update={"frames": "all"})
    rows = []
    for name, treat in TREATMENTS.items():
        chosen = treat(pose)
        treated = prepare(chosen, options)
        seen = ModelInput(extract_features(treated, recognizer.recipe.features), frame_times(chosen, options))
        p = softmax(recognizer.run([seen]).logits[0], recognizer.temperature)
        rank = 1 + int((p > p[recognizer.labels.index(gloss)]).sum())
        said = recognizer.labels[int(p.argmax())], float(p.max()), rank
        rows.append(Found(clip, gloss, twins, fold.name, name, *said, len(treated), hands))
    return rows


def shares(rows: list[Found]) -> dict[str, dict[str, float]]:
    """By treatment: clips, and top-1 and top-5, the mean over clips of the share of their judges that were right."""
    table = pl.DataFrame([asdict(row) for row in rows]).with_columns(
        top1=(pl.col("rank") == 1).cast(pl.Float64), top5=(pl.col("rank") <= 5).cast(pl.Float64)
    )
    clips = table.group_by("treatment", "clip").agg(pl.col("top1", "top5").mean())
    figures = clips.group_by("treatment").agg(pl.len().alias("clips"), pl.col("top1", "top5").mean())
    return {row.pop("treatment"): row for row in figures.to_dicts()}


def page(measured: dict[str, Any]) -> str:
    """The figures and what was said of each clip, as Markdown tables."""
    lines = ["| treatment | videos | top-1 | top-5 |", "|---|---|---|---|"]
    for name in TREATMENTS:
        row = measured["figures"][name]
        lines.append(f"| {name} | {row['clips']} | {row['top1']:.0%} | {row['top5']:.0%} |")
    shown = list(TREATMENTS)[:2]
    head = ["video", "gloss", "twins found", "frames", "with a hand", *shown]
    lines += ["", _row(head), "|" + "---|" * len(head)]
    for clip in dict.fromkeys(row["clip"] for row in measured["clips"]):
        mine = [row for row in measured["clips"] if row["clip"] == clip]
        said = [_counted(row["predicted"] for row in mine if row["treatment"] == name) for name in shown]
        one = next(row for row in mine if row["treatment"] == shown[0])
        lines.append(_row([clip, one["gloss"], len(one["twins"]), one["frames"], f"{one['hands']:.0%}", *said]))
    return "\n".join(lines)


def _row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _counted(words: Iterable[str]) -> str:
    return ", ".join(f"{word} × {count}" if count > 1 else word for word, count in Counter(words).most_common())


def main(
    run: Annotated[Path, typer.Argument(help="The folder of `ishara crossval`.")],
    manifest: Annotated[Path, typer.Argument(help="The manifest that `ishara extract` wrote.")],
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
    into: Annotated[Path | None, typer.Option(help="A Markdown page whose tables to renew.")] = None,
) -> None:
    """Predict the videos whose gloss the recognisers know, and write what came of it."""
    folds = sorted(path.parent for path in run.glob("*/recognizer"))
    if not folds:
        raise IsharaError(f"{run}: holds no folds with a recogniser; expected what `ishara crossval RECIPE` writes.")
    recipe = Recognizer.load(folds[0]).recipe
    corpus, clips = Manifest.read(folds[0] / "manifest.csv"), Manifest.read(manifest)
    known = clips.where(pl.col("gloss").is_in(corpus.glosses))
    twins = find_twins(corpus, known)
    rows: list[Found] = []
    for clip in track("Videos", list(known)):
        pose = read_pose(clip.path)
        for fold in judges(folds, twins[clip.id]):
            rows += look(fold, clip.id, clip.gloss, pose, twins[clip.id])
    measured: dict[str, Any] = {
        "recipe": recipe.name,
        "recipe_hash": recipe.hash,
        "extracted": len(clips),
        "known": len(known),
        "figures": shares(rows),
        "clips": [asdict(row) for row in rows],
        **provenance(),
    }
    print(write_json(results / RESULT, measured))
    if into is None:
        print(page(measured))
    else:
        put_between(into, BEGIN, END, f"\n{page(measured)}\n")


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
