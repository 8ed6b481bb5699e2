"""The WebSocket: a client's messages to its session, and the session's answers back."""

from __future__ import annotations

import asyncio
import logging
from typing import NoReturn

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from ishara.errors import IsharaError
from ishara.live.outbox import Outbox
from ishara.live.schema import (
    VERSION,
    Answer,
    Hello,
    LandmarkFrame,
    Ping,
    Wrong,
    read_binary,
    read_text,
)
from ishara.live.security import bearer
from ishara.live.session import Session
from ishara.live.state import Live

_log = logging.getLogger(__name__)
_NORMAL, _TRY_LATER = 1000, 1013
# Why the server closes (RFC 6455 leaves 4000 to 4999 to applications); the same ends as HTTP's codes.
_CODES = {"token": 4401, "timeout": 4408, "full": _TRY_LATER, "internal": 1011, "model": 1011, "camera": 1011}
_OTHER = 4400


class _Refused(Exception):
    """The client is told, and the connection closed."""

    def __init__(self, code: str, message: str) -> None:
        self.answer = Wrong.model_validate({"code": code, "message": message, "fatal": True})
        super().__init__(message)


async def talk(websocket: WebSocket, live: Live) -> None:
    """Serve one client until it goes, or is told to."""
    await websocket.accept()
    try:
        hello = await _hello(websocket, live)
        if live.full:
            raise _Refused("full", f"All {live.limits.sessions} places are taken; try again in a while.")
        outbox = Outbox(live.limits.unread_messages)
        try:
            session, welcome = live.open(hello, outbox)
        except IsharaError as error:
            raise _Refused("camera" if hello.input == "jpeg" else "model", str(error)) from None
    except _Refused as refused:
        live.metrics.refused.labels(refused.answer.code).inc()
        _log.warning("%s: refused (%s).", _who(websocket), refused.answer.code)
        await _end(websocket, refused.answer)
        return
    except WebSocketDisconnect:
        return
    _log.info("Session %d: %s began (%s).", session.number, _who(websocket), hello.input)
    try:
        await _send(websocket, welcome)
        session.start()
        await _serve(websocket, live, session, outbox)
    except (WebSocketDisconnect, RuntimeError) as gone:
        # Starlette has a RuntimeError for a message to a socket that has gone.
        if isinstance(gone, RuntimeError) and websocket.client_state is WebSocketState.CONNECTED:
            raise
    finally:
        live.close(session)
        _log.info("Session %d: ended.", session.number)


async def _hello(websocket: WebSocket, live: Live) -> Hello:
    """The first message, of somebody who may speak."""
    given = bearer(websocket.headers.get("authorization"))
    if given is not None and not live.access.admits(given):
        raise _Refused("token", "The token is wrong.")
    text, _ = await _next(websocket, live.limits.hello_seconds)
    try:
        if text is None or len(text) > live.limits.message_bytes:
            raise IsharaError("The first message is no hello: expected a JSON object.")
        hello = read_text(text)
    except IsharaError as error:
        raise _Refused("schema", str(error)) from None
    if not isinstance(hello, Hello):
        raise _Refused("schema", 'The first message is no hello: expected {"type": "hello", "version": 1, …}.')
    if given is None and not live.access.admits(hello.token.get_secret_value() if hello.token else None):
        raise _Refused("token", "The token is wrong." if hello.token else "A token is needed, in the hello.")
    if hello.version != VERSION:
        raise _Refused("schema", f"The hello speaks version {hello.version}; this server speaks {VERSION}.")
    return hello


async def _serve(websocket: WebSocket, live: Live, session: Session, outbox: Outbox) -> None:
    """Both directions at once, until one of them ends."""
    tasks = [
        asyncio.create_task(_receive(websocket, live, session)),
        asyncio.create_task(_answer(websocket, outbox)),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        error = task.exception()
        if isinstance(error, _Refused):
            session.wrong(error.answer.code, error.answer.message)
            await _end(websocket, error.answer)
        elif error is not None:
            raise error


async def _answer(websocket: WebSocket, outbox: Outbox) -> None:
    """The session's answers; ends with a fatal one."""
    while True:
        answer = await outbox.next()
        if isinstance(answer, Wrong) and answer.fatal:
            await _end(websocket, answer)
            return
        await _send(websocket, answer)


async def _receive(websocket: WebSocket, live: Live, session: Session) -> NoReturn:
    """The client's messages, until it goes."""
    bad = 0
    while True:
        text, data = await _next(websocket, live.limits.idle_seconds)
        try:
            _deliver(live, session, text, data)
            bad = 0
        except IsharaError as error:
            bad += 1
            if bad >= live.limits.bad_messages:
                raise _Refused("schema", f"{bad} messages in a row were wrong, the last so: {error}") from None
            session.wrong("schema", str(error))


async def _next(websocket: WebSocket, seconds: float) -> tuple[str | None, bytes | None]:
    """The next message, a text or bytes; one that does not come in time ends the connection."""
    try:
        async with asyncio.timeout(seconds):
            message = await websocket.receive()
    except TimeoutError:
        raise _Refused("timeout", f"Nothing came for {seconds:g} seconds.") from None
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", _NORMAL))
    return message.get("text"), message.get("bytes")


def _deliver(live: Live, session: Session, text: str | None, data: bytes | None) -> None:
    """Hand a message to the session; `IsharaError` if it is none."""
    size = len(text if text is not None else data or b"")
    if size > live.limits.message_bytes:
        raise IsharaError(f"The message has {size:,} bytes; at most {live.limits.message_bytes:,} are taken.")
    if text is None:
        session.offer(read_binary(data or b""))
        return
    said = read_text(text)
    if isinstance(said, LandmarkFrame):
        session.offer(said)
    elif isinstance(said, Hello):
        raise IsharaError("A hello was said already; connect again for another.")
    elif not isinstance(said, Ping) and not session.ask(said):
        raise _Refused("schema", "Too many messages wait for this session.")


async def _send(websocket: WebSocket, answer: Answer) -> None:
    await websocket.send_text(answer.model_dump_json())


async def _end(websocket: WebSocket, answer: Wrong) -> None:
    """Say why, and close."""
    try:
        await _send(websocket, answer)
        # A close frame's reason has room for 123 bytes.
        await websocket.close(_CODES.get(answer.code, _OTHER), answer.code)
    except (WebSocketDisconnect, RuntimeError):
        return


def _who(websocket: WebSocket) -> str:
    return websocket.client.host if websocket.client else "somebody"
