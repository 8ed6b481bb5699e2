"""Clients that play recordings to a server at their own rate: ``python -m live.client PORT FILE…`` prints JSON."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

from ishara.live.schema import write_binary
from live.recorded import Recording


async def play(port: int, recording: Recording) -> dict[str, Any]:
    """Play one recording; the milliseconds of each frame and sign as the server measured them, and the signs."""
    told: dict[str, Any] = {"frames": [], "signs": [], "sign_milliseconds": [], "dropped": 0, "errors": []}
    async with connect(f"ws://127.0.0.1:{port}/ws", compression=None, max_size=None) as socket:
        hello = {"type": "hello", "version": 1, "input": recording.kind, "fps": 25}
        if recording.kind == "landmarks":
            hello |= {"landmarks": recording.landmarks}
        await socket.send(json.dumps(hello))
        assert json.loads(await socket.recv())["type"] == "welcome"
        listener = asyncio.create_task(_listen(socket, told))
        began = time.perf_counter()
        for number, (payload, when) in enumerate(zip(recording.payloads, recording.times, strict=True)):
            await asyncio.sleep(max(0.0, began + when - time.perf_counter()))
            await socket.send(write_binary(recording.kind, number, when, payload))
        await socket.send('{"type": "pause"}')
        # Its answer, whatever it is, comes after all that the pause decided.
        await socket.send('{"type": "take", "action": "stop"}')
        await listener
    return told


async def _listen(socket: Any, told: dict[str, Any]) -> None:
    """Take down what the server says, until it answers the last message."""
    async for text in socket:
        message = json.loads(text)
        if message["type"] == "frame":
            told["frames"].append(message["milliseconds"])
            told["dropped"] = message["dropped"]
        elif message["type"] == "sign":
            told["signs"].append([message["gloss"], round(message["start"], 3)])
            told["sign_milliseconds"].append(message["milliseconds"])
        elif message["type"] == "take" or message.get("code") == "teach":
            return
        else:
            told["errors"].append(message.get("code", message["type"]))


async def main(port: int, paths: list[Path]) -> None:
    """All recordings at the same time."""
    told = await asyncio.gather(*(play(port, Recording.read(path)) for path in paths))
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), [Path(word) for word in sys.argv[2:]]))
