"""The tables of the documentation say what is in the code."""

from __future__ import annotations

import inspect
import json
from importlib.metadata import version
from typing import Any

import pytest
from airflow.providers.dbt.cloud.hooks.dbt import DbtCloudHook as TheirHook
from airflow.providers.dbt.cloud.operators import dbt as their_operators
from airflow.providers.dbt.cloud.sensors import dbt as their_sensors
from dbtc.client.admin import _AdminClient

from airflow_provider_dbtsegment import exceptions
from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi
from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.watching.meter import Meter, StatsMeter
from tests.docs import arguments
from tests.docs.pages import DOCS, ROOT, codes, rows

COMMUNITY = "moving-community.md"
OURS = {task.__name__: task for task in arguments.task_classes()}
#: How a row begins whose argument has none of its name here.
ELSEWHERE = ("the connection's extra", "no counterpart")
#: What dbtc has beside calls, what nothing here does, and what has a name that Airflow has taken.
NOT_CALLS = {"full_url", "headers"}
NO_COUNTERPART = {"list_environments_by_account", "assign_project_group_permissions"}
SEMANTIC_LAYER = ("_sl_config", "_sl_creds")


def test_the_arguments_are_those_of_the_classes() -> None:
    assert arguments.FILE.read_text() == arguments.arguments(), "Run `make reference`."


def their_classes() -> dict[str, type]:
    members = {**vars(their_operators), **vars(their_sensors)}
    return {name: one for name, one in members.items() if f"### `{name}`" in page(COMMUNITY)}


def page(name: str) -> str:
    return (DOCS / name).read_text()


def test_every_task_of_the_community_has_a_row() -> None:
    told = {codes(row[0])[0]: row[1] for row in rows(COMMUNITY, under="## Operators and sensors")}
    members = {**vars(their_operators), **vars(their_sensors)}
    theirs = {
        name
        for name, one in members.items()
        if isinstance(one, type)
        and one.__module__ in (their_operators.__name__, their_sensors.__name__)
        and hasattr(one, "template_fields")
    }
    assert theirs <= told.keys()
    for ours in told.values():
        name = codes(ours)[0]
        assert name in OURS or name.startswith("DbtCloudHook().")
        if name not in OURS:
            assert hasattr(DbtCloudHook, name.removeprefix("DbtCloudHook().").removesuffix("()"))


def test_the_page_names_the_version_that_it_was_read_from() -> None:
    assert f"version {version('apache-airflow-providers-dbt-cloud')}" in page(COMMUNITY)


@pytest.mark.parametrize("name", sorted(their_classes()))
def test_every_argument_of_the_community_has_a_row(name: str) -> None:
    told = {codes(row[0])[0]: row[1] for row in rows(COMMUNITY, under=f"### `{name}`")}
    theirs: Any = their_classes()[name]
    assert told.keys() == arguments.own_arguments(theirs).keys()
    (ours,) = (
        OURS[codes(row[1])[0]]
        for row in rows(COMMUNITY, under="## Operators and sensors")
        if codes(row[0]) == [name]
    )
    for here in told.values():
        if not here.startswith(ELSEWHERE):
            # Arguments that end alike are named by their ending.
            named = [word for word in codes(here) if not word.startswith("_")]
            assert set(named) <= set(arguments.own_arguments(ours)), here


def test_every_method_of_their_hook_has_a_row() -> None:
    told = {codes(row[0])[0]: row[1] for row in rows(COMMUNITY, under="## The hook")}
    plumbing = {"get_conn", "get_headers_tenants_from_connection", "get_request_url_params"}
    plumbing |= {"get_ui_field_behaviour"}
    theirs = {
        name
        for name, one in vars(TheirHook).items()
        if inspect.isfunction(one) and not name.startswith("_")
    }
    assert told.keys() == theirs - plumbing
    for ours in told.values():
        for name in codes(ours):
            assert hasattr(DbtCloudHook, name) or name == "status", name


def test_dbtc_methods_have_the_names_that_the_page_says() -> None:
    documented = json.loads((ROOT / "tests" / "data" / "seed-methods.json").read_text())
    same = {name for name in documented if hasattr(DbtCloudApi, name)}
    assert f"all {len(same)} of them" in page("moving-dbtc.md")
    for name in same:
        ours = inspect.signature(getattr(DbtCloudApi, name)).parameters
        assert set(documented[name]) <= set(ours) | {"account_id"}, name

    other = {codes(a)[0]: codes(b)[0] for a, b in rows("moving-dbtc.md", under="## Methods with")}
    has = {name for name in dir(_AdminClient) if name[0].islower()} - NOT_CALLS
    missing = {name for name in has if not hasattr(DbtCloudApi, name)}
    semantic = {name for name in missing if name.endswith(SEMANTIC_LAYER)}
    assert other.keys() == missing - semantic - NO_COUNTERPART
    assert all(hasattr(DbtCloudApi, name) for name in other.values())


def test_the_errors_are_those_that_there_are() -> None:
    told = {
        codes(row[0])[0]: codes(row[1])[0] for row in rows("messages.md", under="## The errors")
    }
    there = {
        name: one
        for name, one in vars(exceptions).items()
        if isinstance(one, type) and one.__module__ == exceptions.__name__
    }
    assert told.keys() == there.keys() - {"StatusError"}
    known = {**there, **vars(__import__("builtins"))}
    for name, base in told.items():
        assert issubclass(there[name], known[base]), name


def test_the_metrics_are_those_that_are_sent() -> None:
    sent: list[str] = []

    class Stats:
        def __getattr__(self, kind: str) -> Any:
            return lambda name, *_: sent.append(name)

    meter = StatsMeter(Stats(), "dbt_cloud")
    for name, method in inspect.getmembers(Meter, inspect.isfunction):
        getattr(meter, name)(*[1] * (len(inspect.signature(method).parameters) - 1))
    told = [codes(row[0])[0] for row in rows("waiting.md", under="## What to watch")]
    named = [name.replace("*", "dbt_cloud") for name in told if name.startswith("dbtsegment.*.")]
    assert set(sent) == set(named[: len(sent)])
