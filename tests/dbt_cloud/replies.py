"""What a scripted dbt Cloud answers, and what it has received."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.scripted_server import Reply, ScriptedServer


def page(start: int, stop: int, total: int) -> Reply:
    data = [{"id": number} for number in range(start, stop)]
    pagination = {"count": len(data), "total_count": total}
    return Reply(body=json.dumps({"data": data, "extra": {"pagination": pagination}}))


def queries(server: ScriptedServer) -> list[dict[str, Any]]:
    return [
        {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
        for request in server.received
    ]


def data(value: Any) -> Reply:
    return Reply(body=json.dumps({"data": value, "status": {"code": 200}}))


def sent(server: ScriptedServer) -> list[str]:
    return [
        f"{one.method} {urlsplit(one.path).path.removeprefix('/api/v2/accounts/7')}"
        for one in server.received
    ]
