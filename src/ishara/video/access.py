"""A video that is open: its index, and its frames on request."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.video import _pyav
from ishara.video.container import explained, open_container
from ishara.video.index import FrameIndex, read_index
from ishara.video.picture import View
from ishara.video.sources import Opened, VideoSource, open_source

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

_log = logging.getLogger(__name__)

# Indices of files that were opened last: training opens the same ones in every epoch.
_MOST_KEPT = 8192
_kept: OrderedDict[tuple[str, int, int], FrameIndex] = OrderedDict()


@dataclass(frozen=True, eq=False)
class OpenVideo:
    """A video that is open, and its index."""

    source: Opened
    container: InputContainer
    stream: VideoStream
    index: FrameIndex

    def decode(self, wanted: NDArray[np.int64], view: View, backend: str = "pyav") -> Iterator[NDArray[np.uint8]]:
        """The wanted frames (rising, none twice), each (H, W, 3) uint8.

        What TorchCodec cannot decode, PyAV does, or says what is wrong with it.
        """
        done = 0
        if backend == "torchcodec":
            from ishara.video import _torchcodec

            if _torchcodec.can_decode(self.index):
                try:
                    for rgb in _torchcodec.decode(self.source, self.stream.index, self.index, wanted, view):
                        yield rgb
                        done += 1
                except (RuntimeError, ValueError, IndexError) as error:
                    _log.info("%s: TorchCodec gave up (%s); going on with PyAV.", self.source.name, error)
        if done < len(wanted):
            yield from _pyav.decode(self.source, self.container, self.stream, self.index, wanted[done:], view)


@contextmanager
def open_video(source: VideoSource) -> Iterator[OpenVideo]:
    """Open a video and read its index; whatever is wrong with it inside the block ends in one error that names it."""
    with open_source(source) as opened, explained(opened.name), open_container(opened) as (container, stream):
        yield OpenVideo(opened, container, stream, _index(opened, container, stream))


def _index(source: Opened, container: InputContainer, stream: VideoStream) -> FrameIndex:
    """A video's index: of a file that was not written to since it was read here, as it was read then."""
    if not isinstance(source.target, str):
        return read_index(source, container, stream)
    state = Path(source.target).stat()
    key = source.target, state.st_size, state.st_mtime_ns
    index = _kept.pop(key, None) or read_index(source, container, stream)
    _kept[key] = index
    if len(_kept) > _MOST_KEPT:
        _kept.popitem(last=False)
    return index


@contextmanager
def about(name: str) -> Iterator[None]:
    """Put the video's name before an error that was raised without it."""
    try:
        yield
    except IsharaError as error:
        raise IsharaError(f"{name}: {error}") from None
