"""What comes from outside, made fit for messages and for storing."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, lru_cache
from html import unescape
from typing import Any
from urllib.parse import unquote

from airflow_provider_dbtsegment.texts import harmless

HIDDEN = "***"

#: Of a text that is longer, only the beginning gets into a message.
MAX_MESSAGE = 2000
#: So many characters in a row of a secret are hidden wherever they stand, since a service, or a
#: gateway, may have cut it.
_TELLING = 8
#: The same at the end of a text, which was probably cut there.
_TELLING_AT_END = 4
#: A secret that is shorter could be any word.
_SHORTEST = 3

#: A character as services write it into a URL, into JSON, into HTML, or as it is.
_UNIT = re.compile(
    r"%(?:25)*([0-9A-Fa-f]{2})"
    r"|\\u00([0-9A-Fa-f]{2})"
    r"|\\(?=[\"'/\\])(.)"
    r"|(&(?:\#\d{1,7}|\#[xX][0-9A-Fa-f]{1,6}|amp|lt|gt|quot|apos);)"
    r"|([\x00-\x1f\x7f])"
    r"|(.)",
    re.DOTALL,
)
#: What stands before the host in a URL, also where a password has a slash that ought to be quoted,
#: unless what is before that could be a port.
_USER_INFO = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]*://)(?:[^\s\"'<>/]*|[^\s\"'<>/:]*:(?!\d+/)[^\s\"'<>]*)@"
)
_AUTHORIZATION = re.compile(
    r"(authorization\\*[\"']?\s*[:=]\s*\\*[\"']?)(?:(?:bearer|basic|digest|token)\s+)?[^\s\"',;]+",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"\b(bearer|basic|token)\s+([A-Za-z0-9._~+/=-]{8,})", re.IGNORECASE)
#: A name, what stands before its value, and a value: in JSON, in JSON within JSON, in a query or in
#: a line of settings.
_NAME = re.compile(r"([A-Za-z][A-Za-z0-9_.-]{1,60})(\\*[\"']?\s*[:=]\s*)")
_VALUE = re.compile(
    r"\"(?:[^\"\\]|\\.)*|'(?:[^'\\]|\\.)*|\\+\"[^\"\\]*|[\[{][^\]}]*|[^\s\"'&,;<>{}\[\]\\]+",
    re.DOTALL,
)
#: Names of fields that hold secrets, without what separates words in them. Whoever knows a
#: download_url can read the file.
_SECRET_NAME = re.compile(
    ".*(?:password|passwd|passphrase|secret|privatekey|apikey|accesskey|deploykey|signingkey"
    "|encryptionkey|hmac|tokenstring).*"
    "|.*token|.*signature|sig|downloadurl|authorization|(?:set)?cookie"
)
_PUBLIC_NAME = re.compile(r".*publickey.*")

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
#: Control characters other than tab and line breaks, and halves of characters.
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

#: Bytes of JSON that may mean one of these: first what is found fast.
_HINTS = (b"\x7f", b"\xc2")
_QUOTED_HINTS = (rb"\u", rb"\b", rb"\f")
_SUSPECT = re.compile(
    rb"\\(?:[bf]|u(?:00(?:0[^9aAdD]|1|7[fF]|[89])|[dD][89a-fA-F]))|\x7f|\xc2[\x80-\x9f]"
)
#: What is to be left as it is comes first: a quoted backslash, and a whole character of two halves.
#: Then the colours of a terminal, which are left out.
_ESCAPES = re.compile(
    rb"(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(\\u001[bB]\[[0-9;?]*[A-Za-z])"
    rb"|\\(?:[bf]|u00(?:0[0-8bceBCEfF]|1[0-9a-fA-F]|7[fF]|[89][0-9a-fA-F]))"
    rb"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
    rb"|\x7f|\xc2[\x80-\x9f]"
)


class Redaction:
    """
    Makes texts from outside fit for a message: on one line, without secrets, not too long.

    :param secrets: What is known to be secret.
    """

    def __init__(self, *secrets: str) -> None:
        self._given = secrets

    def __call__(self, text: str) -> str:
        # Masked before it is cut: half a secret is still one.
        text = text[: 8 * MAX_MESSAGE]
        text = harmless(hide_named(self.mask(text)))
        return text if len(text) <= MAX_MESSAGE else text[:MAX_MESSAGE] + "…"

    def mask(self, text: str) -> str:
        """Return a text without the secrets, however they are encoded and wherever they are cut."""
        letters, places = _decoded(text)
        hidden = bytearray(len(letters))
        for secret in self._secrets:
            for begin, end in _found(secret, letters):
                hidden[begin:end] = b"\1" * (end - begin)
        for run in reversed(list(re.finditer(b"\1+", hidden))):
            text = text[: places[run.start()][0]] + HIDDEN + text[places[run.end() - 1][1] :]
        return text

    @cached_property
    def _secrets(self) -> list[str]:
        """The secrets, and how they look in a header for Basic authentication."""
        found = []
        for secret in filter(None, self._given):
            raw = secret.encode("utf-8", "replace")
            found.append(raw.decode("latin-1"))
            # What stands before it in the same Base64 shifts it by none, one or two bytes.
            for shift in range(3):
                encoded = base64.b64encode(b"\0" * shift + raw).decode()
                found.append(encoded[-(-8 * shift // 6) : (len(raw) + shift) * 8 // 6])
        return [secret.lower() for secret in found if len(secret) >= _SHORTEST]


def proxy_secrets(url: str | None) -> Iterator[str]:
    """Yield what is secret of a proxy's URL: its password, alone and with the user."""
    before = (url or "").rpartition("@")[0]
    user, _, password = (before.partition("://")[2] or before).partition(":")
    if before:
        yield from {password or user, unquote(password or user)}
        yield f"{unquote(user)}:{unquote(password)}"


def mask_secrets(data: Any, mask: Callable[[str], None]) -> None:
    """Tell ``mask`` every secret that stands in an answer, however deep."""
    left = [(data, False)]
    while left:
        one, all_secret = left.pop()
        parts: Iterable[tuple[object, Any]] = ()
        if isinstance(one, dict):
            parts = one.items()
        elif isinstance(one, list):
            parts = ((None, value) for value in one)
        for name, value in parts:
            # Most of a large answer is neither a container nor the value of such a name.
            if isinstance(value, (dict, list)):
                left.append((value, _hides(name, all_secret)))
            elif isinstance(value, str) and value and _hides(name, all_secret):
                mask(value)


def without_secrets(data: Any, all_secret: bool = False) -> Any:
    """Return an answer without the secrets that stand in it."""
    if isinstance(data, dict):
        return {
            name: without_secrets(value, _hides(name, all_secret)) for name, value in data.items()
        }
    if isinstance(data, list):
        return [without_secrets(value, all_secret) for value in data]
    return HIDDEN if all_secret and isinstance(data, str) and data else data


def hide_named(text: str) -> str:
    """Return a text without what is secret by its name, be it JSON that breaks off, or no JSON."""
    text = _USER_INFO.sub(rf"\g<1>{HIDDEN}@", text)
    text = _AUTHORIZATION.sub(rf"\g<1>{HIDDEN}", text)
    text = _SCHEME.sub(_without_token, text)
    parts, at = [], 0
    for found in _NAME.finditer(text):
        value = _VALUE.match(text, found.end())
        if found.start() >= at and value and _is_secret(found[1], found[2], value[0]):
            parts += [text[at : found.end()], _quote(value[0]), HIDDEN]
            at = value.end()
    return "".join([*parts, text[at:]])


def storable(text: str) -> str:
    """
    Return a text that can be stored and logged anywhere.

    The colours of a terminal are left out; other control characters, except tabs and line breaks,
    and halves of characters are replaced.
    """
    if _UNSTORABLE.search(text) is None:
        return text
    return _UNSTORABLE.sub(REPLACEMENT, _COLOURS.sub("", text))


def storable_json(content: bytes | bytearray) -> bytes | bytearray:
    """Return JSON in UTF-8, all texts of which are as :func:`storable` leaves them."""
    hints = _HINTS + (_QUOTED_HINTS if b"\\" in content else ())
    if any(hint in content for hint in hints) and _SUSPECT.search(content):
        return _ESCAPES.sub(_replaced, content)
    return content


def _replaced(match: re.Match[bytes]) -> bytes:
    kept, colour = match.groups()
    return kept or (b"" if colour else REPLACEMENT.encode())


def _without_token(match: re.Match[str]) -> str:
    scheme, token = match.groups()
    return f"{scheme} {HIDDEN}" if _looks_secret(token) else match[0]


def _is_secret(name: str, between: str, value: str) -> bool:
    # "token: is required" is a sentence.
    is_prose = between.strip() == ":" and not _quote(value) and value[0] not in "[{"
    return is_secret_name(name) and (not is_prose or _looks_secret(value))


def _quote(value: str) -> str:
    """Return what stands before a value that is quoted."""
    return value[: len(value) - len(value.lstrip("\\\"'"))]


def _looks_secret(word: str) -> bool:
    return len(word) >= _TELLING and re.search(r"\d|[a-z][A-Z]", word) is not None


def _hides(name: object, within_secret: bool) -> bool:
    """Return whether texts under a name in an answer are secret."""
    if name is None:
        return within_secret
    return (within_secret or is_secret_name(str(name))) and not _is_public(str(name))


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Return whether a field of that name holds a secret, however its words are separated."""
    return _SECRET_NAME.fullmatch(re.sub(r"[^a-z0-9]", "", name.lower())) is not None


@lru_cache(maxsize=4096)
def _is_public(name: str) -> bool:
    return _PUBLIC_NAME.fullmatch(re.sub(r"[^a-z0-9]", "", name.lower())) is not None


def _decoded(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return the bytes of a text, as letters, and where in the text each of them stands."""
    letters: list[str] = []
    places: list[tuple[int, int]] = []
    for match in _UNIT.finditer(text):
        percent, escaped, slashed, entity, control, plain = match.groups()
        if control is not None:
            continue  # nothing that is shown separates what stands before and after it
        if percent or escaped:
            found = chr(int(percent or escaped, 16))
        else:
            one = unescape(entity) if entity else slashed or plain
            found = one.encode("utf-8", "replace").decode("latin-1")
        letters.append(found)
        places += [match.span()] * len(found)
    return "".join(letters).lower(), places


def _found(secret: str, letters: str) -> Iterator[tuple[int, int]]:
    """Yield where a secret, or enough of it, stands."""
    size = min(len(secret), _TELLING)
    parts = {secret[at : at + size] for at in range(len(secret) - size + 1)}
    for at in range(len(letters) - size + 1):
        if letters[at : at + size] in parts:
            yield at, at + size
    for length in range(min(len(secret), len(letters)), _TELLING_AT_END - 1, -1):
        if letters.endswith(secret[:length]):
            yield len(letters) - length, len(letters)
            return
