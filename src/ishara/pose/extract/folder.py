"""The folder that an extraction writes into, local or behind any fsspec URL."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ishara.errors import IsharaError

_LOCAL = ("file", "local")


def open_filesystem(address: str) -> tuple[Any, str]:
    """The fsspec file system of an address and the path there.

    Raises
    ------
    IsharaError
        If there is no such protocol, or its package is not installed.
    """
    from fsspec.core import url_to_fs

    try:
        system, path = url_to_fs(address)
    except (ValueError, ImportError) as error:
        raise IsharaError(f"{address}: cannot be reached ({error}).") from None
    return system, str(path)


def local_path(address: str) -> Path | None:
    """The path of an address that is no URL, or one of a local file; ``None`` for what lies elsewhere."""
    protocol, mark, rest = address.partition("://")
    if not mark:
        return Path(address)
    return Path(rest) if protocol in _LOCAL else None


class OutputFolder:
    """Where ``.pose`` files and what is told of them are written.

    Parameters
    ----------
    address
        A path or an fsspec URL; it need not exist.

    Raises
    ------
    IsharaError
        If it cannot be made or reached.
    """

    def __init__(self, address: str | Path) -> None:
        local = local_path(os.fspath(address))
        self.address = str(local.resolve()) if local is not None else os.fspath(address).rstrip("/")
        self.local = local.resolve() if local is not None else None
        if self.local is not None and self.local.exists() and not self.local.is_dir():
            raise IsharaError(f"{address}: is a file; expected a folder for the landmarks, which need not be there.")
        self._system, self._root = open_filesystem(self.address)
        with self._told():
            self._system.makedirs(self._root, exist_ok=True)

    def __str__(self) -> str:
        return self.address

    def place(self, name: str) -> str:
        """The address of a file in it."""
        return f"{self.address}/{name}"

    def sizes(self) -> dict[str, int]:
        """Bytes of each file directly in it, by name."""
        with self._told():
            if self.local is not None:
                with os.scandir(self.local) as entries:
                    return {entry.name: entry.stat().st_size for entry in entries if entry.is_file()}
            # A listing that was kept from before would hide what workers have written since.
            self._system.invalidate_cache(self._root)
            found = self._system.ls(self._root, detail=True)
        return {str(f["name"]).rpartition("/")[2]: int(f["size"] or 0) for f in found if f["type"] == "file"}

    def read(self, name: str) -> bytes:
        """What a file holds; nothing where it is not there."""
        with self._told():
            path = self._path(name)
            return bytes(self._system.cat_file(path)) if self._system.exists(path) else b""

    def write(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all."""
        self.put(name, lambda partial: self._system.pipe_file(partial, content))

    def put(self, name: str, write: Callable[[str], object]) -> None:
        """Have a file written under a temporary name on the folder's file system, and give it its own."""
        partial = self._path(f".{name}.{os.getpid()}.part")
        with self._told():
            try:
                write(partial)
                self._system.mv(partial, self._path(name))
            except BaseException:
                with suppress(Exception):
                    self._system.rm_file(partial)
                raise

    def upload(self, file: Path, name: str) -> None:
        """Copy a local file into it, whole or not at all."""
        self.put(name, lambda partial: self._system.put_file(str(file), partial))

    def remove(self, name: str) -> None:
        """Remove a file, where it is there."""
        with self._told(), suppress(FileNotFoundError):
            self._system.rm_file(self._path(name))

    def sweep(self) -> None:
        """Remove what processes that were killed had begun to write."""
        for name in self.sizes():
            if name.startswith(".") and name.endswith(".part"):
                self.remove(name)

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what file systems raise into one line that names the folder."""
        try:
            yield
        except OSError as error:
            raise IsharaError(f"{error.filename or self.address}: {error.strerror or error}.") from error
        except ImportError as error:
            raise IsharaError(f"{self.address}: cannot be reached ({error}).") from None
