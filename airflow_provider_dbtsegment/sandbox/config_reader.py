"""Settings out of YAML: keys by field name, values by annotation, and clear words when not."""

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import MISSING
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar

import yaml

T = TypeVar("T")


class ConfigError(ValueError):
    """The configuration cannot be used; the message says the file, the key and what to do."""


def read_yaml(path: Path, hint: str) -> dict[str, Any]:
    """Read a mapping.

    :param hint: what to do when the file cannot be read.
    :raises ConfigError: when it cannot be read, or is no mapping.
    """
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}). {hint}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: is no YAML: {error}") from error
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: must be a mapping, not {_kind(value)}.")
    return value


def build(cls: type[T], value: object, where: str) -> T:
    """Make a dataclass of a parsed mapping: keys by field name, values by annotation.

    :param where: what error messages begin with: the file, and the key so far.
    :raises ConfigError: for an unknown key, a missing key, or a value of another type.
    """
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where}must be a mapping, not {_kind(value)}.")
    fields = {item.name: item for item in dataclasses.fields(cls)}  # type: ignore[arg-type]
    unknown = [str(key) for key in value if key not in fields]
    if unknown:
        raise ConfigError(
            f"{where}unknown key {', '.join(unknown)}; known keys are {', '.join(fields)}."
        )
    missing = [
        name
        for name, item in fields.items()
        if name not in value and item.default is MISSING and item.default_factory is MISSING
    ]
    if missing:
        raise ConfigError(f"{where}{', '.join(missing)} is missing; add it.")
    hints = typing.get_type_hints(cls)
    return cls(
        **{key: _convert(hints[key], item, f"{where}{key}: ") for key, item in value.items()}
    )


def _convert(hint: Any, value: object, where: str) -> Any:
    origin = typing.get_origin(hint)
    if origin in (UnionType, typing.Union):
        if value is None:
            return None
        return _convert(next(a for a in typing.get_args(hint) if a is not type(None)), value, where)
    if origin is list:
        if not isinstance(value, list):
            raise ConfigError(f"{where}must be a list, not {_kind(value)}.")
        inner = typing.get_args(hint)[0]
        return [
            _convert(inner, item, f"{where.removesuffix(': ')}[{number}]: ")
            for number, item in enumerate(value)
        ]
    if origin is dict:
        if not isinstance(value, dict):
            raise ConfigError(f"{where}must be a mapping, not {_kind(value)}.")
        return value
    if dataclasses.is_dataclass(hint):
        return build(typing.cast("type[Any]", hint), value, where)
    if type(value) is not hint:
        raise ConfigError(f"{where}must be {_words(hint)}, not {value!r}.")
    return value


def _kind(value: object) -> str:
    return "empty" if value is None else f"{type(value).__name__} {value!r}"


def _words(hint: Any) -> str:
    return {int: "a whole number", str: "a text", bool: "true or false"}.get(hint, str(hint))
