"""Starting a server: its port, its certificate, and who opens a connection and says nothing."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ishara.live.server import bind

from .conftest import Serve


def test_two_servers_do_not_share_a_port(ishara, tiny_run: Path) -> None:
    with bind("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        code, out, err = ishara("live", tiny_run, "--port", port)
    assert (code, out) == (1, "")
    assert err.startswith(f"Error: Port {port} of 127.0.0.1 is in use, perhaps by another `ishara live`. Choose")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--host", "0.0.0.0"], "0.0.0.0: others can reach this address, so a token is needed: --token"),
        (["--host", "0.0.0.0", "--token", "short"], "The token has 5 characters"),
        (["--host", "not a host"], "--host not a host: there is no such address"),
        (["--certfile", "a.pem"], "give both --certfile and --keyfile"),
        (["--certfile", "a.pem", "--keyfile", "b.pem"], "a.pem: there is no such file; expected a PEM file"),
    ],
)
def test_what_cannot_be_served_is_said_in_one_line(ishara, tiny_run: Path, words: list[str], expected: str) -> None:
    if "not a host" in words:
        words = [*words, "--token", "long-enough-for-a-secret"]
    code, _, err = ishara("live", tiny_run, "--port", 0, *words)
    assert code == 1
    assert expected in err
    assert len(err.splitlines()) == 1


def test_who_opens_a_connection_and_speaks_letter_by_letter_is_closed(serve: Serve, warned: list[str]) -> None:
    running = serve(header_seconds=0.3)
    for said in (b"", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "):
        with socket.create_connection(("127.0.0.1", running.port), timeout=10) as slow:
            slow.sendall(said)
            assert slow.recv(1000).startswith(b"HTTP/1.1 408")
            assert slow.recv(1000) == b""
    assert len([line for line in warned if "no request came within 0.3 seconds" in line]) == 2


def test_who_speaks_in_time_may_speak_again(serve: Serve) -> None:
    running = serve(header_seconds=0.3)
    request = f"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as client:
        for _ in range(3):
            client.sendall(request)
            answer = client.recv(10_000)
            while b"most_sessions" not in answer:
                answer += client.recv(10_000)
            assert answer.startswith(b"HTTP/1.1 200")
    assert running.connect().hello()["type"] == "welcome"


def test_the_server_runs_without_torch() -> None:
    code = (
        "import sys, ishara.live.app, ishara.live.server;"
        "heavy = {'torch', 'mediapipe', 'matplotlib', 'polars', 'av'} & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
