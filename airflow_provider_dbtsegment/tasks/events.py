"""What a trigger says to the worker that goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.exceptions import EndUnknownError

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.tasks.base import Waiting


def key_of(task: Waiting, event: Any, awaited: Mapping[str, Any] | None) -> Any:
    """
    Return what an event is about.

    :param awaited: What was to be waited for, if that is known.
    :raises EndUnknownError: When it is not about that.
    """
    key = task._key_in(event) if isinstance(event, dict) else None
    wanted = task._key_in(awaited) if awaited else key
    if key is None or key != wanted:
        what = "a run or a sync" if wanted is None else task._subject(wanted)
        see = (awaited or {}).get("see")
        raise EndUnknownError(
            f"The trigger ended with {event!r}, which says nothing about {what}. How that ends "
            f"is not known here; {f'see {see}' if see else 'look for it in the service'}."
        )
    return key
