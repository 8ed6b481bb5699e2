"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ishara.errors import IsharaError

_PARTIAL = re.compile(r"\.(?P<stem>.+)\.\d+\.part(?P<suffix>(?:\.[^.]+)?)")


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A place beside the file to write to; it takes the file's place once it is written.

    The place has the file's suffix, which many writers go by. The folder is made if there is none.

    Raises
    ------
    IsharaError
        If it cannot be written.
    """
    partial = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(path)
    except OSError as error:
        raise IsharaError(
            f"{path}: cannot be written ({error.strerror or error}). Make room, or choose another place."
        ) from None
    finally:
        with suppress(OSError):  # its folder may be none
            partial.unlink()


def write_whole(path: Path, content: bytes | str) -> Path:
    """Write bytes, or text as UTF-8, whole or not at all; `IsharaError` if it cannot be written."""
    with whole(path) as partial:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def meant_for(name: str) -> str | None:
    """The file that a place was for which was left behind by a process that was killed; none if it is no such place."""
    found = _PARTIAL.fullmatch(name)
    return found["stem"] + found["suffix"] if found else None
