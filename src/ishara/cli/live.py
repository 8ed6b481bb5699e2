"""`ishara live`: a page with the camera, on this machine."""

from __future__ import annotations

import logging
import socket
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from ishara.cli.app import ModelPath, app
from ishara.console import errors, tell
from ishara.errors import IsharaError
from ishara.extras import extra

DEFAULT_MODEL = Path("fingerspelling")


@app.command()
def live(
    model: ModelPath = DEFAULT_MODEL,
    host: Annotated[str, typer.Option(help="Who can reach the page: 127.0.0.1 is this machine alone.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any that is free.")] = 8000,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="ISHARA_TOKEN",
            show_envvar=True,
            help="What a visitor must know; needed where others can reach the page.",
        ),
    ] = None,
    certfile: Annotated[
        Path | None, typer.Option(help="A certificate (PEM): without, browsers give no camera to other machines.")
    ] = None,
    keyfile: Annotated[Path | None, typer.Option(help="Its key (PEM).")] = None,
    max_sessions: Annotated[int, typer.Option("--max-sessions", min=1, help="Cameras at one time.")] = 8,
    allow_host: Annotated[
        list[str] | None, typer.Option("--allow-host", help="Another name of this server, such as a proxy's.")
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Nobody may teach signs at the page.")] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads that one prediction may use.")] = 1,
) -> None:
    """Open a page that recognises signs: from the camera as they are signed, or from a clip that is uploaded."""
    with extra("live", "The live page and its server"):
        # uvicorn and Starlette look for these two only when they need them.
        import python_multipart  # noqa: F401
        import websockets  # noqa: F401
        from pydantic import SecretStr

        from ishara.live.app import create_app
        from ishara.live.limits import Limits
        from ishara.live.security import Access, is_loopback
        from ishara.live.server import bind, check_certificate, make_server, prepare
    from ishara.recognizer import Recognizer

    access = Access(host, SecretStr(token) if token else None, tuple(allow_host or ()))
    check_certificate(certfile, keyfile)
    limits = Limits(sessions=max_sessions)
    # Before the model is loaded: what cannot be served need not wait for it.
    listening = bind(host, port)
    try:
        shared = prepare(Recognizer.load(model, threads=threads), access, limits, read_only=read_only)
        server = make_server(create_app(shared), limits, certificate=certfile, key=keyfile)
    except IsharaError:
        listening.close()
        raise
    _log_to_terminal()
    _greet(listening, host, secure=certfile is not None, alone=is_loopback(host), problem=shared.camera_problem)
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        tell("Stopped.")


def _greet(listening: socket.socket, host: str, *, secure: bool, alone: bool, problem: str | None) -> None:
    """Say where the page is, and what will not work there."""
    port = listening.getsockname()[1]
    # What listens on every address has none of its own to type.
    host = socket.gethostname() if host in ("0.0.0.0", "::") else host
    name = f"[{host}]" if ":" in host else host
    tell(f"Open [bold]{'https' if secure else 'http'}://{escape(name)}:{port}[/] in a browser. Ctrl-C ends it.")
    if not alone:
        tell("The page asks for the token.")
        if not secure:
            tell(
                "Without --certfile and --keyfile, browsers on other machines give the page no camera; clips can be "
                "uploaded. Everything, the token too, can be read on the way."
            )
    if problem is not None:
        tell(f"No camera can be used, only clips of landmarks (.pose): {escape(problem)}")


def _log_to_terminal() -> None:
    """Show what the server logs, on standard error."""
    handler = logging.StreamHandler(errors.file)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    for name, level in (("ishara.live", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(level)
