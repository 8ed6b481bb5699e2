"""Generating the synthetic corpus as ``.pose`` files with an index, and reading it back as a manifest."""

from __future__ import annotations

from pathlib import Path

from ishara.clips.corpora.synthetic.observe import IMAGE, observe
from ishara.clips.corpora.synthetic.perform import perform
from ishara.clips.corpora.synthetic.plan import LANGUAGE, Plan, as_manifest, at_least, listed
from ishara.clips.corpora.synthetic.sign import Sign
from ishara.clips.corpora.synthetic.signer import Signer, draw_signer, generator
from ishara.clips.corpora.synthetic.timing import FPS
from ishara.clips.corpora.synthetic.vocabulary import SIGNS
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError, choices
from ishara.pose.files import write_pose
from ishara.pose.pose import Pose

INDEX = "index.csv"
_README = """Ishara's synthetic corpus

Nobody signed this, and its glosses belong to no sign language: they are invented, and named SYN-01, SYN-02, ….
A program (`ishara.clips.corpora.synthetic`) moved a parametric body: each sign is a handshape, a place, a movement
and one or two hands; each signer has proportions, a signing space, a tempo, a dominant hand, habits and a camera;
each take differs a little; and an imperfect estimator adds noise and misses hands. The clips serve demos and
tests. Accuracy on them says nothing about recognising a sign language.

{glosses} signs x {signers} signers x {takes} takes, seed {seed}; {fps:g} frames a second; landmarks as MediaPipe
Holistic gives them (33 body, 21 + 21 hands; x, y, z in pixels of a {width} x {height} image, with confidence; a hand
that was missed has confidence 0). {index} lists the clips; the official split is by signer.

Signs:
{signs}
"""


def synthetic_clip(gloss: str, signer: int = 1, take: int = 1, seed: int = 0) -> Pose:
    """One synthetic clip, in memory.

    Parameters
    ----------
    gloss
        ``SYN-01`` to ``SYN-40``.
    signer, take
        From 1.
    seed
        Another seed gives other signers of the same signs.

    Returns
    -------
    Pose
        (T, 75, 3) on the skeleton ``holistic``, in pixels of a 512 × 512 image; 25 to 60 frames at 25 a second.

    Raises
    ------
    IsharaError
        If there is no such gloss, or a number is too small.
    """
    signs = {sign.gloss: sign for sign in SIGNS}
    if gloss not in signs:
        raise IsharaError(f"There is no synthetic sign {gloss!r}. {choices(gloss, signs)}")
    at_least("signer", signer, 1)
    at_least("take", take, 1)
    at_least("seed", seed, 0)
    return _clip(signs[gloss], draw_signer(signer, seed), take, seed)


def generate(folder: str | Path, *, glosses: int = 12, signers: int = 10, takes: int = 5, seed: int = 0) -> Manifest:
    """Write a synthetic corpus: ``.pose`` files in a folder per signer, ``index.csv`` and ``README.txt``.

    The official split is by signer: the last fifth of them is the test split, the fifth before it is validation.

    Parameters
    ----------
    folder
        Made where it is not there; files of an earlier corpus are written over.
    glosses
        2 to 40: the first so many signs.
    signers
        From 3.
    takes
        How often each signer makes each sign, from 1.
    seed
        Which signers; the same seed gives the same files.

    Raises
    ------
    IsharaError
        If a number is outside its range or the folder cannot be written.
    """
    plan = Plan(glosses, signers, takes, seed)
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "README.txt").write_text(_readme(plan), encoding="utf-8")
    except OSError as error:
        raise IsharaError(f"{folder}: the corpus cannot be written here ({error.strerror}).") from None
    planned = list(plan.clips(folder, ".pose"))
    for each in planned:
        write_pose(_clip(each.sign, each.signer, each.take, seed), each.clip.path)
    as_manifest(planned).write(folder / INDEX)
    return read(folder)


def read(root: str | Path) -> Manifest:
    """The manifest of a folder that `generate` wrote.

    Raises
    ------
    IsharaError
        If the folder has no index of a synthetic corpus.
    """
    index = Path(root) / INDEX
    if not index.is_file():
        raise IsharaError(
            f"{root}: there is no {INDEX}; expected a folder that `ishara.clips.corpora.synthetic.generate` wrote."
        )
    manifest = Manifest.read(index)
    languages = sorted({str(language) for language in manifest.table["language"]})
    if languages != [LANGUAGE]:
        raise IsharaError(
            f"{index}: has the language {', '.join(languages)}; expected {LANGUAGE!r}. This is another corpus's index."
        )
    return manifest


def _clip(sign: Sign, signer: Signer, take: int, seed: int) -> Pose:
    noise = generator(seed, "estimator", signer.number, sign.gloss, take)
    return observe(perform(sign, signer, take, seed), signer, noise, FPS)


def _readme(plan: Plan) -> str:
    width, height = IMAGE
    return _README.format(
        glosses=plan.glosses, signers=plan.signers, takes=plan.takes, seed=plan.seed, fps=FPS, width=width,
        height=height, index=INDEX, signs=listed(plan.signs),
    )  # fmt: skip
