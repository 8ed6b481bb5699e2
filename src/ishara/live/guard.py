"""`Guard`: what every request passes before it reaches the application."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket

from ishara.live.metrics import Metrics
from ishara.live.security import HEADERS, Access, bearer

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)
# What holds no secret: the page itself, and whether the server is alive. A WebSocket may bring its token later.
_OPEN = ("/", "/health")
PAGE = "/page/"


class Guard:
    """ASGI middleware: Host, Origin and token are checked, and the headers added that keep a page to itself."""

    def __init__(self, app: ASGIApp, access: Access, metrics: Metrics) -> None:
        self._app = app
        self._access = access
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        wrong = self._wrong(scope)
        if wrong is None:
            await self._app(scope, receive, send_with_headers)
            return
        status, reason, message = wrong
        self._metrics.refused.labels(reason).inc()
        _log.warning("%s: refused (%s).", _who(scope), reason)
        challenge = {"www-authenticate": "Bearer"} if status == 401 else None
        response = JSONResponse({"detail": message}, status, challenge)
        if scope["type"] == "websocket":
            await WebSocket(scope, receive, send).send_denial_response(response)
        else:
            await response(scope, receive, send_with_headers)

    def _wrong(self, scope: Scope) -> tuple[int, str, str] | None:
        """Status, reason in a word, and message; none for what may pass."""
        headers = Headers(scope=scope)
        host = headers.get("host")
        if not self._access.knows_host(host):
            return 421, "host", "This server does not go by the name in the request's Host header (see --allow-host)."
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
        if changes and not self._access.knows_origin(headers.get("origin"), host):
            return 403, "origin", "The request comes from a page of another site."
        path = scope["path"]
        free = scope["type"] == "websocket" or path in _OPEN or path.startswith(PAGE)
        if not free and not self._access.admits(bearer(headers.get("authorization"))):
            return 401, "token", "A token is needed: Authorization: Bearer TOKEN."
        return None


def _who(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else "somebody"
