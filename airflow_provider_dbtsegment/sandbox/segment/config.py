"""The ``segment:`` section of the sandbox's configuration, as frozen settings."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from .model import Model
from .schedules import ScheduleError, ScheduleStrategy, check_schedule
from .section import Section

DEFAULT_TOKEN = "sandbox-segment-token"  # noqa: S105 - no secret: it opens nothing but the sandbox


@dataclass(frozen=True)
class Source:
    """A database that models read; ``database`` None is the sandbox's own warehouse."""

    id: str
    name: str
    database: str | None = None


@dataclass(frozen=True)
class Rules:
    """What a row must satisfy to be accepted by a destination."""

    required: tuple[str, ...] = ()
    matches: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    max_length: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class JsonlDestination:
    """A file with one JSON line a record; ``path`` starts at the state folder."""

    id: str
    name: str
    path: PurePath
    rules: Rules


@dataclass(frozen=True)
class WebhookDestination:
    """An address that receives one POST a record."""

    id: str
    name: str
    url: str
    timeout_seconds: float
    concurrency: int


DestinationSettings = JsonlDestination | WebhookDestination


@dataclass(frozen=True)
class MappingSettings:
    """Which model goes to which destination; its id is Segment's ``subscriptionId``.

    ``fields`` maps the destination's names to the model's columns; empty means all columns.
    """

    id: str
    model_id: str
    destination_id: str
    fields: Mapping[str, str] = field(default_factory=dict)
    throttle_rows_per_second: float | None = None


@dataclass(frozen=True)
class RateLimits:
    """
    Requests a minute for one token and one endpoint.

    Segment says of each of the first three that it is less than what others take, and not how much
    that is.
    """

    start_sync: int = 20
    sync_status: int = 250
    dbt_trigger: int = 10
    workspace: int = 5
    default: int = 300


@dataclass(frozen=True)
class SegmentConfig:
    """Everything the Segment side is told at its start."""

    token: str
    workspace: str
    workers: int
    rate_limits: RateLimits
    sources: Mapping[str, Source]
    destinations: Mapping[str, DestinationSettings]
    models: Mapping[str, Model]
    mappings: Mapping[str, MappingSettings]


def parse_config(values: Any) -> SegmentConfig:
    """Check the section and return it as settings.

    :raises ConfigError: with the key, what is wrong with it, and what to write instead.
    """
    root = Section(values, "segment")
    sources = _by_id(root, "sources", _source)
    destinations = _by_id(root, "destinations", _destination)
    models = _by_id(root, "models", lambda section: _model(section, sources))
    mappings = _by_id(root, "mappings", lambda section: _mapping(section, models, destinations))
    config = SegmentConfig(
        token=root.text("token", DEFAULT_TOKEN),
        workspace=root.text("workspace", "Sandbox"),
        workers=root.integer("workers", 4),
        rate_limits=_rate_limits(root.section("rate_limits")),
        sources=sources,
        destinations=destinations,
        models=models,
        mappings=mappings,
    )
    root.finish()
    return config


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


_Item = TypeVar("_Item", bound=_HasId)


def _by_id(root: Section, key: str, parse: Callable[[Section], _Item]) -> dict[str, _Item]:
    found: dict[str, _Item] = {}
    for section in root.sections(key):
        item = parse(section)
        section.finish()
        if item.id in found:
            section.fail("id", f"{item.id!r} is used twice in {key}; give each its own.")
        found[item.id] = item
    return found


def _rate_limits(section: Section) -> RateLimits:
    standard = RateLimits()
    limits = RateLimits(
        start_sync=section.integer("start_sync", standard.start_sync),
        sync_status=section.integer("sync_status", standard.sync_status),
        dbt_trigger=section.integer("dbt_trigger", standard.dbt_trigger),
        workspace=section.integer("workspace", standard.workspace),
        default=section.integer("default", standard.default),
    )
    section.finish()
    return limits


def _source(section: Section) -> Source:
    id_ = section.identifier("id")
    database = section.text("database") if section.has("database") else None
    return Source(id_, section.text("name", id_), database)


def _destination(section: Section) -> DestinationSettings:
    id_ = section.identifier("id")
    name = section.text("name", id_)
    kind = section.text("type")
    if kind == "jsonl":
        return JsonlDestination(id_, name, _jsonl_path(section), _rules(section))
    if kind == "webhook":
        return WebhookDestination(
            id_,
            name,
            url=_webhook_url(section),
            timeout_seconds=section.number("timeout_seconds") or 10.0,
            concurrency=section.integer("concurrency", 8),
        )
    section.fail("type", f"{kind!r} is not known; use jsonl or webhook.")


def _jsonl_path(section: Section) -> PurePath:
    path = PurePath(section.text("path"))
    if path.is_absolute() or ".." in path.parts:
        section.fail("path", f"'{path}' leaves the state folder; write a path below it.")
    return path


def _rules(section: Section) -> Rules:
    patterns: dict[str, re.Pattern[str]] = {}
    for column, pattern in section.table("matches", str).items():
        try:
            patterns[column] = re.compile(pattern)
        except re.error as error:
            section.fail("matches", f"{pattern!r} is no regular expression: {error}.")
    return Rules(section.texts("required"), patterns, section.table("max_length", int))


def _webhook_url(section: Section) -> str:
    url = section.text("url")
    allow_remote = section.flag("allow_remote", False)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        section.fail("url", f"{url!r} is no address; write http://host:port/path.")
    if not allow_remote and not _is_loopback(parts.hostname):
        section.fail(
            "url",
            f"{parts.hostname!r} is not this machine; use 127.0.0.1, or set allow_remote: true "
            "to send rows there.",
        )
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _model(section: Section, sources: Mapping[str, Source]) -> Model:
    id_ = section.identifier("id")
    strategy = section.text("schedule_strategy", ScheduleStrategy.MANUAL.value)
    if strategy not in ScheduleStrategy.values():
        listed = ", ".join(ScheduleStrategy.values())
        section.fail("schedule_strategy", f"{strategy!r} is not known; use one of: {listed}.")
    schedule = section.table("schedule_config", object)
    try:
        check_schedule(strategy, schedule)
    except ScheduleError as error:
        section.fail(f"schedule_config.{error.key}", error.problem)
    return Model(
        id=id_,
        source_id=section.reference("source_id", sources),
        name=section.text("name", id_),
        description=section.text("description", "-") if section.has("description") else "",
        enabled=section.flag("enabled", True),
        query=section.text("query"),
        query_identifier_column=section.text("query_identifier_column"),
        schedule_strategy=strategy,
        schedule_config=schedule,
    )


def _mapping(
    section: Section, models: Mapping[str, Model], destinations: Mapping[str, DestinationSettings]
) -> MappingSettings:
    return MappingSettings(
        id=section.identifier("id"),
        model_id=section.reference("model_id", models),
        destination_id=section.reference("destination", destinations),
        fields=section.table("fields", str),
        throttle_rows_per_second=section.number("throttle_rows_per_second"),
    )
