"""The address of a clip: a file, and for landmark arrays which clip of it and how it is to be read."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass
from pathlib import Path

from ishara.errors import IsharaError, choices

ARRAY_SUFFIXES = (".npz", ".npy")
PARQUET_SUFFIX = ".parquet"

_ADDRESS = re.compile(
    r"(?P<file>.+?\.(?:np[zy]|parquet))(?:\?(?P<options>[^#/]*))?(?:#(?P<number>[^#/]*))?", re.I | re.S
)
_OPTIONS = ("layout", "aspect")


@dataclass(frozen=True)
class Address:
    """Where a clip is, as it stands in a manifest: ``file.pose``, ``file.npz#7`` or ``file.npz?aspect=1.5#7``.

    As text, options follow a ``?`` after the file, several with ``&`` between them, and the clip's number a ``#``. Both
    signs have a meaning after ``.npz``, ``.npy`` and ``.parquet`` alone; elsewhere (``C#/clip.pose``) they belong to
    the name.

    Parameters
    ----------
    file
        The file's path.
    index
        Which clip of a landmark array, counted from 0; ``None`` for the only one.
    layout
        What the columns of a landmark array are; see `ishara.pose.layouts.named_layout`. ``None`` for what the file
        says or its width.
    aspect
        Width over height of the image, above 0, for arrays and tables with x as a fraction of the width and y of the
        height: x and z are multiplied by it, so that all three have one unit.
    """

    file: str
    index: int | None = None
    layout: str | None = None
    aspect: float = 1.0

    @classmethod
    def parse(cls, address: str | Path) -> Address:
        """The parts of an address.

        Raises
        ------
        IsharaError
            If an option is not known or its value cannot be, or the number is not a whole number from 0.
        """
        text = os.fspath(address)
        match = _ADDRESS.fullmatch(text)
        if match is None:
            return cls(text)
        file, number = match["file"], match["number"]
        if number is not None and not (number.isascii() and number.isdigit()):
            raise IsharaError(f"{address}: {number!r} is not the number of a clip; expected such as {file}#0.")
        options = dict(option.partition("=")[::2] for option in (match["options"] or "").split("&") if option)
        for name in options:
            if name not in _OPTIONS:
                raise IsharaError(f"{address}: there is no option {name!r}. {choices(name, _OPTIONS)}")
        aspect = parse_aspect(options.get("aspect", "1"), str(address))
        return cls(file, None if number is None else int(number), options.get("layout"), aspect)

    def __str__(self) -> str:
        options = [] if self.layout is None else [f"layout={self.layout}"]
        options += [] if self.aspect == 1 else [f"aspect={self.aspect!r}"]
        number = "" if self.index is None else f"#{self.index}"
        return self.file + ("?" + "&".join(options) if options else "") + number


def file_of(address: str | Path) -> str:
    """The file of an address, whether or not the rest of it is right."""
    text = os.fspath(address)
    match = _ADDRESS.fullmatch(text)
    return text if match is None else match["file"]


def parse_aspect(text: str, where: str) -> float:
    """An aspect (width over height) given as text; `IsharaError`, with `where`, if it is not a number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise IsharaError(f"{where}: the aspect is {text!r}; expected width over height as a number, such as 1.7778.")
    return value
