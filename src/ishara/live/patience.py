"""`ImpatientProtocol`: connections that open and say nothing, or say it letter by letter, are closed."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

_log = logging.getLogger(__name__)


def impatient(seconds: float) -> type[H11Protocol]:
    """uvicorn's HTTP protocol, which itself waits for a request's head for ever (slow-loris), with a time for it."""

    class ImpatientProtocol(H11Protocol):
        _head: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._wait()

        def data_received(self, data: bytes) -> None:
            # The timer is not begun again by every byte: it is for the head as a whole.
            if self._head is None and (self.cycle is None or self.cycle.response_complete):
                self._wait()
            super().data_received(data)

        def handle_websocket_upgrade(self, event: Any) -> None:
            self._heard()
            super().handle_websocket_upgrade(event)

        def handle_events(self) -> None:
            before = self.cycle
            super().handle_events()
            if self.cycle is not before:
                self._heard()

        def connection_lost(self, exc: Exception | None) -> None:
            self._heard()
            super().connection_lost(exc)

        def _wait(self) -> None:
            self._head = self.loop.call_later(seconds, self._give_up)

        def _heard(self) -> None:
            if self._head is not None:
                self._head.cancel()
                self._head = None

        def _give_up(self) -> None:
            self._head = None
            who = self.client[0] if self.client else "somebody"
            _log.warning("%s: closed: no request came within %g seconds.", who, seconds)
            # What has been said so far is no request, so that no answer to it is owed; one is given for good manners.
            self.transport.write(b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            self.transport.close()

    return ImpatientProtocol
