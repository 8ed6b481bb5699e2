"""What the second look at missed hands gains and costs, on real WLASL clips.

    python benchmarks/measure_refinement.py --every 1

Each clip is estimated without and with the second look, in turns; times are the processor's, of all threads together,
so that what else the machine does is not in them. How good the hands are that it finds is told in three ways: how far
their wrists are from the body's; how far they are from the middle between the frames before and after, where both had
the hand; and, for hands that Holistic found, how far from them the second look puts them when it is not told of them.
Lengths are in sizes of the body (`ishara.pose.estimate.body.body_size`: mostly the shoulders' width).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer
from numpy.typing import NDArray
from rich.table import Table

from ishara.clips.roots import find_root
from ishara.console import console, track
from ishara.errors import IsharaError
from ishara.pose import Pose, get_skeleton
from ishara.pose.estimate import EstimatorOptions, make_estimator
from ishara.pose.estimate.body import body_size, jumps, point
from ishara.pose.estimate.second_look import SecondLook, in_view
from ishara.pose.skeleton import HANDS, MEDIAPIPE_BODY, hand_landmarks
from ishara.training.results import provenance, write_json
from ishara.video import read_video

Array = NDArray[np.float32]
_SKELETON = get_skeleton("holistic")
_BODY = [_SKELETON.index(name) for name in MEDIAPIPE_BODY]
_HANDS = {hand: [_SKELETON.index(name) for name in hand_landmarks(hand)] for hand in HANDS}


# Frames whose hands Holistic has, between two at which the second look is tried on them as well.
_BLIND_EVERY = 5


def hands_of(without: Pose, refined: Pose, pictures: NDArray[np.uint8], look: SecondLook) -> Iterator[dict[str, Any]]:
    """One row per frame with a body and per hand."""
    for t in np.flatnonzero(without.seen[:, _BODY[0]]):
        body, confidence = without.coordinates[t, _BODY], without.confidence[t, _BODY]
        size = float(body_size(body))
        known = {hand: without.coordinates[t, at] for hand, at in _HANDS.items() if without.seen[t, at[0]]}
        for hand, at in _HANDS.items():
            by = "holistic" if hand in known else "second look" if refined.seen[t, at[0]] else "nobody"
            row: dict[str, Any] = {"hand": hand, "by": by, "in_view": in_view(pictures[t], body, confidence, hand)}
            if by != "nobody":
                points = refined.coordinates[t, at]
                row["from_wrist"] = apart(points[:1], point(body, hand.replace("hand", "wrist"))[None]) / size
                if 0 < t < len(without) - 1 and without.seen[[t - 1, t + 1], at[0]].all():
                    row["from_neighbours"] = (
                        apart(points, without.coordinates[[t - 1, t + 1]][:, at].mean(axis=0)) / size
                    )
            if by == "holistic" and row["in_view"] and t % _BLIND_EVERY == 0:
                others = {other: points for other, points in known.items() if other != hand}
                found = look.find(pictures[t], body, confidence, others).get(hand)
                row["blind"] = found is not None
                row["from_holistic"] = None if found is None else apart(found, known[hand]) / size
            yield row


def apart(one: Array, other: Array) -> float:
    """The mean distance of points (N, 3) from others, of x and y alone."""
    return float(np.linalg.norm((one - other)[:, :2], axis=1).mean())


def summary(rows: pl.DataFrame) -> dict[str, Any]:
    """Shares of hands, and medians and upper tenths of lengths."""
    visible = rows.filter("in_view")
    figures: dict[str, Any] = {"hands": len(rows), "hands_in_view": len(visible)}
    for name, part in (("of_all", rows), ("of_those_in_view", visible)):
        figures[f"found_{name}"] = {by: share(part["by"] == by) for by in ("holistic", "second look")}
    figures["found_again_of_holistics"] = share(rows["blind"].drop_nulls())
    for length in ("from_wrist", "from_neighbours", "from_holistic"):
        figures[length] = {
            by: {"hands": len(values), "median": values.median(), "nine_tenths": values.quantile(0.9)}
            for by in ("holistic", "second look")
            if len(values := rows.filter(pl.col("by") == by)[length].drop_nulls())
        }
    return figures


def share(true: pl.Series) -> float:
    """The share that is true."""
    return float(true.mean())  # type: ignore[arg-type]


def show(figures: dict[str, Any]) -> None:
    """Print what decides."""
    table = Table("", "Holistic", "second look", title=f"{figures['clips']} clips, {figures['frames']} frames")
    for name in ("found_of_all", "found_of_those_in_view"):
        table.add_row(name, *(f"{value:.1%}" for value in figures[name].values()))
    for name in ("from_wrist", "from_neighbours", "from_holistic"):
        cells = (figures[name].get(by) for by in ("holistic", "second look"))
        table.add_row(name, *(f"{cell['median']:.3f} ({cell['nine_tenths']:.3f})" if cell else "" for cell in cells))
    console.print(table)
    seconds = figures["seconds_per_frame"]
    console.print(
        f"Processor seconds per frame: {seconds['without']:.4f} without, {seconds['with']:.4f} with.", highlight=False
    )


def main(
    every: Annotated[int, typer.Option(min=1, help="Measure every so many clips.")] = 1,
    data: Annotated[Path, typer.Option(help="Looked for here and in $ISHARA_DATA.")] = Path("wlasl"),
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
) -> None:
    """Measure, and write the figures."""
    root = find_root(data)
    clips = pl.read_csv(root / "videos.csv", schema_overrides={"video_id": pl.String})["video_id"].to_list()[::every]
    estimators = {name: make_estimator(EstimatorOptions(refine=name == "with")) for name in ("without", "with")}
    seconds = dict.fromkeys(estimators, 0.0)
    rows: list[dict[str, Any]] = []
    frames, jumping, look = 0, 0, SecondLook()
    for number, clip in track("Clips", list(enumerate(clips))):
        video = read_video(root / "videos" / f"{clip}.mp4")
        poses = {}
        for name in list(estimators)[:: 1 if number % 2 else -1]:
            started = time.process_time()
            poses[name] = estimators[name].estimate(video.rgb, video.info.fps)
            seconds[name] += time.process_time() - started
        rows += hands_of(poses["without"], poses["with"], video.rgb, look)
        frames += len(video.rgb)
        jumping += bool(jumps(poses["without"]))
    figures = {
        "clips": len(clips),
        "clips_with_jumps": jumping,
        "frames": frames,
        "seconds_per_frame": {name: value / frames for name, value in seconds.items()},
        **summary(pl.DataFrame(rows, infer_schema_length=None)),
    }
    show(figures)
    measured = {**figures, "mediapipe": version("mediapipe"), **provenance()}
    written = write_json(results / "measure-refinement.json", measured)
    console.print(f"Figures: {written}", highlight=False)


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
