"""The server: a socket that is ours alone, TLS, and uvicorn with its doors narrowed."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from ishara.errors import IsharaError
from ishara.live.estimators import Estimators, Make
from ishara.live.limits import Limits
from ishara.live.patience import impatient
from ishara.live.security import Access
from ishara.live.state import Live
from ishara.live.teaching import can_be_taught
from ishara.pose.estimate.stream import make_stream_estimator
from ishara.recognizer import Recognizer

_BACKLOG = 64
# Connections beside the sessions': pages that load, uploads, metrics.
_FURTHER = 100
_GRACE_SECONDS = 2
# How PEM files begin, and what OpenSSL calls a key of something else.
_CERTIFICATE = r"-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----"
_KEY = r"-----BEGIN ([A-Z]+ )?PRIVATE KEY-----"
_MISMATCHES = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")


def prepare(
    recognizer: Recognizer,
    access: Access,
    limits: Limits,
    *,
    read_only: bool = False,
    make_estimator: Make = make_stream_estimator,
) -> Live:
    """All that a server shares, with models that are warm.

    Parameters
    ----------
    recognizer
        What is served.
    access, limits
        Who is let in, and how much is taken from them.
    read_only
        Whether nobody may teach signs over the page.
    make_estimator
        What makes the estimators of landmarks.
    """
    recognizer.warm_up()
    estimators = Estimators(recognizer.recipe, make_estimator) if recognizer.config.input == "landmarks" else None
    return Live(
        recognizer,
        access,
        limits,
        teachable=not read_only and can_be_taught(recognizer),
        estimators=estimators,
        camera_problem=estimators.problem() if estimators is not None else None,
    )


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Parameters
    ----------
    host
        A name or an address.
    port
        0 for any that is free.

    Raises
    ------
    IsharaError
        If the port is in use or not allowed, or the host is none of this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        sock = socket.socket(family, kind, protocol)
    except OSError as error:
        raise IsharaError(f"--host {host}: there is no such address ({error.strerror or error}).") from None
    try:
        # So that the port can be used again at once after the server has ended; two servers cannot share it by this.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise IsharaError(
                f"Port {port} of {host} is in use, perhaps by another `ishara live`. Choose another: --port {port + 1}"
            ) from None
        if error.errno == errno.EACCES:
            raise IsharaError(f"Port {port} of {host} is not allowed; choose one from 1024 on: --port 8000") from None
        raise IsharaError(f"{host}, port {port}: cannot be listened on ({error.strerror}).") from None
    return sock


def check_certificate(certificate: Path | None, key: Path | None) -> None:
    """Make sure that a certificate and its key, if given, fit together.

    Raises
    ------
    IsharaError
        If one of them is missing or cannot be read, or they do not belong to each other.
    """
    if certificate is None and key is None:
        return
    if certificate is None or key is None:
        raise IsharaError("A certificate and its key belong together: give both --certfile and --keyfile.")
    for path, begins, what in ((certificate, _CERTIFICATE, "certificate"), (key, _KEY, "private key")):
        if not path.is_file():
            raise IsharaError(f"{path}: there is no such file; expected a PEM file.")
        if not re.search(begins, _text(path)):
            raise IsharaError(f"{path}: holds no {what} in PEM, a text with the line -----BEGIN {what.upper()}-----.")
    if "ENCRYPTED" in _text(key):
        raise IsharaError(
            f"{key}: is locked with a password, which cannot be asked for. Without: openssl pkey -in {key} -out FILE"
        )
    try:
        # Never to wait for a password at the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "reason", None) or error.strerror or str(error)
        if reason in _MISMATCHES:
            raise IsharaError(f"{key}: is the key of another certificate than {certificate}.") from None
        raise IsharaError(f"{certificate} and {key}: are no certificate and its key ({reason}).") from None


def _text(path: Path) -> str:
    """What a PEM file holds, as text."""
    try:
        return path.read_bytes().decode("ascii", "replace")
    except OSError as error:
        raise IsharaError(f"{path}: cannot be read ({error.strerror}).") from None


def make_server(
    app: FastAPI, limits: Limits, *, certificate: Path | None = None, key: Path | None = None
) -> uvicorn.Server:
    """uvicorn for an application; run it with ``server.run(sockets=[bind(…)])``."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=impatient(limits.header_seconds),
            # Requests and their tokens are in no log; what Ishara logs is in its own.
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            # A message that is a little too large is answered, one of twice the size ends the connection. Nothing is
            # compressed: JPEG cannot be, and a small message that swells to gigabytes cannot come.
            ws_max_size=2 * limits.message_bytes,
            ws_per_message_deflate=False,
            limit_concurrency=limits.sessions + _FURTHER,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
    )
