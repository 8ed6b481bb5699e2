"""Writing a file whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ishara.errors import IsharaError


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A place beside the file to write to; it takes the file's place once it is written.

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
        raise IsharaError(f"{path}: cannot be written ({error.strerror}).") from None
    finally:
        with suppress(OSError):  # its folder may be none
            partial.unlink()
