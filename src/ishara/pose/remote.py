"""Landmark files behind URLs: a local copy for as long as the process lives."""

from __future__ import annotations

from pathlib import Path

from ishara.errors import IsharaError

_URL = "://"


def local_copy(file: str) -> Path:
    """The path of a file: its own, or that of a copy where it is an fsspec URL such as ``https://…`` or ``s3://…``.

    A URL is fetched once in the life of a thread; its copy has another name.

    Raises
    ------
    IsharaError
        If a URL cannot be read, or its protocol needs a package that is not installed; the message does not name it:
        the caller does.
    """
    if _URL not in file:
        return Path(file)
    import fsspec

    try:
        # Not `open_local`, to which brackets and stars in a name are patterns. Each thread has copies of its own.
        with fsspec.open(f"simplecache::{file}", "rb", expand=False) as copy:
            return Path(copy.name)
    except FileNotFoundError:
        raise IsharaError("there is no such file.") from None
    except Exception as error:  # noqa: BLE001 - every file system has its own exceptions
        reason = " ".join(str(error).split()) or type(error).__name__
        raise IsharaError(f"cannot be read ({reason}).") from None
