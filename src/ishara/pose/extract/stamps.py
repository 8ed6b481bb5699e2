"""What a source file was when it was read, by its entry alone: size and time, or a store's own mark."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from ishara.errors import IsharaError
from ishara.pose.extract.folder import local_path, open_filesystem

# In the order of how much they say; each store has one of them.
_MARKS = (
    "ETag",
    "etag",
    "md5",
    "md5Hash",
    "content_md5",
    "LastModified",
    "last_modified",
    "updated",
    "mtime",
    "created",
)
_AT_ONCE = 32


def stamp_of(source: str) -> str | None:
    """The stamp of a file; ``None`` where the file cannot be seen from here."""
    local = local_path(source)
    try:
        if local is not None:
            entry = local.stat()
            return f"{entry.st_size} {entry.st_mtime_ns}"
        system, path = open_filesystem(source)
        info = system.info(path)
    except (OSError, ImportError, ValueError, IsharaError):
        return None
    mark = next((f" {info[key]}" for key in _MARKS if info.get(key)), "")
    return f"{info.get('size')}{mark}"


def is_telling(stamp: str) -> bool:
    """Whether a stamp says more of a file than its size, which two files may share."""
    return " " in stamp


def stamps_of(sources: Iterable[str]) -> dict[str, str | None]:
    """The stamp of each file; stores are asked for several at a time."""
    distinct = list(dict.fromkeys(sources))
    remote = [source for source in distinct if local_path(source) is None]
    found = {source: stamp_of(source) for source in distinct if local_path(source) is not None}
    if remote:
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            found.update(zip(remote, threads.map(stamp_of, remote), strict=True))
    return found
