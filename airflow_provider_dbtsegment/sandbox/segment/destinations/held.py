"""What a destination that is a JSON-lines file holds."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePath
from typing import Any


def jsonl_file(segment: dict[str, Any], mapping_id: str) -> PurePath:
    """Return the file that a mapping delivers to, relative to the state folder.

    :param segment: the ``segment`` section of a ``sandbox.yml``.
    :raises LookupError: when there is no such mapping, or it delivers elsewhere.
    """
    mappings = {mapping["id"]: mapping["destination"] for mapping in segment.get("mappings", ())}
    if mapping_id not in mappings:
        raise LookupError(f"There is no mapping {mapping_id!r}; there is {', '.join(mappings)}.")
    destinations = {one["id"]: one for one in segment.get("destinations", ())}
    destination = destinations[mappings[mapping_id]]
    if destination["type"] != "jsonl":
        raise LookupError(f"The mapping {mapping_id!r} delivers to no file.")
    return PurePath(destination["path"])


def records(
    file: Path, mapping_id: str, parse_float: Callable[[str], Any] = float
) -> Iterator[dict[str, Any]]:
    """Yield the records of a mapping, the oldest first; none when there is no file."""
    if not file.exists():
        return
    # One record a line; other characters that break lines may stand inside.
    for line in filter(None, file.read_text(encoding="utf-8").split("\n")):
        record: dict[str, Any] = json.loads(line, parse_float=parse_float)
        if record["subscription_id"] == mapping_id:
            yield record


def held_rows(arrived: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return what a destination holds after these records, by id."""
    rows: dict[str, dict[str, Any]] = {}
    for record in arrived:
        if record["operation"] == "deleted":
            rows.pop(record["id"], None)
        else:
            rows[record["id"]] = record["row"]
    return rows
