"""`Outbox`: answers on their way to one client, never more than it can be expected to read."""

from __future__ import annotations

import asyncio
from collections import deque

from ishara.live.schema import Answer, Seen, Wrong


class Outbox:
    """Answers from a session's thread, in order; of frames that were seen only the newest waits.

    Made in the server's loop.

    Parameters
    ----------
    most
        How many answers may wait; with one more the client is given up.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Answer] = deque()
        self._changed = asyncio.Event()
        self._over = False

    def tell(self, answer: Answer) -> None:
        """Add an answer, from any thread; nothing happens when the loop has ended."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._add, answer)

    async def next(self) -> Answer:
        """The next answer; waits for it. A client that does not read gets a fatal one."""
        while not self._waiting:
            self._changed.clear()
            await self._changed.wait()
        return self._waiting.popleft()

    def _add(self, answer: Answer) -> None:
        if self._over:
            return
        if isinstance(answer, Seen) and self._waiting and isinstance(self._waiting[-1], Seen):
            self._waiting.pop()
        if len(self._waiting) >= self._most:
            self._over = True
            self._waiting.clear()
            answer = Wrong(code="unread", message=f"{self._most} answers were not read; connect again.", fatal=True)
        self._waiting.append(answer)
        self._changed.set()
