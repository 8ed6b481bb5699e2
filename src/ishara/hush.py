"""Keeping a native library's chatter off standard error, and nothing else.

MediaPipe's C++ parts write to file descriptor 2 and heed no log level (not GLOG_minloglevel, not TF_CPP_MIN_LOG_LEVEL,
in 0.10.21), and PyTorch's exporter has notes that no filter of Python's warnings sees. So the descriptor is caught
while they run, and what is not chatter is passed on.
"""

from __future__ import annotations

import atexit
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

_STDERR = 2
# Lines of glog and absl below the level of an error (I0000, W0611 …), absl's preface to them, TFLite's notes, and what
# PyTorch's ONNX exporter says of every packed LSTM: that it does not know the shapes of its packing.
_CHATTER = re.compile(
    rb"[IW]\d{4} \d\d:\d\d:|WARNING: All log messages before absl::|INFO: (Created|Applying) |"
    rb"\[W\d+ \S+ shape_type_inference\.cpp:\d+\] Warning: The shape inference of prim::(PackPadded|PadPacked) type is "
)


def without_chatter(text: bytes) -> bytes:
    """What was written to standard error, without the lines that are a native library's chatter."""
    return b"".join(line for line in text.splitlines(keepends=True) if not _CHATTER.match(line))


class _Catcher:
    """Has descriptor 2 write into a file while at least one block runs, in whatever thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = 0
        self._caught: IO[bytes] | None = None
        self._real: int | None = None

    def enter(self) -> None:
        with self._lock:
            self._running += 1
            if self._running > 1:
                return
            with suppress(OSError):  # standard error is closed, or there is no room for a file: then nothing is caught
                # The file first: without a place for one, nothing must be left open that nobody closes.
                self._caught = self._caught or tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - kept for the next
                self._real = os.dup(_STDERR)
                os.dup2(self._caught.fileno(), _STDERR)

    def leave(self) -> None:
        with self._lock:
            self._running -= 1
            if self._real is None or self._caught is None:
                return
            if not self._running:
                os.dup2(self._real, _STDERR)
            # The descriptor and the file have one position: all before it was written since the last time.
            if written := self._caught.tell():
                self._caught.seek(0)
                text = self._caught.read(written)
                self._caught.seek(0)
                self._caught.truncate()
                with suppress(OSError):  # whoever read standard error has gone
                    os.write(self._real, without_chatter(text))
            if not self._running:
                os.close(self._real)
                self._real = None

    def close(self) -> None:
        """Give the file back, when the process ends."""
        with self._lock:
            if self._caught is not None and not self._running:
                self._caught.close()
                self._caught = None


_catcher = _Catcher()
atexit.register(_catcher.close)


@contextmanager
def hushed() -> Iterator[None]:
    """Native chatter on standard error is dropped inside the block; all else is written when the block ends.

    Blocks may nest and may run in several threads.
    """
    _catcher.enter()
    try:
        yield
    finally:
        _catcher.leave()
