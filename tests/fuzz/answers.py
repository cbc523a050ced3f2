"""Answers that nobody would send: from all but right to no HTTP at all."""

from __future__ import annotations

import gzip
import json
from typing import Any

from hypothesis import strategies as st

#: What stands where something else ought to stand; HUGE is a number that Python refuses to read.
NASTY: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    3,
    10,
    20,
    30,
    11,
    12,
    10.0,
    11.0,
    20.0,
    99,
    2**31,
    2**63,
    10**30,
    "HUGE",
    1e400,
    -1e400,
    float("nan"),
    "",
    "10",
    "11",
    "success",
    "SUCCESS",
    "Success ",
    "PARTIAL_SUCCESS",
    "s",
    "../s",
    "\ud800",
    "\x00\x1b[31m\u202e",
    "x" * 5000,
    [],
    [10],
    ["SUCCESS"],
    [[]],
    {},
    {"id": 11, "status": 10},
    {"status": "SUCCESS"},
]
RUN: dict[str, Any] = {
    "id": 11,
    "account_id": 7,
    "project_id": 1,
    "environment_id": 1,
    "job_definition_id": 5,
    "status": 3,
    "status_message": None,
    "is_complete": False,
    "created_at": "2026-01-01 00:00:00+00:00",
    "started_at": "2026-01-01 00:00:01+00:00",
    "finished_at": None,
    "href": "https://dbt.example/runs/11",
    "trigger": {"cause": "Airflow", "job_definition_id": 5},
    "job": None,
    "run_steps": [{"id": 1, "index": 1, "name": "dbt build", "status": 10, "logs": "ok"}],
    "can_retry": False,
    "retrying_run_id": None,
}
SYNC: dict[str, Any] = {
    "syncId": "s",
    "modelId": "m",
    "sourceId": "w",
    "syncStatus": "IN_PROGRESS",
    "duration": "1000",
    "startedAt": "2026-01-01T00:00:00.000Z",
    "finishedAt": None,
    "extractPhase": {"addedCount": "1", "extractCount": "1"},
    "loadPhase": {"deliverSuccessCount": "1", "deliverFailureCount": "0"},
    "error": None,
    "errorCode": None,
}
DBT_ERROR = {"status": {"code": 500, "user_message": "No.", "developer_message": ""}, "data": None}
SEGMENT_ERROR = {"errors": [{"type": "bad", "message": "No.", "data": {"msBeforeNext": 100}}]}
#: A run and a sync that have ended.
ENDS = st.sampled_from(
    [{}, {"status": 10, "syncStatus": "SUCCESS"}, {"status": 20, "syncStatus": "FAIL"}]
)
JUNK = ["", "-1", "nan", "inf", "1e400", "9" * 5000, "99999999999", "\x7f", "Thu", "\xff\xfe"]
DATES = ["Thu, 01 Jan 99999999999999999999 00:00:00 GMT", "Mon, 32 Foo 2026 99:99:99 +99999999"]
HEADERS: dict[str, list[str]] = {
    "Content-Type": [
        "application/json",
        "text/html",
        "application/json; charset=nonsense",
        "application/vnd.segment.v1alpha+json",
        "",
        "/;=",
    ],
    "Content-Encoding": [
        "gzip",
        "deflate",
        "br",
        "zstd",
        "gzip, gzip, gzip",
        "nonsense",
        "gzip" * 99,
    ],
    "Retry-After": [*JUNK, *DATES, "Thu, 01 Jan 2099 00:00:00 GMT"],
    "Date": [*JUNK, *DATES],
    "X-RateLimit-Remaining": ["0", *JUNK],
    "X-RateLimit-Reset": [*JUNK, *DATES, "Thu, 01 Jan 9999 00:00:00 GMT"],
    "Location": [
        *JUNK,
        "http://[::1",
        "http://127.0.0.1:99999999/",
        "//",
        "http://" + "a" * 300 + ".example/",
        "https://nonsense.invalid/x",
        "https://\u2603.invalid/",
        "ftp://localhost/",
        "javascript:alert(1)",
        "http://..",
        "?",
        "/",
    ],
    "Set-Cookie": [*JUNK, "a=b; expires=never; domain=;;;", "=;" * 999],
    "Transfer-Encoding": ["chunked", "gzip, chunked", "nonsense"],
    "Content-Length": [*JUNK, "0", "5", "5, 5"],
    "Link": JUNK,
    "X": ["y" * 70000],
}
STATUSES = [200, 200, 200, 200, 201, 202, 204, 206, 299, 301, 302, 303, 304, 307, 308, 400, 401]
STATUSES += [
    403,
    404,
    405,
    408,
    409,
    410,
    418,
    422,
    429,
    500,
    501,
    502,
    503,
    504,
    599,
    600,
    999,
    101,
]

_leaves = st.one_of(
    st.sampled_from(NASTY),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=9),
)
any_json = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["data", "status", "id", "errors", "extra", "x"]), inner, max_size=4
        ),
    ),
    max_leaves=12,
)


def written(value: Any) -> bytes:
    """Write JSON that Python's own writer refuses to write: huge numbers, lone surrogates."""
    if isinstance(value, dict):
        parts = (written(str(key)) + b":" + written(one) for key, one in value.items())
        return b"{" + b",".join(parts) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(written, value)) + b"]"
    if value == "HUGE":
        return b"9" * 4400
    return json.dumps(value).encode()


@st.composite
def near(draw: st.DrawFn, valid: dict[str, Any]) -> dict[str, Any]:
    """A valid thing with a field or two that are not; it may have ended."""
    ends = {name: value for name, value in draw(ENDS).items() if name in valid}
    changed = {**valid, **ends}
    for name in draw(st.lists(st.sampled_from(sorted(valid)), max_size=2)):
        if draw(st.booleans()):
            changed[name] = draw(st.sampled_from(NASTY))
        else:
            changed.pop(name, None)
    return changed


@st.composite
def bodies(draw: st.DrawFn, service: str) -> bytes:
    """The body of an answer."""
    valid = RUN if service == "dbt Cloud" else SYNC
    error = DBT_ERROR if service == "dbt Cloud" else SEGMENT_ERROR
    kind = draw(st.sampled_from(["near", "near", "near", "list", "json", "error", "bytes", "deep"]))
    if kind == "bytes":
        return draw(st.binary(max_size=60))
    if kind == "deep":
        depth = draw(st.sampled_from([90, 400, 900, 5000, 50000]))
        deep = draw(st.sampled_from([b"[", b'{"data":', b'{"a":[']))
        inside = deep * depth
        return draw(
            st.sampled_from([inside, b'{"data":' + inside + b"1" + _closing(deep) * depth + b"}"])
        )
    if kind == "json":
        return written(draw(any_json))
    if kind == "error":
        changed = {**error, draw(st.sampled_from(["status", "errors", "data"])): draw(any_json)}
        return written(changed)
    things = (
        draw(st.lists(near(valid), min_size=1, max_size=3)) if kind == "list" else draw(near(valid))
    )
    return written(_wrapped(draw, things, service))


def _closing(opening: bytes) -> bytes:
    return {b"[": b"]", b'{"data":': b"}", b'{"a":[': b"]}"}[opening]


def _wrapped(draw: st.DrawFn, things: Any, service: str) -> Any:
    total = draw(st.sampled_from([1, 1, 0, 3, 10**9, -1, None, "1", 1.5, float("nan")]))
    if service == "dbt Cloud":
        whole = {"data": things, "status": {"code": 200}}
        return {**whole, "extra": {"pagination": {"count": 1, "total_count": total}}}
    more = draw(st.sampled_from([None, None, "next", 7, [], {}]))
    if isinstance(things, list):
        inner: dict[str, Any] = {
            "syncStatuses": things,
            "pagination": {"next": more, "totalEntries": total},
        }
    else:
        inner = {
            "reverseETLSyncStatus": things,
            "reverseETLManualSync": things,
            "syncStatuses": [things],
        }
    return {"data": inner}


@st.composite
def answers(draw: st.DrawFn, service: str) -> bytes:
    """All of an answer, from the status line to the last byte."""
    if draw(st.integers(0, 24)) == 24:
        return draw(st.binary(max_size=40))
    body = draw(bodies(service))
    status = draw(st.sampled_from(STATUSES))
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    for name in draw(st.lists(st.sampled_from(sorted(HEADERS)), max_size=3, unique=True)):
        headers[name] = draw(st.sampled_from(HEADERS[name]))
    prefix = draw(st.sampled_from([b"", b"", b"", b"\xef\xbb\xbf", b"\xff\xfe", b" \n"]))
    body = prefix + body
    if headers.get("Content-Encoding") == "gzip" and draw(st.booleans()):
        body = gzip.compress(body)
    if "Content-Length" in headers and headers["Content-Length"].isdigit() and draw(st.booleans()):
        headers["Content-Length"] = str(len(body))
    lines = [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {status} Because", *lines])
    return head.encode("latin-1", "replace") + b"\r\n\r\n" + body
