"""Write the reference of all endpoints from the table: ``python -m tests.endpoints.reference``."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi
from airflow_provider_dbtsegment.segment import SegmentApi
from tests.endpoints.table import Row, read_table

FILE = Path(__file__).parents[2] / "docs" / "endpoints.md"
HEAD = """\
# Endpoints

Every method of `DbtCloudHook` and `SegmentHook`, and the request that it sends. Ids are positional,
filters are keywords, and `account_id=` names another account than the connection's; the whole
signature stands in each docstring (`help(DbtCloudHook.list_runs)`). Methods that list read all
pages while one iterates, up to `limit` entries. `hook.request(method, path, …)` reaches anything
else.

A method with a * calls what the vendor's own document does not have, or not in this way.
"""


def reference() -> str:
    """Return the reference as Markdown."""
    text = HEAD
    for service, api, hook in (
        ("dbt_cloud", DbtCloudApi, "DbtCloudHook"),
        ("segment", SegmentApi, "SegmentHook"),
    ):
        text += f"\n## `{hook}`\n"
        rows = read_table(service)
        for group in dict.fromkeys(row.group for row in rows):
            text += f"\n### {group}\n\n| method | request | |\n|---|---|---|\n"
            seen: dict[str, list[Row]] = {}
            for row in rows:
                if row.group == group:
                    seen.setdefault(row.name, []).append(row)
            text += "".join(_line(api, name, calls) for name, calls in seen.items())
    return text


def _line(api: type, name: str, calls: list[Row]) -> str:
    method = getattr(api, name)
    parameters = inspect.signature(method).parameters.values()
    ids = ", ".join(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)
    ids = ids.removeprefix("self").removeprefix(", ")
    sent = dict.fromkeys(f"`{one.method} {_path(one.path)}`" for row in calls for one in row.sends)
    star = " \\*" if any(row.beyond for row in calls) else ""
    first = (inspect.getdoc(method) or "").split("\n\n")[0].replace("\n", " ")
    first = re.sub(r":\w+:`([^`]+)`", r"`\1`", first)
    return f"| `{name}({ids})`{star} | {'<br>'.join(sent)} | {first} |\n"


def _path(path: str) -> str:
    """Return a path without the made-up ids of the table."""
    path = re.sub(r"/accounts/\d+/", "/accounts/…/", path)
    return re.sub(
        r"/(\d+|abc|[a-z]|manifest\.json|run_results\.json|compiled/a\.sql)(?=/|$)", "/…", path
    )


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(reference(), encoding="utf-8")
