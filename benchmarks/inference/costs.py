"""What a clip costs without a model, before a model, and as there are more and longer ones."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inference.race import figure, spread
from ishara.bench.cold import cold_starts, start_programs
from ishara.pose.features import extract_features
from ishara.pose.files import write_pose
from ishara.pose.pose import Pose
from ishara.pose.prepare import prepare
from ishara.pose.skeleton import get_skeleton
from ishara.recipe import Recipe
from ishara.recognizer import Recognizer

_FRAMES = 60
_CLIPS = 1000
_FPS = 25.0
# Of a hand, in any frame.
_MISSING = 0.2
COUNTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
LENGTHS = (25, 50, 75, 100, 150, 200, 250, 300)
_TOGETHER = 16
# Features beside positions, each a row of its own.
FURTHER = ("bones", "angles", "distances", "reaches")
# Below these, what a call costs whatever it is given stands out.
_FEWEST, _SHORTEST = 8, 50
_EXPONENT = 1.05


def clip(frames: int, rng: np.random.Generator) -> Pose:
    """MediaPipe's 75 landmarks at random, with hands that are missed now and then."""
    skeleton = get_skeleton("holistic")
    coordinates = rng.normal(0.5, 0.2, (frames, len(skeleton), 3)).astype(np.float32)
    confidence = np.ones((frames, len(skeleton)), np.float32)
    for hand in ("left_hand", "right_hand"):
        members = [skeleton.index(name) for name in skeleton.groups[hand]]
        confidence[np.ix_(rng.random(frames) < _MISSING, np.array(members))] = 0
    return Pose(coordinates, confidence, _FPS, skeleton)


def features(clips: int, rounds: int) -> dict[str, Any]:
    """From landmarks as they are read to what a model is given, on one core."""
    rng = np.random.default_rng(0)
    poses = [clip(_FRAMES, rng) for _ in range(min(clips, _CLIPS))]
    recipes: dict[str, tuple[str, int, dict[str, bool]]] = {
        "x, y and z of 49 landmarks, and hands from their wrists": ("upper-body-hands", 3, {}),
        **{f"… with {name}": ("upper-body-hands", 3, {name: True}) for name in FURTHER},
        "… with bones, angles and velocities": (
            "upper-body-hands", 3, {"bones": True, "angles": True, "velocities": True},
        ),
        "… with all of these and velocities": (
            "upper-body-hands", 3, {**dict.fromkeys(FURTHER, True), "velocities": True},
        ),
        "the notebook's: x and y of 54 landmarks": ("spoter54", 2, {"hand_local": False}),
    }  # fmt: skip
    rows, figures = {}, []
    for name, (skeleton, dimensions, chosen) in recipes.items():
        recipe = Recipe.from_dict(
            {
                "name": "bench", "data": {"corpus": "landmarks", "root": "nowhere"},
                "pose": {"skeleton": skeleton, "dimensions": dimensions}, "features": chosen,
            }
        )  # fmt: skip
        seconds = []
        for number in range(rounds + 1):
            # Of one core: NumPy uses no second one here.
            started = time.process_time()
            for pose in poses:
                extract_features(prepare(pose, recipe.pose), recipe.features)
            if number:
                seconds.append((time.process_time() - started) * _CLIPS / len(poses))
        rows[name] = spread(seconds)
        figures.append(
            figure(f"Features of {_CLIPS:,} clips of {_FRAMES} frames on one core ({name})", "s", rows[name], at_most=1)
        )
    return {"name": "features", "clips": len(poses), "frames": _FRAMES, "rows": rows, "figures": figures}


def starts(recognizer: Recognizer, home: Path, rounds: int) -> dict[str, Any]:
    """Whole processes from nothing: `import ishara`, and `ishara predict` of a clip of landmarks."""
    example = write_pose(clip(_FRAMES, np.random.default_rng(0)), home / "clip.pose")
    measured = cold_starts(start_programs(recognizer.folder, example), rounds)
    bounds = {"import ishara": 0.15, "ishara predict": 0.8}
    figures = [
        figure(f"`{name}{' clip.pose' if 'predict' in name else ''}`, the whole process", "s", spread(row["seconds"]),
               at_most=bounds[name])
        for name, row in measured.items()
    ]  # fmt: skip
    return {"name": "cold starts", "rows": measured, "figures": figures}


def growth(
    recognizer: Recognizer, rounds: int, *, counts: Sequence[int] = COUNTS, lengths: Sequence[int] = LENGTHS
) -> dict[str, Any]:
    """Seconds from landmarks to glosses, for more clips and for longer ones."""
    rng = np.random.default_rng(0)
    sizes: dict[str, tuple[tuple[int, int], ...]] = {
        f"clips of {_FRAMES} frames": tuple((count, _FRAMES) for count in counts),
        "frames of one clip": tuple((1, frames) for frames in lengths),
        f"frames of {_TOGETHER} clips at once": tuple((_TOGETHER, frames) for frames in lengths),
    }
    given = {
        shape: [clip(shape[1], rng) for _ in range(shape[0])] for shape in {s for row in sizes.values() for s in row}
    }
    seconds = _in_turns(recognizer, given, rounds)
    curves, figures = {}, []
    for what, shapes in sizes.items():
        by_clips = what.startswith("clips")
        own = {str(shape[0] if by_clips else shape[1]): seconds[shape] for shape in shapes}
        least = _FEWEST if by_clips else _SHORTEST
        power = exponent(own, least)
        curves[what] = {"from": least, "power": power, "seconds": own}
        name = f"Cost grows with this power of the number of {what}, from {least} to {list(own)[-1]} (1: linearly)"
        figures.append(figure(name, "", {"median": power, "low": power, "high": power}, at_most=_EXPONENT))
    return {"name": "growth", "curves": curves, "figures": figures}


def exponent(seconds: dict[str, dict[str, float]], least: int) -> float:
    """The power of its size that a cost grows with, by least squares over the sizes from `least` on."""
    points = [(int(size), row["median"]) for size, row in seconds.items() if int(size) >= least]
    x, y = np.log(np.array(points)).T
    return float(np.polyfit(x, y, 1)[0])


def _in_turns(
    recognizer: Recognizer, given: dict[tuple[int, int], list[Pose]], rounds: int
) -> dict[tuple[int, int], dict[str, float]]:
    """Seconds for each size, round by round, so that what slows the machine for a while bends no curve."""
    found: dict[tuple[int, int], list[float]] = {shape: [] for shape in given}
    for number in range(rounds + 1):
        for (count, frames), poses in given.items():
            # What is over in a moment is done more often.
            calls = max(1, _TOGETHER * _FRAMES // (count * frames))
            started = time.perf_counter()
            for _ in range(calls):
                recognizer.predict(poses)
            if number:
                found[count, frames].append((time.perf_counter() - started) / calls)
    return {shape: spread(own) for shape, own in found.items()}
