"""`explain`: one clip and its recogniser in, an `Explanation` out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ishara.errors import IsharaError
from ishara.explain.curves import CHANCES, Curve
from ishara.explain.explanation import Explanation
from ishara.explain.foreign import lacks
from ishara.explain.landmarks import LandmarkClip, cell_curves, part_effects, what_is_missing
from ishara.explain.measured import measured_of
from ishara.explain.moments import WithoutFrames, moment_curves, moment_effects, segments
from ishara.explain.neighbours import nearest
from ishara.explain.pixels import CHANCES as FEW_CHANCES
from ishara.explain.pixels import PictureClip, space_time
from ishara.explain.scoring import Progress, Scorer
from ishara.pose.pose import Pose
from ishara.recognizer import ModelInput, Recognizer


def explain(
    recognizer: Recognizer, clip: Pose | ModelInput, name: str, *, progress: Progress | None = None
) -> Explanation:
    """Why a recogniser says what it says of a clip.

    ::

        recognizer = ishara.load(MODEL)
        explanation = explain(recognizer, recognizer.landmarks("clip.mp4"), "clip.mp4")

    Parameters
    ----------
    recognizer
        Any; what was taught counts as when it predicts.
    clip
        Its landmarks; for a recogniser that looks at pictures, what `Recognizer.prepare` gives.
    name
        What the clip is called.
    progress
        Is told how many changed forms of the clip were asked about, each time some were.

    Returns
    -------
    What was found. What cannot be explained of this clip and recogniser stands in its `unexplained`; of a clip that the
    recogniser cannot take, such as one without a hand where it goes by hands, that is all there is.
    """
    if isinstance(clip, Pose):
        try:
            found = LandmarkClip.of(clip, recognizer.recipe)
        except IsharaError as error:
            said = f"The recogniser says nothing of this clip, so there is nothing to explain. {error}"
            return Explanation(name, recognizer.recipe.name, None, unexplained=(said,), shown=clip)
        return _of_landmarks(recognizer, found, name, progress)
    if recognizer.config.input != "pixels":
        raise IsharaError(f"{name}: features alone cannot be explained; expected the landmarks (Recognizer.landmarks).")
    return _of_pictures(recognizer, clip, name, progress)


def _of_landmarks(recognizer: Recognizer, clip: LandmarkClip, name: str, progress: Progress | None) -> Explanation:
    begun, scorer = _begin(recognizer, clip.as_input(clip.pose), name, progress)
    found = _with_moments(begun, clip.without_frames, scorer, CHANCES)
    cells = cell_curves(clip, scorer, begun.log_odds)
    return replace(
        found,
        effects=part_effects(clip, scorer, begun.log_odds),
        curves={**found.curves, **({"cells": cells} if cells else {})},
        unexplained=(*found.unexplained, *what_is_missing(clip)),
        shown=clip.shown,
    )


def _of_pictures(recognizer: Recognizer, clip: ModelInput, name: str, progress: Progress | None) -> Explanation:
    begun, scorer = _begin(recognizer, clip, name, progress)
    pictures = PictureClip(clip)
    found = _with_moments(begun, pictures.without_frames, scorer, FEW_CHANCES)
    space, cells = space_time(pictures, scorer, begun.log_odds)
    why = "This recogniser looks at pictures and knows of no hands or fingers; the map shows where in the picture."
    return replace(
        found,
        space=space,
        curves={**found.curves, "cells": cells},
        unexplained=(*found.unexplained, why),
        shown=clip.x,
    )


def _begin(
    recognizer: Recognizer, clip: ModelInput, name: str, progress: Progress | None
) -> tuple[Explanation, Scorer]:
    """What is known before anything is taken away."""
    [prediction] = recognizer.classify([clip])
    scorer = Scorer(recognizer, prediction.gloss, progress)
    taught = prediction.gloss not in recognizer.labels
    said = [_of_taught(recognizer, prediction.gloss)] if taught else []
    missing = lacks(recognizer)
    attention = None if "attention" in missing else prediction.attention
    if attention is None:
        said.append("This model does not tell what it pooled from each frame: its file has no output called attention.")
    try:
        if "embedding" in missing:
            raise IsharaError("Its file has no output called embedding, by which clips are compared.")
        neighbours = nearest(recognizer, recognizer.run([clip]).embedding[0])
    except IsharaError as error:
        neighbours = ()
        said.append(f"The nearest training clips cannot be shown. {error}")
    begun = Explanation(
        name,
        recognizer.recipe.name,
        prediction,
        log_odds=float(scorer.log_odds([clip])[0]),
        taught=taught,
        attention=attention,
        neighbours=neighbours,
        measured=measured_of(recognizer.recipe),
        unexplained=tuple(said),
    )
    return begun, scorer


def _with_moments(begun: Explanation, without: WithoutFrames, scorer: Scorer, chances: int) -> Explanation:
    assert begun.prediction is not None
    frames = len(begun.prediction.times)
    effects = moment_effects(frames, without, scorer, begun.log_odds)
    if effects is None:
        why = "The clip has one frame that the model sees, so which moment matters cannot be told."
        return replace(begun, unexplained=(*begun.unexplained, why))
    found: Mapping[str, Curve] = moment_curves(effects, frames, begun.attention, without, scorer, chances=chances)
    return replace(begun, moments=effects[segments(frames)].astype(np.float64), curves={"moments": found})


def _of_taught(recognizer: Recognizer, gloss: str) -> str:
    clips = int((recognizer.taught.gloss == gloss).sum())
    learnt = "1 clip" if clips == 1 else f"{clips} clips"
    which = "that one" if clips == 1 else "those"
    return (
        f"{gloss} was taught from {learnt}, not trained. Its probability comes from how near this clip is to {which}, "
        "beside all other signs; so the changes shown here are changes of that nearness, and of the other signs' "
        "probabilities."
    )
