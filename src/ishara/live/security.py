"""Who may speak to the server: its own name (Host), its own page (Origin), and whoever knows the token."""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

from ishara.errors import IsharaError

LOOPBACK_NAMES = frozenset({"localhost"})
_SHORTEST_TOKEN = 12
_WILDCARDS = ("0.0.0.0", "::", "")

# The page loads nothing from elsewhere, runs no inline script, and stands in nobody's frame.
HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}


def is_loopback(host: str) -> bool:
    """Whether a host can be reached from this machine alone."""
    if host.lower() in LOOPBACK_NAMES:
        return True
    address = _address(host)
    return address is not None and address.is_loopback


@dataclass(frozen=True)
class Access:
    """Who is let in.

    Parameters
    ----------
    host
        Where the server listens.
    token
        What everybody must know; ``None`` on loopback alone.
    names
        Further names by which it may be called, such as that of a proxy.

    Raises
    ------
    IsharaError
        If the host is not loopback and there is no token, or the token is too short to be a secret.
    """

    host: str = "127.0.0.1"
    token: SecretStr | None = None
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.token is None:
            if not is_loopback(self.host):
                raise IsharaError(
                    f"{self.host}: others can reach this address, so a token is needed: --token SECRET, or the "
                    'environment variable ISHARA_TOKEN. One that nobody guesses: python -c "import secrets; '
                    'print(secrets.token_urlsafe())"'
                )
            return
        length = len(self.token.get_secret_value())
        if length < _SHORTEST_TOKEN or not self.token.get_secret_value().isascii():
            raise IsharaError(
                f"The token has {length} characters; expected at least {_SHORTEST_TOKEN}, of ASCII. One that nobody "
                'guesses: python -c "import secrets; print(secrets.token_urlsafe())"'
            )

    def knows_host(self, header: str | None) -> bool:
        """Whether a request's Host means this server; a name of somebody's own may be bound to our address."""
        name = _host_name(header)
        if name is None:
            return False
        if name == self.host.lower() or name in map(str.lower, self.names):
            return True
        open_to_all = self.host in _WILDCARDS
        if is_loopback(name):
            return open_to_all or is_loopback(self.host)
        if not open_to_all:
            return False
        own = socket.gethostname().lower()
        return _address(name) is not None or name in (own, f"{own}.local", socket.getfqdn().lower())

    def knows_origin(self, origin: str | None, host: str | None) -> bool:
        """Whether a request comes from our own page, or from no page at all: browsers always say from which."""
        if origin is None:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and host is not None and parts.netloc.lower() == host.lower()

    def admits(self, given: str | None) -> bool:
        """Whether a token is the right one; takes as long for a wrong one as for the right one."""
        if self.token is None:
            return True
        wanted = self.token.get_secret_value().encode()
        return hmac.compare_digest((given or "").encode(errors="surrogatepass"), wanted)


def bearer(header: str | None) -> str | None:
    """The token of an Authorization header."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _host_name(header: str | None) -> str | None:
    """The name in a Host header, without its port."""
    if not header:
        return None
    try:
        parts = urlsplit(f"//{header}")
        # A port that is no number is refused here.
        return None if parts.port == -1 or parts.path or parts.username is not None else parts.hostname
    except ValueError:
        return None
