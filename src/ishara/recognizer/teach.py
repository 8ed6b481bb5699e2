"""Teaching a recogniser new signs from a few clips, without training; forgetting and listing them.

What is kept of a clip is its embedding, some hundred numbers that the model makes of it, with its name, its gloss and a
note of consent; not the clip itself.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from ishara.errors import IsharaError, choices
from ishara.pose.pose import Pose
from ishara.pose.prepare import model_skeleton
from ishara.pose.repair import hands_seen
from ishara.pose.skeleton import HANDS
from ishara.recognizer.folder import CONFIG, read_config
from ishara.recognizer.gallery import GALLERY
from ishara.recognizer.inputs import ModelInput, Source
from ishara.recognizer.names import is_built_in, own_folder
from ishara.recognizer.recognizer import Recognizer
from ishara.recognizer.taught import TAUGHT, TaughtClips, is_gloss, locked, write_taught

_LONGEST_NOTE = 1000
# Two embeddings are of the same clip where their cosine is at least this.
_SAME = 0.99999


@dataclass(frozen=True)
class Taught:
    """A gloss that a recogniser was taught.

    Parameters
    ----------
    gloss
        Its name.
    clips
        The names of the clips that are kept of it.
    consent
        The notes of consent, each once.
    since
        When it was first taught, in UTC (ISO 8601).
    again
        The clips of those given just now that were there already and are not kept twice.
    taken_for
        The other gloss that the recogniser took most of these clips for before, where it was taught just now.
    """

    gloss: str
    clips: tuple[str, ...]
    consent: tuple[str, ...]
    since: str
    again: tuple[str, ...] = ()
    taken_for: str | None = None


def teach(recognizer: Recognizer, gloss: str, clips: Sequence[Source | Pose], *, consent: str | None = None) -> Taught:
    """Teach a sign from clips; `recognizer` knows it from now on, and so does whoever loads its folder.

    All clips are kept, or none. A recogniser that comes with Ishara is copied to the person's own folder first, which
    `recognizer.folder` and its name mean from then on.

    Parameters
    ----------
    recognizer
        With a gallery, as training has written it since signs can be taught.
    gloss
        A new one, or one that was taught before, which gains these clips.
    clips
        One will do, three to five are better, from more than one signer where possible.
    consent
        Who agreed to what; kept beside the clips.

    Raises
    ------
    IsharaError
        If the gloss was trained or is none, a clip cannot be read or shows no hand, the recogniser has no gallery, or
        its folder cannot be written to.
    """
    gloss, note = _checked_gloss(recognizer, gloss), _checked_note(consent)
    if not clips:
        raise IsharaError(f"There are no clips to teach {gloss} from; expected at least one.")
    recognizer.check_gallery()
    prepared = [_prepared(recognizer, clip) for clip in clips]
    taken_for = Counter(prediction.gloss for prediction in recognizer.classify(prepared)).most_common(1)[0][0]
    when = datetime.now(UTC).isoformat(timespec="seconds")
    count = len(clips)
    given = TaughtClips(
        recognizer.run(prepared).embedding,
        np.array([gloss] * count),
        np.array([_name(clip) for clip in clips]),
        np.array([note] * count),
        np.array([when] * count),
    )
    new = np.zeros(count, bool)

    def add(known: TaughtClips) -> TaughtClips:
        new[:] = _new(given.embedding, known.of(gloss))
        return known + given.where(new)

    _change(recognizer, add)
    found = next(row for row in taught(recognizer) if row.gloss == gloss)
    again = tuple(given.clip[~new].tolist())
    return replace(found, again=again, taken_for=None if taken_for == gloss else taken_for)


def forget(recognizer: Recognizer, gloss: str) -> int:
    """Forget a taught sign; of how many clips it was.

    Raises
    ------
    IsharaError
        If it was not taught, or the folder cannot be written to.
    """
    gloss = unicodedata.normalize("NFC", gloss.strip())
    found = 0

    def remove(known: TaughtClips) -> TaughtClips:
        nonlocal found
        found = int((known.gloss == gloss).sum())
        if not found:
            was = f"{gloss} was trained, and cannot be forgotten" if gloss in recognizer.labels else "it was not taught"
            raise IsharaError(f"{gloss}: {was}. {choices(gloss, known.glosses) if len(known) else 'Nothing was.'}")
        return known.where(known.gloss != gloss)

    _change(recognizer, remove)
    return found


def taught(recognizer: Recognizer) -> list[Taught]:
    """What the recogniser was taught, in the order of teaching."""
    known = recognizer.taught
    return [
        Taught(
            gloss,
            tuple(known.clip[known.gloss == gloss].tolist()),
            tuple(dict.fromkeys(note for note in known.consent[known.gloss == gloss].tolist() if note)),
            str(known.when[known.gloss == gloss][0]),
        )
        for gloss in known.glosses
    ]


def _change(recognizer: Recognizer, change: Callable[[TaughtClips], TaughtClips]) -> None:
    """Change what is taught, from what the file says now, and let the recogniser know."""
    folder = recognizer.folder
    try:
        folder = recognizer.folder = _own(recognizer)
        with locked(folder):
            known = recognizer.reload_taught()
            write_taught(folder / TAUGHT, change(known), gallery=recognizer.config.files[GALLERY])
            recognizer.reload_taught()
    except OSError as error:
        raise IsharaError(
            f"{folder}: cannot be written to ({error.strerror}), so nothing was changed. Copy the folder to a place of "
            "your own and use the copy."
        ) from None


def _own(recognizer: Recognizer) -> Path:
    """The recogniser's folder, or a person's own copy of it where it is part of the installed Ishara."""
    if not is_built_in(recognizer.folder):
        return recognizer.folder
    own = own_folder(recognizer.folder.name)
    own.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(own.with_name(f".{own.name}.lock")):
        if not (own / CONFIG).is_file():
            return recognizer.save(own)
    if read_config(own / CONFIG).files != recognizer.config.files:
        raise IsharaError(
            f"{own}: is your copy of another version of {own.name}. Teach that one by its path, or move it away."
        )
    return own


def _checked_gloss(recognizer: Recognizer, gloss: str) -> str:
    gloss = unicodedata.normalize("NFC", gloss.strip())
    if not is_gloss(gloss):
        raise IsharaError(f"{gloss[:50]!r} is not a gloss; expected 1 to 100 printable characters.")
    same = [label for label in recognizer.labels if label.casefold() == gloss.casefold()]
    if same:
        raise IsharaError(f"{same[0]}: the recogniser was trained on this gloss already; a taught sign is a new one.")
    return gloss


def _checked_note(consent: str | None) -> str:
    note = " ".join((consent or "").split())
    if len(note) > _LONGEST_NOTE:
        raise IsharaError(f"The note of consent has {len(note):,} characters; at most {_LONGEST_NOTE:,} are kept.")
    return note


def _prepared(recognizer: Recognizer, clip: Source | Pose) -> ModelInput:
    """What the model is given of a clip; an `IsharaError` where it shows no hand, as far as landmarks tell."""
    if recognizer.config.input == "pixels":
        return recognizer.prepare(clip)
    pose = recognizer.landmarks(clip)
    has_hands = any(hand in model_skeleton(recognizer.recipe.pose).groups for hand in HANDS)
    if has_hands and not hands_seen(pose).any():
        raise IsharaError(
            f"{_name(clip)}: no hand was found in any of its {len(pose)} frames, so there is no sign to learn from. "
            "Nothing was taught; leave this clip out, or take one with the hands in the picture."
        )
    return recognizer.prepare(pose)


def _name(clip: Source | Pose) -> str:
    """What a clip is called where it is listed: its file's name, without the folders, which are nobody's business."""
    if isinstance(clip, Pose):
        return "recording"
    name = str(clip) if isinstance(clip, str | Path) else str(getattr(clip, "name", "recording"))
    return (Path(name).name or "recording")[:200]


def _new(given: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(N,) which of the (N, E) embeddings are neither among those that are known nor one of those before."""
    everything = np.concatenate([known.reshape(-1, given.shape[1]), given]).astype(np.float64)
    unit = everything / np.maximum(np.linalg.norm(everything, axis=1, keepdims=True), 1e-12)
    same = np.tril(unit @ unit.T, k=-1) >= _SAME
    return ~same[len(known) :].any(axis=1)
