"""What a row of the table says of one kind of record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Record

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.service import DbtCloud

Draft = dict[str, Any]
Prepare = Callable[["Call", Draft, Record | None], None]
After = Callable[["Call", Record], None]
Related = Callable[["Call", Record], Mapping[str, Any]]
Show = Callable[["DbtCloud", Record], Mapping[str, Any]]


def _nothing(*_: object) -> None:
    """Do nothing."""


def _no_more(*_: object) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class Resource:
    """A kind of record, and how it differs from the others."""

    kind: str
    paths: tuple[str, ...]
    """Where it is listed and made, below the version."""
    item: str = ""
    """Where one of it is; by default its id below the path."""
    unique: tuple[str, ...] = ()
    """Fields that no two records of the same parent share."""
    refers: tuple[str, ...] = ()
    """Fields that name another record, which must be there."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What a body may leave out although the document requires it."""
    also: tuple[str, ...] = ()
    """Fields that are kept although the document does not know them."""
    merged: tuple[str, ...] = ()
    """Objects of which an update changes the named fields only."""
    owns: tuple[tuple[str, str], ...] = ()
    """Kinds that go when it goes, and the field by which they name it."""
    prefix: str | None = None
    """How ids begin that are texts; None for numbers."""
    soft: bool = True
    """Whether deleted ones are kept in state 2."""
    prepare: Prepare = _nothing
    """Checks and completes a record before it is kept; the old one is given when there is one."""
    after: After = _nothing
    """Follows the making of a record."""
    gone: After = _nothing
    """Follows its end."""
    show: Show = _no_more
    """What it shows besides its fields."""
    twins: tuple[str, ...] = ()
    """Schemas by which versions 2 and 3 describe it, where both are to tell the same."""
    related: Related = _no_more
    """What it shows to those who ask for it."""

    def items(self) -> tuple[str, ...]:
        """Return the paths of one record."""
        return (self.item,) if self.item else tuple(f"{path}{{id}}/" for path in self.paths)

    @property
    def noun(self) -> str:
        """One of it, in an event's name."""
        return self.kind.replace("-", "_").removesuffix("s")
