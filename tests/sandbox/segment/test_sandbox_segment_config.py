"""What the configuration may say."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_dbtsegment.sandbox.config import ConfigError
from airflow_provider_dbtsegment.sandbox.segment.config import parse_config


def test_empty_section_is_a_workspace_without_anything() -> None:
    config = parse_config({})
    assert config.token == "sandbox-segment-token"
    assert (config.rate_limits.start_sync, config.rate_limits.sync_status) == (20, 250)
    assert (config.rate_limits.dbt_trigger, config.rate_limits.default) == (10, 300)
    assert not config.mappings


@pytest.mark.parametrize(
    ("place", "change", "message"),
    [
        ((), {"tokens": "x"}, "segment.tokens: is not a key here; remove it or use one of: dest"),
        ((), {"token": ""}, "segment.token: must be a text that is not empty, not ''"),
        ((), {"sources": {}}, "segment.sources: must be a list, not {}"),
        ((), {"models": ["x"]}, "segment.models[0]: expected a mapping of keys to values"),
        (("rate_limits",), {"default": 0}, "segment.rate_limits.default: must be a whole number"),
        (("rate_limits",), {"starts": 1}, "segment.rate_limits.starts: is not a key here"),
        (("sources", 0), {"id": "../x"}, "segment.sources[0].id: '../x' is no id"),
        (("sources", 1), {"id": "shop"}, "segment.sources[1].id: 'shop' is used twice"),
        (("destinations", 0), {"type": "ftp"}, "destinations[0].type: 'ftp' is not known; use"),
        (("destinations", 0), {"path": "/x"}, "destinations[0].path: '/x' leaves the state folder"),
        (("destinations", 0), {"path": "../x"}, "path: '../x' leaves the state folder"),
        (("destinations", 0), {"path": None}, "segment.destinations[0].path: is missing; add it"),
        (("destinations", 0), {"required": "email"}, "required: must be a list of texts"),
        (("destinations", 0), {"matches": {"a": "("}}, "matches: '(' is no regular expression"),
        (("destinations", 0), {"max_length": {"a": "x"}}, "max_length: must map names to values"),
        (
            ("destinations", 0),
            {"type": "webhook", "url": "http://example.com/"},
            "url: 'example.com' is not this machine; use 127.0.0.1, or set allow_remote: true",
        ),
        (("destinations", 0), {"type": "webhook", "url": "nonsense"}, "is no address"),
        (("models", 0), {"source_id": "none"}, "'none' is not defined; define it or use one of"),
        (("models", 0), {"query": 7}, "segment.models[0].query: must be a text"),
        (("models", 0), {"enabled": "yes"}, "enabled: must be true or false, not 'yes'"),
        (("models", 0), {"schedule_strategy": "NOW"}, "schedule_strategy: 'NOW' is not known"),
        (
            ("models", 0),
            {"schedule_strategy": "PERIODIC"},
            "models[0].schedule_config.interval: is required when the strategy is PERIODIC",
        ),
        (("mappings", 0), {"model_id": "none"}, "segment.mappings[0].model_id: 'none' is not"),
        (("mappings", 0), {"destination": "none"}, "use one of: crm, plain"),
        (("mappings", 0), {"fields": ["a"]}, "fields: must map names to values of type str"),
        (("mappings", 0), {"throttle_rows_per_second": 0}, "must be a number above 0, not 0"),
    ],
)
def test_mistake_is_named_with_its_place(
    section: dict[str, Any], place: tuple[Any, ...], change: dict[str, Any], message: str
) -> None:
    target: Any = section
    for step in place:
        target = target[step]
    target.update(change)
    with pytest.raises(ConfigError) as caught:
        parse_config(section)
    assert message in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/x", "http://localhost/", "http://[::1]:1/"])
def test_webhook_may_be_on_this_machine(section: dict[str, Any], url: str) -> None:
    section["destinations"].append({"id": "hook", "type": "webhook", "url": url})
    assert "hook" in parse_config(section).destinations


def test_remote_webhook_must_be_wanted(section: dict[str, Any]) -> None:
    hook = {"id": "hook", "type": "webhook", "url": "https://example.com/", "allow_remote": True}
    section["destinations"].append(hook)
    assert "hook" in parse_config(section).destinations
