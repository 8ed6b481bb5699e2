"""Where a video comes from: a path, an fsspec URL or an open file; and what it is called in messages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ishara.errors import IsharaError

VideoSource = str | Path | BinaryIO
_URL = "://"


@dataclass(frozen=True)
class Opened:
    """A source that a decoder can read: a path, or an open file that can seek.

    Parameters
    ----------
    name
        What the video is called in messages.
    target
        An absolute path or a file object.
    """

    name: str
    target: str | BinaryIO

    def rewound(self) -> str | BinaryIO:
        """The target, read from its beginning."""
        if not isinstance(self.target, str):
            self.target.seek(0)
        return self.target


def source_name(source: VideoSource) -> str:
    """What a source is called in messages."""
    if isinstance(source, (str, Path)):
        return str(source)
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else "the open file"


@contextmanager
def open_source(source: VideoSource) -> Iterator[Opened]:
    """Open a source for reading; files that were opened here are closed afterwards.

    Raises
    ------
    IsharaError
        If it is not there, is empty, is not a file, or cannot be read at any place.
    """
    name = source_name(source)
    if isinstance(source, str) and _URL in source:
        with _open_url(source) as file:
            yield Opened(name, _checked(name, file))
    elif isinstance(source, (str, Path)):
        yield Opened(name, _local(name, Path(source)))
    else:
        yield Opened(name, _checked(name, source))


def _local(name: str, path: Path) -> str:
    try:
        if not path.exists():
            raise IsharaError(f"{name}: there is no such file.")
        if not path.is_file():
            kind = "a folder" if path.is_dir() else "not a regular file"
            raise IsharaError(f"{name}: is {kind}; expected a video file.")
        if not path.stat().st_size:
            raise IsharaError(f"{name}: is empty (0 bytes); expected a video. Get the file again.")
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise IsharaError(f"{name}: cannot be read ({getattr(error, 'strerror', None) or error}).") from None
    # Absolute, so that no name is taken for one of FFmpeg's protocols, such as "concat:a|b".
    return str(path.absolute())


@contextmanager
def _open_url(url: str) -> Iterator[BinaryIO]:
    import fsspec

    try:
        file = fsspec.open(url, "rb").open()
    except Exception as error:  # noqa: BLE001 - every file system has its own exceptions
        # That of HTTP calls everything a missing file, such as a server that does not answer; the cause is the truth.
        true = error.__cause__ or error if isinstance(error, FileNotFoundError) else error
        if isinstance(true, FileNotFoundError):
            raise IsharaError(f"{url}: there is no such file.") from None
        reason = " ".join(str(true).split()) or type(true).__name__
        raise IsharaError(f"{url}: cannot be opened ({reason}).") from None
    with file:
        yield file


def _checked(name: str, file: BinaryIO) -> BinaryIO:
    """The file, if it can seek and is not empty."""
    try:
        seekable = file.seekable()
        empty = seekable and not file.seek(0, 2)
        if seekable:
            file.seek(0)
            if not isinstance(file.read(0), bytes):
                raise ValueError("it was opened as text")
    except (AttributeError, OSError, ValueError) as error:
        raise IsharaError(f"{name}: cannot be read ({error}); expected a binary file that is open.") from None
    if not seekable:
        raise IsharaError(f"{name}: cannot be read at any place, as a video must be; save it to a file first.")
    if empty:
        raise IsharaError(f"{name}: is empty (0 bytes); expected a video. Get the file again.")
    return file
