"""Generating the rendered synthetic corpus as mp4 files with an index, and reading it back as a manifest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from ishara.clips.corpora.synthetic.corpus import INDEX, read
from ishara.clips.corpora.synthetic.film import film, write_film
from ishara.clips.corpora.synthetic.plan import Plan, Planned, as_manifest, listed
from ishara.clips.corpora.synthetic.scene import LARGER_HANDS, PICTURE, draw_box, draw_scene
from ishara.clips.corpora.synthetic.signer import generator
from ishara.clips.corpora.synthetic.timing import FPS
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError

SETTINGS = "synthetic-video.json"
# To be raised when what is drawn changes: clips of another version are drawn again.
VERSION = 1
_SUFFIX = ".mp4"
_README = """Ishara's rendered synthetic corpus

Nobody signed this, and nobody is seen in it: the figures are drawn by a program (`ishara.clips.corpora.synthetic`),
and the glosses belong to no sign language: they are invented, and named SYN-01, SYN-02, …. Each sign is a
handshape, a place, a movement and one or two hands; each signer has proportions, looks, a signing space, a tempo, a
dominant hand and habits; each take of a signer is a session of its own, with other clothes, light, room and framing.
Hands are drawn {larger:.0%} of life size. The clips serve demos and tests of models that learn from pixels. Accuracy
on them says nothing about recognising a sign language.

{glosses} signs x {signers} signers x {takes} takes, seed {seed}; mp4 (H.264), {width} x {height} pixels, {fps:g}
frames a second. {index} lists the clips, each with a box about the signer; the official split is by signer.

Signs:
{signs}
"""

Track = Callable[[Sequence[Planned]], Iterable[Planned]]


def generate_videos(
    folder: str | Path,
    *,
    glosses: int = 20,
    signers: int = 32,
    takes: int = 2,
    seed: int = 0,
    track: Track = iter,
) -> Manifest:
    """Write a rendered synthetic corpus: mp4 files in a folder per signer, ``index.csv`` and ``README.txt``.

    The index is written last. A corpus that is finished is left as it is; one that was interrupted is gone on with;
    clips of another seed or version are drawn anew.

    Parameters
    ----------
    folder
        Made where it is not there; else empty, or of an earlier rendered corpus.
    glosses, signers, takes, seed
        As in `Plan`. A signer and a take look the same in a larger and a smaller corpus.
    track
        Goes through the clips that are to be drawn, and may show how many are done.

    Returns
    -------
    Manifest
        With a `box` about the signer, ``take`` and ``handedness``.

    Raises
    ------
    IsharaError
        If a number is outside its range, the folder holds something else, or it cannot be written.
    """
    plan = Plan(glosses, signers, takes, seed)
    folder = Path(folder)
    planned = [_boxed(each, seed) for each in plan.clips(folder, _SUFFIX)]
    wanted = as_manifest(planned)
    if _finished(folder, wanted, seed):
        return read_videos(folder)
    try:
        _claim(folder, plan)
        for each in track([each for each in planned if not Path(each.clip.path).is_file()]):
            write_film(film(each.sign, each.signer, each.take, seed), each.clip.path)
        wanted.write(folder / INDEX)
    except OSError as error:
        raise IsharaError(f"{folder}: the corpus cannot be written here ({error.strerror}).") from None
    return read_videos(folder)


def read_videos(root: str | Path) -> Manifest:
    """The manifest of a folder that `generate_videos` wrote.

    Raises
    ------
    IsharaError
        If the folder has no index of a rendered synthetic corpus.
    """
    root = Path(root)
    if not (root / SETTINGS).is_file():
        raise IsharaError(
            f"{root}: there is no {SETTINGS}; expected a folder that "
            "`ishara.clips.corpora.synthetic.generate_videos` wrote."
        )
    if not (root / INDEX).is_file():
        raise IsharaError(
            f"{root}: there is no {INDEX}: the corpus is not finished. Generate it again to go on with it."
        )
    return read(root)


def _boxed(planned: Planned, seed: int) -> Planned:
    """The clip with the box about its signer."""
    r = generator(seed, "box", planned.signer.number, planned.sign.gloss, planned.take)
    box = draw_box(draw_scene(planned.signer, planned.take, seed), r)
    return replace(planned, clip=replace(planned.clip, box=" ".join(map(str, box))))


def _settings(seed: int) -> dict[str, int]:
    """All that decides what a clip of a given name looks like."""
    return {"version": VERSION, "seed": seed}


def _found(folder: Path) -> object:
    """The settings of the corpus that is there; none if there is no corpus."""
    try:
        return json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _finished(folder: Path, wanted: Manifest, seed: int) -> bool:
    if _found(folder) != _settings(seed) or not (folder / INDEX).is_file():
        return False
    return read_videos(folder).table.equals(wanted.table) and not wanted.missing_files()


def _claim(folder: Path, plan: Plan) -> None:
    """Make the folder one of this plan's, unfinished: clips that are of another seed or version go."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / SETTINGS
    if not settings.exists() and any(folder.iterdir()):
        raise IsharaError(f"{folder}: holds something else than a rendered synthetic corpus; choose an empty folder.")
    (folder / INDEX).unlink(missing_ok=True)
    if _found(folder) != _settings(plan.seed):
        for clip in folder.glob(f"signer-*/SYN-*{_SUFFIX}"):
            clip.unlink()
        settings.write_text(json.dumps(_settings(plan.seed)) + "\n", encoding="utf-8")
    (folder / "README.txt").write_text(_readme(plan), encoding="utf-8")


def _readme(plan: Plan) -> str:
    width, height = PICTURE
    return _README.format(
        larger=LARGER_HANDS, glosses=plan.glosses, signers=plan.signers, takes=plan.takes, seed=plan.seed, fps=FPS,
        width=width, height=height, index=INDEX, signs=listed(plan.signs),
    )  # fmt: skip
