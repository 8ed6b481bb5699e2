"""What a recogniser keeps of the clips that it learnt from: its gallery, and when it calls a sign unknown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ishara.evaluation.open_set import find_threshold, join, pairs
from ishara.recognizer import ModelInput, Recognizer, softmax
from ishara.recognizer.gallery import GALLERY, Gallery
from ishara.recognizer.open_set import OPEN_SET, OpenSet
from ishara.training.data import ClipDataset, ClipKey, TrainingClips
from ishara.training.pixel_data import PixelDataset
from ishara.training.sides import Sides

# Of a gloss with more clips only so many are kept, evenly drawn from them: a sign is no better told by more.
MOST_OF_A_GLOSS = 64
# Validation clips that are in memory at once to make unknown signs of: so many, or less of pictures, which are large.
_MOST_HALVED = 400


def remember(
    recognizer: Recognizer, sides: Sides, seed: int, folder: Path, known: OpenSet | None = None
) -> tuple[str, ...]:
    """Write ``gallery.npz`` and ``open_set.json`` of a recogniser that was just trained.

    Parameters
    ----------
    recognizer
        With its temperature.
    sides
        What it was trained and validated on, as its model is given it.
    seed
        Of the run.
    folder
        Gets the files.
    known
        The threshold where it was found before; else it is found on the validation side.

    Returns
    -------
    The names of the files.
    """
    assert sides.plain is not None
    parts = [_part(recognizer, sides.plain, sides.training_ids, validated=False)]
    if sides.validation is not None:
        parts.append(_part(recognizer, sides.validation, sides.validation_ids, validated=True))
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    gallery = Gallery(**columns)
    gallery.write(folder / GALLERY)
    if known is None:
        scores = gallery.probability[gallery.validated]
        known = find_threshold(scores, _unknown(recognizer, sides.validation, seed))
    (folder / OPEN_SET).write_text(known.model_dump_json(indent=1), encoding="utf-8")
    return GALLERY, OPEN_SET


def read_side(
    side: TrainingClips, chosen: Sequence[int], together: int, *, once: bool = False
) -> Iterator[tuple[list[ModelInput], NDArray[np.int64]]]:
    """Some clips of a side with their classes, no more at once than may be held in memory.

    As the recogniser looks at clips, or with ``once`` the first of its looks alone. The classes are not the side's own
    labels: another clip may stand in for one that can no longer be read.
    """
    for start in range(0, len(chosen), together):
        keys = chosen[start : start + together]
        read = [side[[ClipKey(key, 0)]] for key in keys]
        yield (
            [
                ModelInput(
                    batch.x[0].numpy(), np.zeros(batch.x.shape[1], np.float32), () if once else _views(side, key)
                )
                for key, batch in zip(keys, read, strict=True)
            ],
            np.array([int(batch.label) for batch in read]),
        )


def _views(side: TrainingClips, key: int) -> tuple[NDArray, ...]:
    """How the recogniser will see a clip after the first look."""
    return side.views(key) if isinstance(side, ClipDataset | PixelDataset) else ()


def _part(recognizer: Recognizer, side: TrainingClips, ids: Sequence[str], *, validated: bool) -> dict[str, NDArray]:
    """The gallery's columns of one side, as far as its glosses' clips are kept.

    Where a recogniser looks several times, clips that it learnt from are looked at once: they are many, and what is
    said of its confidence comes from the validation clips alone.
    """
    chosen = _spread(side.labels)
    embedding, gloss, predicted, probability = [], [], [], []
    for clips, labels in read_side(side, chosen, recognizer.together, once=not validated):
        outputs = recognizer.run(clips)
        probabilities = softmax(outputs.logits, recognizer.temperature)
        embedding.append(outputs.embedding)
        gloss.append(labels)
        predicted.append(probabilities.argmax(axis=1))
        probability.append(probabilities.max(axis=1).astype(np.float32))
    return {
        "embedding": np.concatenate(embedding),
        "clip": np.array([ids[i] for i in chosen]),
        "gloss": np.concatenate(gloss),
        "validated": np.full(len(chosen), validated),
        "predicted": np.concatenate(predicted),
        "probability": np.concatenate(probability),
    }


def _spread(labels: Sequence[int]) -> list[int]:
    """The places of at most so many clips of each label, evenly drawn in their order."""
    places: dict[int, list[int]] = {}
    for place, label in enumerate(labels):
        places.setdefault(label, []).append(place)
    return sorted(
        own[i]
        for own in places.values()
        for i in np.linspace(0, len(own) - 1, min(len(own), MOST_OF_A_GLOSS)).round().astype(int)
    )


def _unknown(recognizer: Recognizer, side: TrainingClips | None, seed: int) -> NDArray[np.float64]:
    """Scores of clips that stand for unknown signs."""
    if side is None:
        return np.zeros(0)
    most = min(_MOST_HALVED, 4 * recognizer.together, len(side))
    chosen = np.random.default_rng(seed).permutation(len(side))[:most].tolist()
    clips: list[ModelInput] = []
    glosses: list[int] = []
    for read, labels in read_side(side, chosen, recognizer.together):
        clips += read
        glosses += labels.tolist()
    scores = [np.zeros(0)]
    drawn = pairs(glosses, seed)
    for start in range(0, len(drawn), recognizer.together):
        halves = [join(clips[a], clips[b]) for a, b in drawn[start : start + recognizer.together]]
        scores.append(softmax(recognizer.run(halves).logits, recognizer.temperature).max(axis=1))
    return np.concatenate(scores)
