"""Which clips a synthetic corpus has: signs × signers × takes, split by signer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ishara.clips.clip import Clip
from ishara.clips.corpora.synthetic.sign import Sign
from ishara.clips.corpora.synthetic.signer import Signer, draw_signer
from ishara.clips.corpora.synthetic.vocabulary import SIGNS
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError

LANGUAGE = "synthetic"
_FEWEST_SIGNERS = 3


@dataclass(frozen=True, eq=False)
class Planned:
    """A clip that is to be made.

    Parameters
    ----------
    clip
        Its row of the manifest.
    sign, signer, take
        What is to be seen.
    """

    clip: Clip
    sign: Sign
    signer: Signer
    take: int


@dataclass(frozen=True)
class Plan:
    """The sizes of a corpus.

    The official split is by signer: the last fifth of them is the test split, the fifth before it is validation.

    Parameters
    ----------
    glosses
        2 to 40: the first so many signs.
    signers
        From 3.
    takes
        How often each signer makes each sign, from 1.
    seed
        Which signers, from 0.

    Raises
    ------
    IsharaError
        If a number is outside its range.
    """

    glosses: int
    signers: int
    takes: int
    seed: int

    def __post_init__(self) -> None:
        at_least("glosses", self.glosses, 2)
        at_least("signers", self.signers, _FEWEST_SIGNERS)
        at_least("takes", self.takes, 1)
        at_least("seed", self.seed, 0)
        if self.glosses > len(SIGNS):
            raise IsharaError(
                f"glosses is {self.glosses}; the synthetic corpus has {len(SIGNS)} signs, so ask for at most that."
            )

    @property
    def signs(self) -> tuple[Sign, ...]:
        """The signs."""
        return SIGNS[: self.glosses]

    def clips(self, folder: Path, suffix: str) -> Iterator[Planned]:
        """All clips, as files with a suffix in a folder per signer."""
        held_out = max(1, round(self.signers / 5))
        for signer in [draw_signer(number, self.seed) for number in range(1, self.signers + 1)]:
            left = self.signers - signer.number
            split = "test" if left < held_out else "validation" if left < 2 * held_out else "train"
            for sign in self.signs:
                for take in range(1, self.takes + 1):
                    name = f"{sign.gloss}-{take:02d}"
                    path = str((folder / signer.name / f"{name}{suffix}").resolve())
                    clip = Clip(f"{signer.name}-{name}", path, sign.gloss, signer.name, split, language=LANGUAGE)
                    yield Planned(clip, sign, signer, take)


def as_manifest(planned: Iterable[Planned]) -> Manifest:
    """The manifest of planned clips, which also says each one's take and its signer's handedness."""
    planned = list(planned)
    extra: dict[str, list[object]] = {
        "take": [each.take for each in planned],
        "handedness": ["left" if each.signer.left_handed else "right" for each in planned],
    }
    return Manifest.from_clips((each.clip for each in planned), **extra)


def listed(signs: Iterable[Sign]) -> str:
    """The signs and what they are made of, a line each."""
    return "\n".join(f"  {sign.gloss}  {sign.description}" for sign in signs)


def at_least(name: str, value: int, least: int) -> None:
    """Refuse a number that is too small.

    Raises
    ------
    IsharaError
        If it is.
    """
    if value < least:
        raise IsharaError(f"{name} is {value}; expected at least {least}.")
