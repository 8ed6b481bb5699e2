"""`Mailbox`: what waits for a session's thread, never more than a few frames."""

from __future__ import annotations

from collections import deque
from threading import Condition
from typing import Generic, TypeVar

T = TypeVar("T")

_MOST_KEPT = 64


class Mailbox(Generic[T]):
    """A queue from the server's loop to one thread, in which the newest frame wins.

    Parameters
    ----------
    frames
        How many frames may wait; when one more comes, the oldest is dropped.
    """

    def __init__(self, frames: int) -> None:
        self._most = frames
        self._items: deque[tuple[T, bool]] = deque()
        self._frames = 0
        self._open = True
        self._changed = Condition()

    def put_frame(self, item: T) -> int:
        """Add a frame; how many older ones were dropped for it: 0 or 1."""
        with self._changed:
            if not self._open:
                return 0
            dropped = self._drop_oldest() if self._frames == self._most else 0
            self._items.append((item, True))
            self._frames += 1
            self._changed.notify()
            return dropped

    def put(self, item: T) -> bool:
        """Add what must not be lost, in its order among the frames; False if too many of those wait already."""
        with self._changed:
            if len(self._items) - self._frames >= _MOST_KEPT:
                return False
            if self._open:
                self._items.append((item, False))
                self._changed.notify()
            return True

    def get(self) -> T | None:
        """The next; waits for it. None when the mailbox was closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or not self._open)
            if not self._open:
                return None
            item, is_frame = self._items.popleft()
            self._frames -= is_frame
            return item

    def close(self) -> None:
        """What waits is dropped, and who waits is told."""
        with self._changed:
            self._open = False
            self._items.clear()
            self._frames = 0
            self._changed.notify_all()

    def _drop_oldest(self) -> int:
        place = next(place for place, (_, is_frame) in enumerate(self._items) if is_frame)
        del self._items[place]
        self._frames -= 1
        return 1
