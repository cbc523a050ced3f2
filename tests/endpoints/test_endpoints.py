"""Every public method sends what the vendor's document allows, and every operation has a method."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi, DbtCloudSettings
from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.hooks.segment import SegmentHook
from airflow_provider_dbtsegment.rest.auth import TokenAuth
from airflow_provider_dbtsegment.rest.listing import Listing
from airflow_provider_dbtsegment.rest.transport import TransportSettings
from airflow_provider_dbtsegment.segment import SegmentApi
from airflow_provider_dbtsegment.segment.base import SegmentSettings
from tests.endpoints import reference
from tests.endpoints.recorder import Recorder, body_of, query_of
from tests.endpoints.samples import DATA, DBT_CLOUD, SEGMENT, answer_to, operation_of, sample_for
from tests.endpoints.table import Row, read_table

TABLE = {"dbt_cloud": read_table("dbt_cloud"), "segment": read_table("segment")}
ROWS = [(service, row) for service, rows in TABLE.items() for row in rows]

#: What is public on an API object and is no method of the service.
OTHERS = {
    "budget",
    "close",
    "explain",
    "hurried",
    "renew",
    "renewed_at",
    "request",
    "sending_once",
    "settings",
    "transport",
}


def send(service: str, row: Row, body: Any) -> Recorder:
    """Make the call of a row, and return what has gone out."""
    reach = TransportSettings("https://service.example", TokenAuth("t0k"), max_attempts=1)
    api: Any = (
        DbtCloudApi(DbtCloudSettings(reach, account_id=1))
        if service == "dbt_cloud"
        else SegmentApi(SegmentSettings(reach))
    )
    recorder = Recorder([answer_to(service, sent) for sent in row.sends])
    api.transport._session.mount("https://", recorder)
    args, kwargs = row.arguments(body)
    answer = getattr(api, row.name)(*args, **kwargs)
    if isinstance(answer, Listing):
        list(answer)
    return recorder


@pytest.mark.parametrize(("service", "row"), ROWS, ids=[row.text[:60] for _, row in ROWS])
def test_a_call_sends_what_the_document_allows(service: str, row: Row) -> None:
    body = sample_for(service, row) if row.has_body else None
    received = send(service, row, body).received
    assert [request.method for request in received] == [sent.method for sent in row.sends]
    for sent, request in zip(row.sends, received, strict=True):
        path = unquote(urlsplit(str(request.url)).path)
        assert path == sent.path
        assert query_of(request) == sent.query
        sent_body = body_of(request)
        if sent.method != "GET" and row.has_body:
            assert body_holds(sent_body, body)
        if sent.method != "GET" and row.body is not None:
            assert sent_body == row.body
        operation = operation_of(service, sent)
        if row.beyond:
            continue
        assert operation is not None, f"{sent.method} {path} stands in no document"
        assert list(operation.problems(path, query_of(request), sent_body)) == []
        if sent_body is not None:
            assert request.headers["Content-Type"] in operation.media_types


def body_holds(sent: Any, given: Any) -> bool:
    """Return whether all that was given goes out; what is filled in may come on top."""
    if isinstance(given, dict):
        return given.items() <= sent.items()
    return bool(sent == given)


@pytest.mark.parametrize("row", [row for _, row in ROWS if row.beyond], ids=lambda row: row.name)
def test_what_goes_beyond_the_document_really_does(row: Row) -> None:
    problems = []
    for sent in row.sends:
        operation = operation_of("dbt_cloud", sent)
        body = sample_for("dbt_cloud", row) if row.has_body else row.body
        problems += (
            ["unknown"] if operation is None else operation.problems(sent.path, sent.query, body)
        )
    assert problems, "The document allows it; take the reason out of the table."


@pytest.mark.parametrize(
    ("service", "api", "hook"),
    [("dbt_cloud", DbtCloudApi, DbtCloudHook), ("segment", SegmentApi, SegmentHook)],
)
def test_every_public_method_has_a_row_and_is_on_the_hook(
    service: str, api: type, hook: type
) -> None:
    public = {name for name, _ in inspect.getmembers(api) if not name.startswith("_")}
    assert public - OTHERS == {row.name for row in TABLE[service]}
    for name in public:
        assert getattr(hook, name), name
        if name not in OTHERS:
            doc = inspect.getdoc(getattr(api, name)) or ""
            assert ":raises RequestError:" in doc, f"{name} does not say what it raises"


def test_every_operation_has_a_method(tell: Callable[[str], None]) -> None:
    superseded = json.loads((DATA / "superseded-operations.json").read_text())
    used = {
        (operation.method, operation.template)
        for service, row in ROWS
        for sent in row.sends
        if (operation := operation_of(service, sent)) is not None
    }
    documented = {(one.method, one.template) for one in [*DBT_CLOUD, *SEGMENT]}
    left = {f"{method} {template}" for method, template in documented - used}
    assert left == set(superseded)
    assert {(m, t) for m, t in (one.split(" ", 1) for one in superseded.values())} <= used
    tell(
        f"Endpoints: {len(ROWS)} calls of {len(used)} operations; {len(left)} superseded by others."
    )


def test_every_method_of_the_seeds_is_here_with_its_arguments(tell: Callable[[str], None]) -> None:
    seeds: dict[str, dict[str, Any]] = json.loads((DATA / "seed-methods.json").read_text())
    assert len(seeds) == 64 + 8
    for name, arguments in seeds.items():
        api: type = SegmentApi if "reverse_etl" in name or "dbt_model" in name else DbtCloudApi
        parameters = inspect.signature(getattr(api, name)).parameters
        for argument, default in arguments.items():
            parameter = parameters[argument]
            wanted = inspect.Parameter.empty if default == "required" else default
            if argument == "account_id":
                assert (parameter.kind, parameter.default) == (parameter.KEYWORD_ONLY, None)
            else:
                assert parameter.default == wanted, f"{name}({argument}={parameter.default})"
    tell(f"Endpoints: {len(seeds)} of {len(seeds)} methods of the clients that users know.")


def test_the_reference_is_written_from_this_table() -> None:
    assert reference.FILE.read_text() == reference.reference(), "Run `make reference`."
