"""Every line to copy from docs/connections.md works, and its tables say what is so."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import airflow_provider_dbtsegment
from airflow_provider_dbtsegment.connection_forms import DBT_CLOUD_FORM, SEGMENT_FORM
from airflow_provider_dbtsegment.hooks.dbt_cloud import ADVICE as DBT_CLOUD
from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.hooks.segment import SegmentHook
from airflow_provider_dbtsegment.rest.auth import TokenAuth
from airflow_provider_dbtsegment.rest.transport import TransportSettings
from tests.hooks import page
from tests.hooks.conftest import Connect, Press

PREFIX = "AIRFLOW_CONN_"
SHOP = Path(airflow_provider_dbtsegment.__file__).parent / "sandbox" / "shop" / "sandbox.yml"
DBT_TOKEN = TokenAuth("your-service-token").digest
SEGMENT_TOKEN = TokenAuth("your-public-api-token").digest


def pasted(block: str) -> dict[str, str]:
    """Return the connections that are there after a block was pasted into a shell."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    done = subprocess.run(
        ["/bin/bash", "-ec", f"{block}\nenv -0"], env=clean, capture_output=True, check=True
    )
    variables = (one.partition("=") for one in done.stdout.decode().split("\0"))
    return {name: value for name, _, value in variables if name.startswith(PREFIX)}


@pytest.fixture
def paste(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Paste a block, and return the ways to dbt Cloud and to Segment that it makes."""

    def paste(block: str) -> tuple[TransportSettings | None, TransportSettings | None]:
        there = pasted(block)
        assert there
        for name, value in there.items():
            monkeypatch.setenv(name, value)
        hooks = {"DBT_CLOUD": DbtCloudHook(), "SEGMENT": SegmentHook()}
        dbt_cloud, segment = (
            hook.settings.transport if f"{PREFIX}{name}_DEFAULT" in there else None
            for name, hook in hooks.items()
        )
        return dbt_cloud, segment

    return paste


def test_connections_as_json(paste: Any) -> None:
    both, everything, _ = page.blocks("As environment variables")
    dbt_cloud, segment = paste(both)
    assert (dbt_cloud.base_url, dbt_cloud.auth.digest) == ("https://ab123.us1.dbt.com", DBT_TOKEN)
    assert (segment.base_url, segment.auth.digest) == (
        "https://eu1.api.segmentapis.com",
        SEGMENT_TOKEN,
    )
    dbt_cloud, _ = paste(everything)
    assert dbt_cloud.auth.digest == DBT_TOKEN
    assert dbt_cloud.proxy == "http://proxy.example.com:3128"
    assert (dbt_cloud.connect_timeout, dbt_cloud.read_timeout) == (5, 120)
    settings = DbtCloudHook().settings
    assert (settings.account_id, settings.share) == (12345, 0.5)


def test_everything_that_can_be_said_is_shown() -> None:
    everything = page.blocks("As environment variables")[1]
    assert all(f'"{field.name}"' in everything for field in DBT_CLOUD_FORM.fields)


def test_connections_as_uris(paste: Any) -> None:
    dbt_cloud, segment = paste(page.blocks("As environment variables")[2])
    assert (dbt_cloud.base_url, dbt_cloud.auth.digest) == ("https://ab123.us1.dbt.com", DBT_TOKEN)
    assert dbt_cloud.read_timeout == 120
    assert DbtCloudHook().settings.account_id == 12345
    assert segment.base_url == "https://eu1.api.segmentapis.com"
    assert segment.auth.digest == SEGMENT_TOKEN


def test_a_uri_may_hold_any_token(paste: Any) -> None:
    block = page.blocks("As environment variables")[2]
    dbt_cloud, _ = paste(block.replace("your-service-token", "a%2Fb%40c%25"))
    assert dbt_cloud.auth.digest == TokenAuth("a/b@c%").digest


def test_connections_to_the_sandbox(paste: Any) -> None:
    told = yaml.safe_load(SHOP.read_text())
    dbt_cloud, segment = paste(page.blocks("The sandbox")[0])
    assert dbt_cloud.base_url == segment.base_url == "http://127.0.0.1:8585"
    assert dbt_cloud.auth.digest == TokenAuth(told["dbt_cloud"]["token"]).digest
    assert segment.auth.digest == TokenAuth(told["segment"]["token"]).digest
    assert DbtCloudHook().settings.account_id == told["dbt_cloud"]["account"]["id"]


def test_a_connection_of_the_communitys_provider(paste: Any) -> None:
    dbt_cloud, _ = paste(page.blocks("A connection of the community's provider")[0])
    assert (dbt_cloud.base_url, dbt_cloud.auth.digest) == ("https://ab123.us1.dbt.com", DBT_TOKEN)
    assert dbt_cloud.proxy == "http://proxy.example.com:3128"


def test_the_command_line_names_options_that_airflow_has() -> None:
    from airflow.cli.cli_parser import get_parser

    for block in [*page.blocks("On the command line"), *page.blocks("The Test button")]:
        for line in block.replace("\\\n", " ").split("\nairflow "):
            words = shlex.split(line.removeprefix("airflow "))
            parsed = get_parser().parse_args(words)
            assert parsed.conn_id in ("dbt_cloud_default", "segment_default")


def test_every_field_of_the_forms_is_told_with_its_default() -> None:
    rows = {row[1].removeprefix("extra ").strip("`"): row for row in page.table("Fields")}
    told = set()
    for form in (DBT_CLOUD_FORM, SEGMENT_FORM):
        for name in {"host", "login", "password", "port"} - {*form.hidden}:
            assert form.labels[name].split(" (")[0] in rows[name][0].split("; ")
            told.add(name)
        for field in form.fields:
            assert field.label == rows[field.name][0]
            if field.kind in ("integer", "number"):
                assert re.search(rf"; {field.default}\b", rows[field.name][2])
            told.add(field.name)
    assert set(rows) == told


#: What a connection must be like for each message that needs no service.
OFFLINE: dict[str, tuple[str, dict[str, Any]]] = {
    "It has no access URL (host). …": ("dbt", {"host": ""}),
    "The account id … (login) is not a number. …": ("dbt", {"login": "shop"}),
    "It has no token. …": ("segment", {"password": "***"}),
    "Its token (…) holds spaces, line breaks or letters that no token has. Copy it again.": (
        "segment",
        {"password": "two words"},
    ),
    "The proxy … is not one. …": ("dbt", {"extra": {"proxy": "ftp://proxy"}}),
    "… would send the token unencrypted. …": ("dbt", {"host": "http://ab1.us1.dbt.com"}),
    "The host … is not a host name…": ("dbt", {"host": "a b"}),
    "The host … holds more than a host. …": ("dbt", {"host": "ab1.us1.dbt.com/deploy/7"}),
    "The region … is not known; use US or EU.": ("segment", {"extra": {"region": "UK"}}),
    "… is …; it must be a number above 0.": ("dbt", {"extra": {"read_timeout": "long"}}),
}


@pytest.mark.parametrize("written", OFFLINE)
def test_a_wrong_connection_is_told_as_the_page_says(
    written: str, dbt_cloud_with: Connect, segment_with: Connect, press: Press
) -> None:
    kind, changed = OFFLINE[written]
    reached, says = press((dbt_cloud_with if kind == "dbt" else segment_with)(**changed))
    assert not reached
    assert page.listed(says) == [written]


def test_silence_is_told_as_the_page_says() -> None:
    way = TransportSettings("https://ab1.us1.dbt.com", TokenAuth("t0k"))
    assert page.listed(DBT_CLOUD.silence(3.5, way)) == ["Nothing was heard of … within 3.5 s. …"]
