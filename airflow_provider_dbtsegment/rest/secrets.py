"""Secrets that an answer holds, such as that of a new service token."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

#: The names of fields that hold one. Whoever knows a ``download_url`` can read the file.
_NAMES = (
    "[a-z_]*(?:password|passphrase|secret|private_key|hmac|token_string|access_token|refresh_token)"
    "[a-z_]*|token|download_url"
)
_FIELD = re.compile(_NAMES, re.IGNORECASE)
_QUOTED = re.compile(rf'("(?:{_NAMES})"\s*:\s*")(?:[^"\\]|\\.)*', re.IGNORECASE)

HIDDEN = "***"


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
                left.append((value, all_secret or _is_secret(name)))
            elif isinstance(value, str) and value and (all_secret or _is_secret(name)):
                mask(value)


def without_secrets(data: Any) -> Any:
    """Return an answer without the secrets that stand in it."""
    return _walk(data)


def hide_secrets(text: str) -> str:
    """Return a text without the secrets of the JSON in it, which may break off anywhere."""
    return _QUOTED.sub(rf"\g<1>{HIDDEN}", text)


@lru_cache(maxsize=4096)
def _is_secret(name: object) -> bool:
    return _FIELD.fullmatch(str(name)) is not None


def _walk(data: Any, is_secret: bool = False) -> Any:
    """Return a copy without secrets."""
    if isinstance(data, dict):
        return {name: _walk(value, is_secret or _is_secret(name)) for name, value in data.items()}
    if isinstance(data, list):
        return [_walk(value, is_secret) for value in data]
    return HIDDEN if is_secret and isinstance(data, str) and data else data
