"""The invented signs of the synthetic corpus.

None belongs to a sign language. They come in families of four that share a place: in most, two handshapes by two
movements, so that two signs differ in the movement alone and two in the handshape alone. Some movements are another's
run backwards. Neither where the hands are on average nor a single frame tells all of them apart.
"""

from __future__ import annotations

from typing import Literal

from ishara.clips.corpora.synthetic.sign import Movement, Sign

_WHEEL = Movement("circle", "left", "up", size=0.45, repeats=2)
_ZIGZAG = Movement("zigzag", "left", "up", size=0.45, repeats=2)
_AWAY = Movement("arc", "forward down", "up", size=0.55)
_HOME = Movement("arc", "forward down", "up", size=0.55, reverse=True)
_APART = Movement("line", "right", size=0.35)
_TOGETHER = Movement("line", "right", size=0.35, reverse=True)
_BOB = Movement("line", "down", size=0.4, repeats=2)
_KNOCK = Movement("tap", "down", size=0.3, repeats=2)
_SLIDE = Movement("line", "forward left", "up", size=0.42)
_RUB = Movement("circle", "left", "up", size=0.36, repeats=2)
_STROKE = Movement("line", "left", size=0.4, repeats=2)
_TWIST = Movement("line", "down", size=0.25, repeats=2, twist=50)
_SALUTE = Movement("arc", "right forward", "up", size=0.4)
_PAT = Movement("tap", "left back", size=0.3, repeats=2)
_BRUSH = Movement("line", "right forward", size=0.45)
_DAB = Movement("tap", "back", size=0.3, repeats=2)
_WAVE = Movement("line", "left", size=0.25, repeats=2, nod=50)


def _high(gloss: str, handshape: str, movement: Movement) -> Sign:
    return Sign(gloss, handshape, "high", "up", "forward", movement, seconds=1.05)


def _chin(gloss: str, handshape: str, movement: Movement) -> Sign:
    return Sign(gloss, handshape, "chin", "up left", "back", movement, contact="tip", seconds=0.75)


def _both(gloss: str, handshape: str, movement: Movement, ends: str = "", *, alternate: bool = False) -> Sign:
    second: Literal["alternate", "mirror"] = "alternate" if alternate else "mirror"
    return Sign(gloss, handshape, "neutral", "forward up", "left", movement, ends=ends, second=second, seconds=0.85)


def _on_base(gloss: str, handshape: str, movement: Movement) -> Sign:
    return Sign(gloss, handshape, "middle", "forward left", "down", movement, second="base", seconds=0.75)


def _chest(gloss: str, handshape: str, movement: Movement) -> Sign:
    return Sign(gloss, handshape, "chest", "left", "back", movement, seconds=0.9)


def _side(gloss: str, handshape: str, movement: Movement) -> Sign:
    return Sign(gloss, handshape, "side", "up forward", "left", movement, seconds=0.85)


def _temple(gloss: str, handshape: str, movement: Movement) -> Sign:
    return Sign(gloss, handshape, "temple", "up left", "left forward", movement, contact="tip", seconds=0.75)


def _cheek(gloss: str, handshape: str, movement: Movement) -> Sign:
    return Sign(gloss, handshape, "cheek", "up", "left", movement, seconds=0.8)


def _far_shoulder(gloss: str, handshape: str, movement: Movement) -> Sign:
    return Sign(gloss, handshape, "far shoulder", "left up", "back", movement, seconds=0.75)


def _belly(gloss: str, handshape: str, movement: Movement) -> Sign:
    return Sign(gloss, handshape, "belly", "left", "back", movement, seconds=0.9)


SIGNS: tuple[Sign, ...] = (
    _high("SYN-01", "index", _WHEEL),
    _high("SYN-02", "index", _ZIGZAG),
    _high("SYN-03", "vee", _WHEEL),
    _high("SYN-04", "vee", _ZIGZAG),
    _chin("SYN-05", "flat", _AWAY),
    _chin("SYN-06", "flat", _HOME),
    _chin("SYN-07", "vee", _AWAY),
    _chin("SYN-08", "vee", _HOME),
    _both("SYN-09", "spread", _APART, "ring"),
    _both("SYN-10", "ring", _TOGETHER, "spread"),
    _both("SYN-11", "spread", _BOB, alternate=True),
    _both("SYN-12", "spread", _TWIST),
    _on_base("SYN-13", "fist", _KNOCK),
    _on_base("SYN-14", "fist", _SLIDE),
    _on_base("SYN-15", "flat", _KNOCK),
    _on_base("SYN-16", "flat", _SLIDE),
    _chest("SYN-17", "flat", _RUB),
    _chest("SYN-18", "flat", _STROKE),
    _chest("SYN-19", "fist", _RUB),
    _chest("SYN-20", "fist", _STROKE),
    _side("SYN-21", "horns", _TWIST),
    _side("SYN-22", "horns", _WAVE),
    _side("SYN-23", "ell", _TWIST),
    _side("SYN-24", "ell", _WAVE),
    _temple("SYN-25", "two", _SALUTE),
    _temple("SYN-26", "two", _PAT),
    _temple("SYN-27", "three", _SALUTE),
    _temple("SYN-28", "three", _PAT),
    _cheek("SYN-29", "pinky", _RUB),
    _cheek("SYN-30", "pinky", _PAT),
    _cheek("SYN-31", "hook", _RUB),
    _cheek("SYN-32", "hook", _PAT),
    _far_shoulder("SYN-33", "thumb", _BRUSH),
    _far_shoulder("SYN-34", "thumb", _DAB),
    _far_shoulder("SYN-35", "two", _BRUSH),
    _far_shoulder("SYN-36", "two", _DAB),
    _belly("SYN-37", "claw", _RUB),
    _belly("SYN-38", "claw", _STROKE),
    _belly("SYN-39", "bent", _RUB),
    _belly("SYN-40", "bent", _STROKE),
)
