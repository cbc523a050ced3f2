"""What operators and sensors are given, checked: templates make texts of everything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow_provider_dbtsegment.exceptions import ConfigurationError

_YES = ("true", "yes", "1", "on")
_NO = ("false", "no", "0", "off")


def optional_int(value: Any, name: str) -> int | None:
    """
    Return a whole number above 0, which may be text; nothing for nothing.

    :raises ConfigurationError: When it is something else.
    """
    text = "" if value is None else str(value).strip()
    if not text or text == "None":
        return None
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or int(text) == 0:
        raise ConfigurationError(f"{name} is {value!r}; it must be a whole number above 0.")
    return int(text)


def required_int(value: Any, name: str) -> int:
    """
    Return a whole number above 0, which may be text.

    :raises ConfigurationError: When it is something else or nothing.
    """
    number = optional_int(value, name)
    if number is None:
        raise ConfigurationError(f"{name} is empty; it must be a whole number above 0.")
    return number


def required_id(value: Any, name: str) -> str:
    """
    Return an id that can stand in a path.

    :raises ConfigurationError: When it cannot.
    """
    text = "" if value is None else str(value).strip()
    if not text or text == "None":
        raise ConfigurationError(f"{name} is empty.")
    if "/" in text or "\\" in text or not text.isprintable():
        raise ConfigurationError(
            f"{name} is {text!r}; an id has no slash in it. Give the id, not the address."
        )
    return text


def optional_text(value: Any, name: str) -> str | None:
    """
    Return a text; nothing for nothing.

    :raises ConfigurationError: When it is something else.
    """
    if value is None or value in ("", "None"):
        return None
    if not isinstance(value, str):
        raise ConfigurationError(f"{name} is {value!r}; it must be a text.")
    return value


def optional_flag(value: Any, name: str) -> bool | None:
    """
    Return a yes or no, which may be text; nothing for nothing.

    :raises ConfigurationError: When it is something else.
    """
    if value is None or isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in ("", "none"):
        return None
    if text not in _YES + _NO:
        raise ConfigurationError(f"{name} is {value!r}; it must be true or false.")
    return text in _YES


def optional_texts(value: Any, name: str) -> list[str] | None:
    """
    Return several texts; nothing for nothing.

    :raises ConfigurationError: When it is something else; a single text is probably a mistake.
    """
    if value is None:
        return None
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ConfigurationError(f"{name} is {value!r}; it must be a list of texts.")
    texts = [str(text).strip() for text in value]
    if not texts or not all(texts):
        raise ConfigurationError(f"{name} is {value!r}; it holds nothing, or an empty text.")
    return texts


def optional_seconds(value: timedelta | float | None, name: str) -> float | None:
    """
    Return a time in seconds; nothing for nothing.

    :raises ConfigurationError: When it is not above 0.
    """
    if value is None:
        return None
    try:
        seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    except (TypeError, ValueError):
        seconds = -1.0
    if isinstance(value, bool) or not 0 < seconds < float("inf"):
        raise ConfigurationError(f"{name} is {value!r}; it must be a time above 0 seconds.")
    return seconds
