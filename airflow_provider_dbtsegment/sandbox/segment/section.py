"""Read a mapping out of YAML and say precisely what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from ..config import ConfigError

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class Section:
    """One mapping of the configuration, together with the place where it stands."""

    def __init__(self, value: Any, place: str) -> None:
        if not isinstance(value, Mapping):
            raise ConfigError(f"{place}: expected a mapping of keys to values, got {value!r}.")
        self._values: dict[str, Any] = dict(value)
        self._place = place
        self._known: set[str] = set()

    def has(self, key: str) -> bool:
        """Tell whether the key is there with a value."""
        return self._take(key) is not None

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text; without a default the key is required."""
        value = self._take(key)
        if value is None:
            if default is None:
                self.fail(key, "is missing; add it.")
            return default
        if not isinstance(value, str) or not value.strip():
            self.fail(key, f"must be a text that is not empty, not {value!r}.")
        return value

    def identifier(self, key: str) -> str:
        """Return an id, which also serves as a file name."""
        value = self.text(key)
        if not _ID.fullmatch(value):
            self.fail(
                key, f"{value!r} is no id; use letters, digits, '_', '-' and '.', a letter first."
            )
        return value

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false."""
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fail(key, f"must be true or false, not {value!r}.")
        return value

    def integer(self, key: str, default: int) -> int:
        """Return a whole number of at least one."""
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            self.fail(key, f"must be a whole number of at least 1, not {value!r}.")
        return value

    def number(self, key: str) -> float | None:
        """Return a number above zero, or None when the key is absent."""
        value = self._take(key)
        if value is None:
            return None
        if not isinstance(value, (int, float)) or isinstance(value, bool) or value <= 0:
            self.fail(key, f"must be a number above 0, not {value!r}.")
        return float(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; empty when the key is absent."""
        value = self._take(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.fail(key, f"must be a list of texts, not {value!r}.")
        return tuple(value)

    def table(self, key: str, kind: type) -> dict[str, Any]:
        """Return a flat mapping of texts to values of one kind; empty when the key is absent."""
        value = self._take(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping) or not all(
            isinstance(name, str) and isinstance(item, kind) for name, item in value.items()
        ):
            self.fail(key, f"must map names to values of type {kind.__name__}, not {value!r}.")
        return dict(value)

    def section(self, key: str) -> Section:
        """Return a nested mapping; empty when the key is absent."""
        return Section(self._take(key) or {}, f"{self._place}.{key}")

    def sections(self, key: str) -> list[Section]:
        """Return a list of nested mappings; empty when the key is absent."""
        value = self._take(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.fail(key, f"must be a list, not {value!r}.")
        return [Section(item, f"{self._place}.{key}[{n}]") for n, item in enumerate(value)]

    def reference(self, key: str, known: Iterable[str]) -> str:
        """Return the id of something that is defined elsewhere in the configuration."""
        value = self.text(key)
        choices = sorted(known)
        if value not in choices:
            listed = ", ".join(choices) or "none is defined"
            self.fail(key, f"{value!r} is not defined; define it or use one of: {listed}.")
        return value

    def finish(self) -> None:
        """Refuse keys that nobody has asked for: they are misspelt, and would do nothing."""
        unknown = sorted(set(self._values) - self._known)
        if unknown:
            known = ", ".join(sorted(self._known))
            self.fail(unknown[0], f"is not a key here; remove it or use one of: {known}.")

    def fail(self, key: str, problem: str) -> NoReturn:
        """Raise the error for one key."""
        raise ConfigError(f"{self._place}.{key}: {problem}")

    def _take(self, key: str) -> Any:
        self._known.add(key)
        return self._values.get(key)
