"""`extraction.jsonl`: what was extracted into a folder, from what and how; a line of JSON per clip, the last counts.

A line is written after its ``.pose`` file is whole. So a clip without a line, or whose file has another size than the
line says, is extracted again, whatever killed the process before. A torn last line is no line.
"""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from types import TracebackType
from typing import IO, Any

from pydantic import JsonValue

from ishara.errors import IsharaError
from ishara.pose.extract.folder import OutputFolder
from ishara.pose.extract.settings import key_of

JOURNAL = "extraction.jsonl"
# Object stores cannot append: there the whole journal is written again, this often.
_SECONDS_BETWEEN_WRITES = 30.0


@dataclass(frozen=True)
class Entry:
    """One extracted clip.

    Parameters
    ----------
    id
        The clip's.
    file, size
        Name of its ``.pose`` file in the folder, and bytes.
    settings
        The key of the settings that it was extracted with.
    source, start, end, box
        The stretch of video that it was made from; see `ishara.pose.extract.jobs.Job`.
    stamp
        What the source was then; see `ishara.pose.extract.stamps`.
    frames
        Of the clip.
    seconds
        That the extraction took.
    """

    id: str
    file: str
    size: int
    settings: str
    source: str
    start: float | None = None
    end: float | None = None
    box: str | None = None
    stamp: str | None = None
    frames: int = 0
    seconds: float = 0.0


_KEYS = {field.name for field in fields(Entry)}


class Journal:
    """The journal of a folder, read when it is opened and held by one process at a time.

    Raises
    ------
    IsharaError
        If another process on this machine is extracting into the folder, or the journal cannot be read or written.
    """

    def __init__(self, folder: OutputFolder) -> None:
        self.folder = folder
        self.entries: dict[str, Entry] = {}
        self.settings: dict[str, dict[str, JsonValue]] = {}
        self._unsaved = False
        self._file = self._open()
        self._written = time.monotonic()
        self._content = folder.read(JOURNAL)
        self._read()
        if self._content and not self._content.endswith(b"\n"):
            self._write(b"\n")

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._file is None and self._unsaved:
                self._save()
        finally:
            if self._file is not None:
                self._file.close()

    def use(self, settings: Mapping[str, JsonValue]) -> str:
        """The key of settings, which are written down where they are new."""
        key = key_of(settings)
        if key not in self.settings:
            self.settings[key] = dict(settings)
            self._write(_line({"settings": key, "values": dict(settings)}))
        return key

    def add(self, entry: Entry) -> None:
        """Write down that a clip was extracted."""
        self.entries[entry.id] = entry
        self._write(_line(asdict(entry)))

    def _read(self) -> None:
        for line in self._content.splitlines():
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if not isinstance(value, dict):
                continue
            if "values" in value:
                self.settings[value["settings"]] = value["values"]
            elif {"id", "file", "size", "settings", "source"} <= value.keys():
                self.entries[value["id"]] = Entry(**{key: value[key] for key in _KEYS & value.keys()})

    def _write(self, line: bytes) -> None:
        if self._file is None:
            self._content += line
            self._unsaved = True
            if time.monotonic() - self._written > _SECONDS_BETWEEN_WRITES:
                self._save()
            return
        try:
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise IsharaError(f"{self.folder.place(JOURNAL)}: cannot be written ({error.strerror}).") from error

    def _save(self) -> None:
        self.folder.write(JOURNAL, self._content)
        self._unsaved = False
        self._written = time.monotonic()

    def _open(self) -> IO[bytes] | None:
        """The local file to append to, held against other processes; ``None`` for a folder elsewhere."""
        if self.folder.local is None:
            return None
        place = self.folder.local / JOURNAL
        try:
            # Without a buffer: a line is with the system as soon as it is written, and a full disk is noticed there.
            file: IO[Any] = place.open("ab", buffering=0)
        except OSError as error:
            raise IsharaError(f"{place}: cannot be written ({error.strerror}).") from None
        if not _lock(file):
            file.close()
            raise IsharaError(
                f"{self.folder}: another `ishara extract` is writing into it. Wait for that, or choose another folder."
            )
        return file


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


def _lock(file: IO[bytes]) -> bool:
    """Hold a file for as long as this process lives; true also where the system cannot."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # Some network file systems have no locks.
        return True
    return True
