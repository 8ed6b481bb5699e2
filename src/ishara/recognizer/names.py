"""Recognisers by name: those that come with Ishara, and a person's own copies of them."""

from __future__ import annotations

import os
from pathlib import Path

# Each folder in it is a recogniser that ships with Ishara; its name is the recogniser's.
PRETRAINED = Path(__file__).parents[1] / "pretrained"
_CONFIG = "config.json"


def names() -> list[str]:
    """The recognisers that come with this Ishara."""
    return sorted(folder.name for folder in PRETRAINED.glob("*") if (folder / _CONFIG).is_file())


def find_by_name(path: Path) -> Path | None:
    """The recogniser that a name means: a person's own copy of it, else the one that comes with Ishara.

    Parameters
    ----------
    path
        As it was given; only a single word is a name.
    """
    name = str(path)
    if len(path.parts) != 1 or name not in names():
        return None
    own = own_folder(name)
    return own if (own / _CONFIG).is_file() else PRETRAINED / name


def is_built_in(folder: Path) -> bool:
    """Whether a folder is part of the installed Ishara, and so nobody's to change."""
    return folder.resolve().is_relative_to(PRETRAINED.resolve())


def own_folder(name: str) -> Path:
    """Where a person's own copy of a built-in recogniser lies: below ``$ISHARA_HOME``, else in their data folder."""
    home = os.environ.get("ISHARA_HOME")
    if home is None:
        home = str(Path(os.environ.get("XDG_DATA_HOME", "~/.local/share")) / "ishara")
    return Path(home).expanduser() / "models" / name
