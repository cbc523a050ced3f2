"""Every operation that the API has, and which one a request means."""

import re
from collections.abc import Mapping
from functools import lru_cache

from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi import beyond
from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.document import (
    Operation,
    Schemas,
    operations,
    read_document,
)

DOCUMENTS = ("dbt-cloud-v2", "dbt-cloud-v3")
PARAMETER = re.compile(r"{(\w+)}")

Found = tuple[Operation, dict[str, int | str]]


class Contract:
    """Operations by path and method."""

    def __init__(self) -> None:
        documented = [one for name in DOCUMENTS for one in operations(read_document(name))]
        self.documented: Mapping[tuple[str, str], Operation] = {one.key: one for one in documented}
        self._schemas = list({id(one.schemas): one.schemas for one in documented}.values())
        every = [*documented, *beyond.operations(self.documented)]
        self._by_length: dict[int, list[tuple[list[str], Operation]]] = {}
        # A fixed word wins over a parameter: ``bulk/`` over ``{id}/``.
        for one in sorted(every, key=lambda one: one.path.count("{")):
            parts = one.path.split("/")
            self._by_length.setdefault(len(parts), []).append((parts, one))

    def schemas_with(self, name: str) -> Schemas:
        """Return the schemas of the newest document that knows a name."""
        return next(one for one in reversed(self._schemas) if name in one)

    def find(self, method: str, path: str) -> Found | None:
        """Return the operation of a request, and what stands in its path."""
        return self._match(path).get(method)

    def methods(self, path: str) -> set[str]:
        """Return the methods that a path knows."""
        return set(self._match(path))

    def _match(self, path: str) -> dict[str, Found]:
        given = path.split("/")
        found: dict[str, Found] = {}
        for parts, operation in self._by_length.get(len(given), ()):
            values = _values(operation, parts, given)
            if values is not None:
                found.setdefault(operation.method, (operation, values))
        return found


@lru_cache
def contract() -> Contract:
    """Return the contract; it is made when it is first asked for."""
    return Contract()


def _values(
    operation: Operation, parts: list[str], given: list[str]
) -> dict[str, int | str] | None:
    values: dict[str, int | str] = {}
    for part, text in zip(parts, given, strict=True):
        parameter = PARAMETER.fullmatch(part)
        if parameter is None:
            if part != text:
                return None
        elif parameter[1] in operation.numbers:
            if not (text.isascii() and text.isdigit()):
                return None
            values[parameter[1]] = int(text)
        elif text:
            values[parameter[1]] = text
        else:
            return None
    return values
