"""Unpacking a zip file for reading, once, into a cache folder; nothing is written outside it."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from ishara.errors import IsharaError

_LARGEST_FACTOR = 200


def cache_folder() -> Path:
    """Where unpacked files are kept: ``$ISHARA_CACHE``, else ``ishara`` in the user's cache folder."""
    own = os.environ.get("ISHARA_CACHE")
    return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "ishara"


def unpack(path: Path) -> Path:
    """Unpack a zip file, whole or not at all; an unchanged file is unpacked once.

    Parameters
    ----------
    path
        The zip file.

    Returns
    -------
    The folder.

    Raises
    ------
    IsharaError
        If the file is damaged, a member's name leads outside the folder or is a link, the contents are out of all
        proportion to the file, or the cache folder cannot be written. Set ``$ISHARA_CACHE`` to another one.
    """
    info = path.stat()
    key = hashlib.sha256(f"{path.resolve()}\0{info.st_mtime_ns}\0{info.st_size}".encode()).hexdigest()[:16]
    target = cache_folder() / "unpacked" / f"{path.stem}-{key}"
    if target.is_dir():
        return target
    partial: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{path.stem}-", dir=target.parent))
        _extract(path, partial)
        partial.rename(target)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError) as error:
        raise IsharaError(f"{path}: is damaged or not a zip file that can be read ({error}).") from None
    except OSError as error:
        if not target.is_dir():
            raise IsharaError(
                f"{path}: cannot be unpacked into {target.parent} ({error.strerror}). Set ISHARA_CACHE to a folder "
                "with room."
            ) from None
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)
    return target


def _extract(path: Path, folder: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        for member in members:
            _refuse_unsafe(path, member)
        size = sum(member.file_size for member in members)
        if size > _LARGEST_FACTOR * max(path.stat().st_size, 1):
            raise IsharaError(
                f"{path}: would unpack to {size:,} bytes, more than {_LARGEST_FACTOR} times its own size."
            )
        for member in members:
            archive.extract(member, folder)


def _refuse_unsafe(path: Path, member: zipfile.ZipInfo) -> None:
    name = PurePosixPath(member.filename.replace("\\", "/"))
    outside = name.is_absolute() or ".." in name.parts or (name.parts and ":" in name.parts[0])
    if outside or stat.S_ISLNK(member.external_attr >> 16):
        raise IsharaError(
            f"{path}: has the member {member.filename!r}, which leads outside the folder; nothing was unpacked."
        )
