"""`PixelSigns`: a session's pictures to signs, for a recogniser that looks at pictures: windows of a ring buffer."""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ishara.recipe import Pixels
from ishara.recognizer import ModelInput, Prediction, Recognizer
from ishara.spotting import Segment
from ishara.video.clip_sampling import sample
from ishara.video.framing import frame_view
from ishara.video.picture import View

if TYPE_CHECKING:
    from av.filter import Graph
    from av.video.frame import VideoFrame

# Seconds: how much is looked at together, how often, and how many windows must agree.
_WINDOW = 2.0
_EVERY = 0.5
_AGREE = 2
_LEAST = 0.5
_FEWEST_FRAMES = 8
_MOST_FRAMES = 120
_LONGEST_GAP = 0.6


class PixelSigns:
    """Recognises the last two seconds again and again, and tells a sign when two windows in a row agree on it.

    A gloss is told again only after another window has said something else.

    Parameters
    ----------
    recognizer
        Of pixels.
    left_handed
        Show the model each picture mirrored.
    """

    def __init__(self, recognizer: Recognizer, *, left_handed: bool = False) -> None:
        self.left_handed = left_handed
        self.provisional: Prediction | None = None
        self.last: float | None = None
        self._recognizer = recognizer
        self._options = recognizer.recipe.pixels
        self._square = _Square(self._options)
        self._frames: deque[tuple[float, NDArray[np.uint8]]] = deque(maxlen=_MOST_FRAMES)
        self._looked: float | None = None
        self._agreed = 0
        self._said: str | None = None

    def push(self, frame: VideoFrame, time: float) -> list[Segment]:
        """Take a picture, its time above that of the last; the sign that it decided, if any."""
        if self.last is not None and time - self.last > _LONGEST_GAP:
            self.rest()
        self.last = time
        picture = self._square(frame)
        self._frames.append((time, picture[:, :, ::-1] if self.left_handed else picture))
        while self._frames[0][0] < time - _WINDOW:
            self._frames.popleft()
        if self._looked is None:
            self._looked = time
        if time - self._looked < _EVERY or len(self._frames) < _FEWEST_FRAMES:
            return []
        self._looked = time
        return self._look()

    def rest(self) -> list[Segment]:
        """Nothing comes for a while: begin anew. A window that nothing confirmed is no sign."""
        self._frames.clear()
        self.provisional = self._said = self._looked = None
        self._agreed = 0
        return []

    def _look(self) -> list[Segment]:
        before = self.provisional
        times = np.array([time for time, _ in self._frames])
        chosen = sample(len(times), self._options)
        x = np.stack([self._frames[i][1] for i in chosen])
        window = ModelInput(x, (times[chosen] - times[0]).astype(np.float32))
        now = self.provisional = self._recognizer.predict(window)
        sure = now.known if now.known is not None else now.probability >= _LEAST
        same = before is not None and before.gloss == now.gloss
        self._agreed = (self._agreed + 1 if same else 1) if sure else 0
        if now.gloss != self._said:
            # Something else was seen: what was told last may be told again.
            self._said = None
        if self._agreed < _AGREE or self._said is not None:
            return []
        self._said = now.gloss
        return [Segment(float(times[0]), float(times[-1]), now.gloss, now.probability, now)]


class _Square:
    """Pictures as the model sees them: the square in the middle, or the whole with borders, at its size."""

    def __init__(self, options: Pixels) -> None:
        self._options = options
        # The filters for pictures of one kind: those of a camera are all alike.
        self._made: tuple[tuple[int, int, str], View, Graph] | None = None

    def __call__(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """(3, S, S)."""
        kind = (frame.width, frame.height, frame.format.name)
        if self._made is None or self._made[0] != kind:
            view = frame_view((frame.width, frame.height), None, self._options)
            self._made = kind, view, _filters(frame, view)
        _, view, graph = self._made
        graph.vpush(frame)
        inside = np.asarray(graph.vpull().to_ndarray(), np.uint8).transpose(2, 0, 1)
        size = self._options.size
        picture = np.zeros((3, size, size), np.uint8)
        top, left = (size - view.height) // 2, (size - view.width) // 2
        picture[:, top : top + view.height, left : left + view.width] = inside
        return picture


def _filters(frame: VideoFrame, view: View) -> Graph:
    """FFmpeg's filters from a picture of one kind to a view of it, as `ishara.video` decodes clips."""
    from av.filter import Graph

    left, top, right, bottom = view.region
    graph = Graph()
    graph.threads = 1
    # A single picture has no time base of its own.
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000))
    steps = (
        ("crop", f"{right - left}:{bottom - top}:{left}:{top}:exact=1"),
        ("scale", f"{view.width}:{view.height}:flags=bilinear"),
        ("format", "rgb24"),
    )
    graph.link_nodes(source, *(graph.add(*step) for step in steps), graph.add("buffersink")).configure()
    return graph
