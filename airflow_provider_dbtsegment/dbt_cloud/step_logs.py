"""The log of a step as lines that a person reads: dbt Cloud keeps it as text or as JSON lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

#: Characters of a log that are looked at, from its end.
MAX_LOOKED_AT = 256 * 1024
#: Where structured logs have the level and the message of an event, in dbt's own and others'.
_LEVELS = ("level", "severity_text", "severity", "levelname")
_MESSAGES = ("msg", "message", "body", "text")
#: Levels of lines that say nothing of why a step failed.
_FOR_DEVELOPERS = frozenset({"debug", "trace"})
#: The level and the message of an event whose line was cut.
_CUT_LEVEL = re.compile(rf'"(?:{"|".join(_LEVELS)})"\s*:\s*"(\w+)"')
_CUT_MESSAGE = re.compile(rf'"(?:{"|".join(_MESSAGES)})"\s*:\s*"((?:[^"\\]|\\.)+)')
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def readable_lines(logs: object) -> list[str]:
    """
    Return the last lines of a step's log, without colors and empty lines.

    Of JSON lines these are level and message; what is there for developers is left out.

    :param logs: As dbt Cloud answers it: text, or a list of events or lines.
    """
    lines = [line for line in _lines(logs) if line[1].strip()]
    important = [line for line in lines if line[0] not in _FOR_DEVELOPERS]
    return [f"{level}: {text}" if level else text for level, text in important or lines]


def without_colors(text: str) -> str:
    """Return a text without what makes a terminal show it in colors."""
    return _ANSI.sub("", text)


def _lines(logs: object) -> Iterator[tuple[str, str]]:
    """Yield lines with their levels; a line of plain text has none."""
    if isinstance(logs, list):
        for entry in logs[-MAX_LOOKED_AT // 100 :]:
            yield from _event(entry) if isinstance(entry, dict) else _lines(entry)
        return
    if not isinstance(logs, str):
        return
    lines = logs[-MAX_LOOKED_AT:].splitlines()
    if len(logs) > MAX_LOOKED_AT and len(lines) > 1:
        del lines[0]
    for line in lines:
        plain = without_colors(line)
        # The spaces before a line of text are a part of what it says.
        yield from _parsed(plain) if plain.lstrip().startswith("{") else [("", plain.rstrip())]


def _parsed(line: str) -> Iterator[tuple[str, str]]:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        yield from _cut(line)
        return
    yield from _event(event) if isinstance(event, dict) else [("", line.rstrip())]


def _event(event: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the lines of an event; one that holds no message says nothing."""
    info = event.get("info")
    for part in (info, event):
        if isinstance(part, dict):
            message = _first(part, _MESSAGES)
            if message is not None:
                yield from _told(_first(part, _LEVELS) or "", message)
                return


def _cut(line: str) -> Iterator[tuple[str, str]]:
    """Yield what can be read of an event of which a part is missing."""
    message = _CUT_MESSAGE.search(line)
    if message is None:
        # A line of text may begin with a brace, too, but hardly like this.
        if not line.lstrip().startswith('{"'):
            yield "", line.rstrip()
        return
    level = _CUT_LEVEL.search(line)
    try:
        text = json.loads(f'"{message[1]}"')
    except ValueError:
        text = message[1]
    yield from _told(level[1] if level else "", text)


def _told(level: str, message: str) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(without_colors(message).splitlines()):
        developers = level.lower() if level.lower() in _FOR_DEVELOPERS else ""
        yield developers or ("" if number else level.lower()), line.rstrip()


def _first(part: dict[str, Any], names: tuple[str, ...]) -> str | None:
    return next((part[name] for name in names if isinstance(part.get(name), str)), None)
