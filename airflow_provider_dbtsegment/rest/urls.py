"""Hosts and URLs: what a connection may hold, and what may be written into a message."""

from __future__ import annotations

import ipaddress
import re
import socket
from urllib.parse import quote, urlsplit

from airflow_provider_dbtsegment.exceptions import ConfigurationError

#: What is used where a URL names none.
PORTS = {"http": 80, "https": 443}
#: A host, with a scheme before it and a port after it if they are there.
_HOST = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:\[[0-9A-Fa-f:.%]*\]|[^\s:/?#@\[\]\\]*)(?::\d+(?!\d|\w))?"
)
PROXY_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")


def base_url(host: str, *, port: int | None = None, allow_plain_http: bool = False) -> str:
    """
    Return the origin (``https://host[:port]``) that a connection's host field means.

    :param host: A host name, or an origin such as ``https://ab123.us1.dbt.com``.
    :param port: The connection's port, used when ``host`` names none; 0 counts as none, and so
        does 443 beside ``http://``: Airflow 3.3 tests no connection without a port.
    :param allow_plain_http: Accept ``http://`` to hosts other than this machine.
    :raises ConfigurationError: When the host holds a path, a query or credentials, or would be
        spoken to without encryption.
    """
    text = host.strip()
    if "@" in text:
        raise ConfigurationError(
            "The host holds a user name or a password. Put the token into the password field."
        )
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        own_port, name = parts.port, parts.hostname
    except ValueError:
        raise ConfigurationError(
            f"The host {_shown(text)!r} is not a host name, or its port is no number."
        ) from None
    if parts.scheme not in ("http", "https"):
        raise ConfigurationError(
            f"The host {_shown(text)!r} begins with {parts.scheme}://. Use https://."
        )
    if not name or any(char.isspace() for char in text):
        raise ConfigurationError(f"The host {_shown(text)!r} is not a host name.")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ConfigurationError(
            f"The host {_shown(text)!r} holds more than a host. Give the host alone, "
            f"such as {_shown(text)}."
        )
    if parts.scheme == "http" and not allow_plain_http and not is_loopback(name):
        raise ConfigurationError(
            f"{_shown(text)} would send the token unencrypted. Use https://, or set "
            '"allow_plain_http" to true in the connection if that is meant.'
        )
    wanted = own_port or (None if port == 443 else port)
    return origin(parts.scheme, name, None if wanted == PORTS[parts.scheme] else wanted)


def proxy_url(text: str) -> str | None:
    """
    Return the URL of a proxy, which may have been given without its ``http://``.

    :raises ConfigurationError: When it is none.
    """
    url = text.strip()
    if not url:
        return None
    if "://" not in url:
        url = f"http://{url}"
    try:
        parts = urlsplit(url)
        known = bool(parts.hostname) and (parts.port or 1) > 0
        # A password in which slashes and the like are not quoted ends the host before it begins.
        known &= parts.path in ("", "/") and not parts.query and not parts.fragment
    except ValueError:
        known = False
    if not known or parts.scheme not in PROXY_SCHEMES or any(char.isspace() for char in url):
        raise ConfigurationError(
            f"The proxy {_shown(text.strip())!r} is not one. Write it like "
            "http://proxy.example.com:3128, with special characters of a password as %2F and so on."
        )
    return url


def origin(scheme: str, name: str, port: int | None) -> str:
    """Return scheme, host and port as the beginning of a URL."""
    bracketed = f"[{name}]" if ":" in name else name
    return f"{scheme}://{bracketed}" + (f":{port}" if port else "")


def same_origin(one: str, other: str) -> bool:
    """Return whether two URLs have the same scheme, host and port."""
    return _origin_key(one) == _origin_key(other)


def is_loopback(name: str) -> bool:
    """
    Return whether a host name means this machine.

    ``localhost`` and the names below it do so only if all addresses are that they have: nothing
    keeps somebody's DNS from giving them others.
    """
    if name == "localhost" or name.endswith(".localhost"):
        try:
            found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return False
        return bool(found) and all(_is_loopback(str(info[4][0])) for info in found)
    return _is_loopback(name)


def _is_loopback(address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return (getattr(ip, "ipv4_mapped", None) or ip).is_loopback


def redact(url: str) -> str:
    """Return a URL that may be written anywhere: no credentials, no query, no fragment."""
    parts = urlsplit(url)
    return origin(parts.scheme, parts.hostname or "", parts.port) + parts.path


def path_segment(value: object, name: str) -> str:
    """
    Return an id as one quoted segment of a path.

    :param value: The id.
    :param name: What it is, for the message.
    :raises ConfigurationError: When it is empty or would change the path.
    """
    text = str(value).strip() if value is not None else ""
    if not text:
        raise ConfigurationError(f"The {name} is empty.")
    if "/" in text or "\\" in text or text in (".", "..") or not text.isprintable():
        raise ConfigurationError(
            f"The {name} {text!r} is not an id: it must not contain a slash or control characters."
        )
    return quote(text, safe="")


def _origin_key(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme)


def _shown(host: str) -> str:
    """Return a host that may be quoted in a message, should somebody have put a secret into it."""
    found = _HOST.match(host.rpartition("@")[2])
    return found[0] if found else ""
