"""What docker-compose.yaml says, as far as a service that runs without a container needs it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HEALTHY, COMPLETED, STARTED = (
    "service_healthy",
    "service_completed_successfully",
    "service_started",
)
_VARIABLE = re.compile(r"\$(?:\$|\{(\w+)(?:(:?[-?])([^}]*))?\}|(\w+))")
_DURATION = re.compile(r"(\d+)(h|m|s)")
_SECONDS = {"h": 3600, "m": 60, "s": 1}


class MissingVariableError(LookupError):
    """A variable that has to be given is not."""


@dataclass(frozen=True)
class Volume:
    """What a service finds at a path of its own: a folder of the project, or a named volume."""

    source: str
    target: str
    read_only: bool


@dataclass(frozen=True)
class HealthCheck:
    """
    How a service is asked whether it is well.

    :param test: A command.
    :param patience: Seconds after its start in which it must become healthy.
    :param pause: Seconds between two looks meanwhile.
    """

    test: tuple[str, ...]
    timeout: float
    patience: float
    pause: float


@dataclass(frozen=True)
class Service:
    """
    A service, with all variables filled in.

    :param depends_on: Services, each with what it has to have come to.
    :param expose: Ports that it listens on.
    :param ports: Published ones, as they are written.
    """

    name: str
    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    health: HealthCheck | None
    depends_on: Mapping[str, str]
    restart: str
    volumes: tuple[Volume, ...]
    expose: tuple[str, ...]
    ports: tuple[str, ...]

    @property
    def is_one_off(self) -> bool:
        """Whether it does its work and ends."""
        return self.restart == "no"


def read(path: Path, variables: Mapping[str, str]) -> dict[str, Service]:
    """
    Read a compose file.

    :param variables: What stands for the file's variables.
    :raises MissingVariableError: With what the file says to do, when one is missing.
    """
    document = filled(yaml.safe_load(path.read_text()), variables)
    return {name: _service(name, told) for name, told in document["services"].items()}


def filled(told: Any, variables: Mapping[str, str]) -> Any:
    """Return values with their variables filled in."""
    if isinstance(told, dict):
        return {key: filled(value, variables) for key, value in told.items()}
    if isinstance(told, list):
        return [filled(value, variables) for value in told]
    if isinstance(told, str):
        return _VARIABLE.sub(lambda found: _value(found, variables), told)
    return told


def _value(found: re.Match[str], variables: Mapping[str, str]) -> str:
    if found[0] == "$$":
        return "$"
    name, kind, word = found[1] or found[4], found[2] or "", found[3] or ""
    value = variables.get(name)
    if value is None or (value == "" and kind.startswith(":")):
        if kind.endswith("?"):
            raise MissingVariableError(f"{name} is missing: {word}")
        return word
    return value


def _service(name: str, told: Mapping[str, Any]) -> Service:
    return Service(
        name=name,
        image=told["image"],
        command=tuple(told.get("command", ())),
        environment=dict(told.get("environment", {})),
        health=_health(told["healthcheck"]) if "healthcheck" in told else None,
        depends_on={other: how["condition"] for other, how in told.get("depends_on", {}).items()},
        restart=str(told.get("restart", "no")),
        volumes=tuple(_volume(volume) for volume in told.get("volumes", ())),
        expose=tuple(told.get("expose", ())),
        ports=tuple(told.get("ports", ())),
    )


def _health(told: Mapping[str, Any]) -> HealthCheck:
    kind, *words = told["test"]
    interval = seconds(told["interval"])
    return HealthCheck(
        test=("sh", "-c", *words) if kind == "CMD-SHELL" else tuple(words),
        timeout=seconds(told["timeout"]),
        patience=seconds(told["start_period"]) + interval * int(told["retries"]),
        pause=seconds(told.get("start_interval", told["interval"])),
    )


def _volume(text: str) -> Volume:
    source, target, *mode = text.split(":")
    return Volume(source, target, mode == ["ro"])


def seconds(text: str) -> float:
    """Return a duration such as `1m30s` in seconds."""
    return float(sum(int(number) * _SECONDS[unit] for number, unit in _DURATION.findall(text)))
