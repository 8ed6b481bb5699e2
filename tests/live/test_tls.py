"""https and wss: `ishara live` with a certificate, as a browser would meet it."""

import json
import shutil
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from websockets.sync.client import connect

from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.errors import IsharaError
from ishara.live.server import check_certificate
from ishara.pose.pose import Pose

from .conftest import TOKEN, Client
from .program import live_program

OPENSSL = shutil.which("openssl")
ELLIPTIC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")


def openssl(*words: object) -> None:
    if OPENSSL is None:
        pytest.skip("openssl is not installed (apt-get install openssl)")
    subprocess.run([OPENSSL, *map(str, words)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate of this machine's, cert.pem, with key.pem, and keys that do not fit it."""
    folder = tmp_path_factory.mktemp("pem")
    names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    made = ("-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-days", 2)
    openssl("req", "-x509", *ELLIPTIC, "-nodes", *names, *made)
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-out", folder / "other.pem")
    openssl("genpkey", "-algorithm", "RSA", "-out", folder / "rsa.pem")
    openssl("pkey", "-in", folder / "key.pem", "-aes256", "-passout", "pass:secret", "-out", folder / "locked.pem")
    (folder / "text.pem").write_text("nothing")
    return folder


def test_the_page_the_api_and_the_websocket_are_served_over_tls(tiny_run: Path, pem: Path, tmp_path: Path) -> None:
    secure = ("--certfile", pem / "cert.pem", "--keyfile", pem / "key.pem", "--token", TOKEN)
    trusting = ssl.create_default_context(cafile=pem / "cert.pem")
    with live_program([sys.executable, "-m", "ishara", "live", tiny_run, *secure], tmp_path) as address:
        assert address.startswith("https://127.0.0.1:")
        with urllib.request.urlopen(f"{address}/", context=trusting) as page:
            assert b'<script type="module" src="/page/js/main.js">' in page.read()
        asked = urllib.request.Request(f"{address}/info", headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(asked, context=trusting) as info:
            assert json.load(info)["name"] == "tiny"
        # As the page does it: from its own origin, with the token in the first message.
        socket = connect(f"wss{address.removeprefix('https')}/ws", ssl=trusting, origin=address)
        with socket:
            client = Client(socket)
            clip = synthetic_clip("SYN-01")
            assert client.hello(input="landmarks", landmarks=clip.skeleton.landmarks, token=TOKEN)["type"] == "welcome"
            assert client.play(Pose(clip.coordinates, clip.confidence, 25, clip.skeleton))
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(f"{address}/health")
        with pytest.raises((OSError, ValueError)):
            urllib.request.urlopen(f"{address.replace('https', 'http')}/health")


@pytest.mark.parametrize(
    ("certificate", "key", "expected"),
    [
        ("cert.pem", "other.pem", "other.pem: is the key of another certificate than .*cert.pem"),
        ("cert.pem", "rsa.pem", "rsa.pem: is the key of another certificate than .*cert.pem"),
        ("cert.pem", "locked.pem", "locked.pem: is locked with a password.*: openssl pkey -in .*locked.pem -out FILE"),
        ("cert.pem", "cert.pem", "cert.pem: holds no private key in PEM"),
        ("key.pem", "cert.pem", "key.pem: holds no certificate in PEM"),
        ("text.pem", "key.pem", "text.pem: holds no certificate in PEM"),
        ("cert.pem", "gone.pem", "gone.pem: there is no such file; expected a PEM file"),
        ("gone.pem", "key.pem", "gone.pem: there is no such file; expected a PEM file"),
    ],
)
def test_a_certificate_and_a_key_that_do_not_fit_are_told_apart(
    pem: Path, certificate: str, key: str, expected: str
) -> None:
    with pytest.raises(IsharaError, match=expected):
        check_certificate(pem / certificate, pem / key)


def test_a_wrong_key_is_one_line_and_no_server(ishara, tiny_run: Path, pem: Path) -> None:
    words = ("--certfile", pem / "cert.pem", "--keyfile", pem / "other.pem")
    code, out, err = ishara("live", tiny_run, "--port", 0, *words)
    assert (code, out) == (1, "")
    assert err == f"Error: {pem / 'other.pem'}: is the key of another certificate than {pem / 'cert.pem'}.\n"


def test_a_damaged_certificate_is_told_without_a_traceback(pem: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.pem"
    damaged.write_text("-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----\n")
    with pytest.raises(IsharaError, match=r"damaged.pem and .*key.pem: are no certificate and its key"):
        check_certificate(damaged, pem / "key.pem")
