"""The manifest of a large project, made while it is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

NODES = 10_000
#: Bytes of a node; 10,000 of them are the 200 MB of a project with some thousand models.
NODE = 20_000

_HEAD = b'{"metadata":{"dbt_version":"1.11.0"},"nodes":{'
_TAIL = b'},"sources":{},"macros":{},"docs":{},"exposures":{},"parent_map":{},"child_map":{}}'


def _node() -> bytes:
    """Return a node with a place for its number, which always has five digits."""
    sql = "select id, name, created_at from {{ ref('people') }} where id is not null\n"
    column = {"description": "What it means, in a sentence.", "data_type": "text", "tags": []}
    node = {
        "unique_id": "model.shop.model_#####",
        "resource_type": "model",
        "path": "marts/model_#####.sql",
        "columns": {f"column_{n}": {"name": f"column_{n}", **column} for n in range(60)},
        "depends_on": {"macros": [], "nodes": [f"model.shop.model_{n:05}" for n in range(8)]},
        "raw_code": sql * 30,
        "compiled_code": "",
    }
    missing = NODE - len(_entry(node))
    return _entry({**node, "compiled_code": (sql.replace("\n", " ") * 400)[:missing]})


def _entry(node: Mapping[str, object]) -> bytes:
    return f'"model.shop.model_#####":{json.dumps(node)},'.encode()


_NODE = _node()
LENGTH = len(_HEAD) + NODES * len(_NODE) - 1 + len(_TAIL)


def pieces() -> Iterator[bytes]:
    """Yield the manifest in pieces of about a megabyte."""
    yield _HEAD
    step = 50
    for start in range(0, NODES, step):
        numbers = range(start, start + step)
        piece = b"".join(_NODE.replace(b"#####", b"%05d" % n) for n in numbers)
        yield piece if start + step < NODES else piece[:-1]
    yield _TAIL
