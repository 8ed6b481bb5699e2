"""Unpacking zip and tar files: whole or not at all, and nothing outside the folder that is meant."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from lzma import LZMAError
from pathlib import Path, PurePosixPath

from ishara.clips.corpora.base import Progress
from ishara.errors import IsharaError

_LARGEST_FACTOR = 200
# What zipfile, tarfile and what they decompress with raise for damaged files.
_DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, LZMAError, EOFError, NotImplementedError, RuntimeError,
    UnicodeDecodeError, ValueError,
)  # fmt: skip


def cache_folder() -> Path:
    """Where unpacked files are kept: ``$ISHARA_CACHE``, else ``ishara`` in the user's cache folder."""
    own = os.environ.get("ISHARA_CACHE")
    return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "ishara"


def unpack(path: Path) -> Path:
    """Unpack a zip or tar file into the cache; an unchanged file is unpacked once.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    The folder.

    Raises
    ------
    IsharaError
        As `extract`; or if the cache folder cannot be written. Set ``$ISHARA_CACHE`` to another one.
    """
    info = path.stat()
    key = hashlib.sha256(f"{path.resolve()}\0{info.st_mtime_ns}\0{info.st_size}".encode()).hexdigest()[:16]
    target = cache_folder() / "unpacked" / f"{path.stem}-{key}"
    if target.is_dir():
        return target
    try:
        with whole_or_nothing(target) as partial:
            extract(path, partial)
    except OSError as error:
        if not target.is_dir():
            raise IsharaError(
                f"{path}: cannot be unpacked into {target.parent} ({error.strerror}). Set ISHARA_CACHE to a folder "
                "with room."
            ) from None
    return target


@contextmanager
def whole_or_nothing(target: Path) -> Iterator[Path]:
    """A hidden folder beside the target, which takes its name when the block is done and is removed if it is not.

    The target must not be there, or be an empty folder. A killed process leaves a hidden folder that ends in ``.part``.
    """
    partial = target.with_name(f".{target.name}-{secrets.token_hex(4)}.part")
    partial.mkdir(parents=True)
    try:
        yield partial
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def extract(path: Path, folder: Path, progress: Progress = iter) -> None:
    """Unpack a zip or tar file, compressed or not, into a folder.

    Every member is looked at before the first is written.

    Parameters
    ----------
    path
        The file; what it is shows in its content, not in its name.
    folder
        Where to.
    progress
        Given the members, gives them back one by one, such as with a bar.

    Raises
    ------
    IsharaError
        If the file is damaged, encrypted or neither zip nor tar; if a member's name leads outside the folder or it is a
        link or a device; or if the contents are out of all proportion to the file.
    """
    try:
        if zipfile.is_zipfile(path):
            _extract_zip(path, folder, progress)
        elif path.stat().st_size and tarfile.is_tarfile(path):
            _extract_tar(path, folder, progress)
        else:
            raise IsharaError(f"{path}: is damaged or not a zip file, and not a tar file.")
    except _DAMAGED as error:
        if "password required" in str(error):
            raise IsharaError(f"{path}: is encrypted. Unpack it with its key, and use the folder.") from None
        raise IsharaError(f"{path}: is damaged or not a zip file that can be read ({error}).") from None
    except OSError as error:
        if error.errno is not None:
            raise  # such as a full disk; gzip and bz2 give none for what is wrong in a file
        raise IsharaError(f"{path}: is damaged ({error}).") from None


def _extract_zip(path: Path, folder: Path, progress: Progress) -> None:
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        size = 0
        for member in members:
            is_file = stat.S_IFMT(member.external_attr >> 16) in (0, stat.S_IFREG)
            size += member.file_size
            _refuse_unsafe(path, member.filename, is_file=is_file, size=size)
        for member in progress(members):
            archive.extract(member, folder)


def _extract_tar(path: Path, folder: Path, progress: Progress) -> None:
    with tarfile.open(path) as archive:
        members, size = [], 0
        # Reading on means decompressing, so what is too large is refused as soon as that shows.
        for member in archive:
            is_file = member.isfile() and not member.issparse()
            size += member.size
            _refuse_unsafe(path, member.name, is_file=is_file or member.isdir(), size=size)
            if is_file:
                members.append(member)
        for member in progress(members):
            archive.extract(member, folder, filter="data")


def _refuse_unsafe(path: Path, name: str, *, is_file: bool, size: int) -> None:
    """Refuse an archive for one member; `size` is that of all up to it."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not is_file or name.startswith(("/", "\\")) or ".." in parts or (parts and ":" in parts[0]):
        raise IsharaError(
            f"{path}: has the member {name!r}, which leads outside the folder or is no file; nothing was unpacked."
        )
    if size > _LARGEST_FACTOR * max(path.stat().st_size, 1):
        raise IsharaError(f"{path}: would unpack to {size:,} bytes, more than {_LARGEST_FACTOR} times its own size.")
