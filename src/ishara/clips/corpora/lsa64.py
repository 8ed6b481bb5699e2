"""LSA64: 64 signs of Argentine Sign Language by 10 people, 5 times each."""

from __future__ import annotations

import re
from pathlib import Path

from ishara.clips.clip import Clip
from ishara.clips.corpora.base import Corpus, Options
from ishara.clips.corpora.tree import named_clips, refuse_twins
from ishara.clips.manifest import Manifest

_NAME = re.compile(r"(?P<sign>\d{3})_(?P<signer>\d{3})_(?P<repetition>\d{3})")
# https://facundoq.github.io/datasets/lsa64, in the order of its numbers. The English table calls both 2 and 8 "Red";
# 8 is "Rosa" (pink) in Spanish.
_SIGNS = (
    "Opaque", "Red", "Green", "Yellow", "Bright", "Light-blue", "Colors", "Pink", "Women", "Enemy", "Son", "Man",
    "Away", "Drawer", "Born", "Learn", "Call", "Skimmer", "Bitter", "Sweet milk", "Milk", "Water", "Food",
    "Argentina", "Uruguay", "Country", "Last name", "Where", "Mock", "Birthday", "Breakfast", "Photo", "Hungry", "Map",
    "Coin", "Music", "Ship", "None", "Name", "Patience", "Perfume", "Deaf", "Trap", "Rice", "Barbecue", "Candy",
    "Chewing-gum", "Spaghetti", "Yogurt", "Accept", "Thanks", "Shut down", "Appear", "To land", "Catch", "Help",
    "Dance", "Bathe", "Buy", "Copy", "Run", "Realize", "Give", "Find",
)  # fmt: skip
_BOTH_HANDS = frozenset(
    (29, 31, 32, 34, 35, 36, 43, 44, 45, 48, 49, 50, 51, 53, 54, 55, 56, 57, 58, 60, 61, 63)
)  # the column H of the same table
_LAYOUT = (
    "videos or .pose files named SIGN_SIGNER_REPETITION, such as 001_001_001.mp4, at any depth below the folder of one "
    "version (raw or cut)."
)


def _parse(path: Path) -> tuple[int, str, int] | None:
    """Sign (1 to 64), signer and repetition."""
    match = _NAME.fullmatch(path.stem)
    if match is None or not 1 <= int(match["sign"]) <= len(_SIGNS):
        return None
    return int(match["sign"]), match["signer"], int(match["repetition"])


def _read(root: Path, _: Options) -> Manifest:
    """One clip per file; signers are numbered as in the file names."""
    named = named_clips(root, _parse, corpus="LSA64", layout=_LAYOUT)
    refuse_twins(root, (path.stem for path, _ in named))
    clips = [
        Clip(id=path.stem, path=str(path), gloss=_SIGNS[sign - 1], signer=signer, language="aed")
        for path, (sign, signer, _) in named
    ]
    return Manifest.from_clips(
        clips,
        take=[repetition for _, (_, _, repetition) in named],
        hands=["both" if sign in _BOTH_HANDS else "right" for _, (sign, _, _) in named],
    )


LSA64 = Corpus(
    name="lsa64",
    title="LSA64: 64 Argentine signs, 3,200 clips, 10 people with coloured gloves",
    language="aed",
    licence="CC BY-NC-SA 4.0",
    source="https://facundoq.github.io/datasets/lsa64",
    citation="Ronchetti et al., LSA64: A Dataset of Argentinian Sign Language, CACIC 2016, arXiv 2310.17429",
    layout=_LAYOUT,
    read=_read,
)
