"""Secrets that an answer shows once, such as that of a new service token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: The fields of both services' answers that hold one.
SECRET_FIELDS = frozenset(
    {
        "client_secret",
        "download_url",  # signed: whoever knows it can read the file
        "hmac_secret",
        "password",
        "private_key",
        "secret",
        "token",
        "token_string",
    }
)


def mask_secrets(data: Any, mask: Callable[[str], None]) -> None:
    """Tell ``mask`` every secret that stands in an answer, however deep."""
    if isinstance(data, dict):
        for name, value in data.items():
            if name in SECRET_FIELDS and isinstance(value, str) and value:
                mask(value)
            else:
                mask_secrets(value, mask)
    elif isinstance(data, list):
        for value in data:
            mask_secrets(value, mask)
