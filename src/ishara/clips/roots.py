"""Where the files of a corpus are."""

from __future__ import annotations

import os
from pathlib import Path

from ishara.errors import IsharaError


def find_root(root: Path) -> Path:
    """Where a corpus's files are: the path itself, else the same path below ``$ISHARA_DATA``.

    Raises
    ------
    IsharaError
        If neither exists.
    """
    home = os.environ.get("ISHARA_DATA")
    places = [root] if root.is_absolute() or home is None else [root, Path(home) / root]
    for place in places:
        if place.exists():
            return place
    if root.is_absolute():
        raise IsharaError(f"There are no data at {root}. Give data.root=PATH, or data.manifest=PATH.")
    looked = f"in {Path.cwd()} (the current folder)" + (f" and in {home} ($ISHARA_DATA)" if home else "")
    hint = "" if home else " Set ISHARA_DATA to the folder that holds your corpora, or give data.root=PATH."
    raise IsharaError(f"There are no data at {root}: looked {looked}.{hint}")
