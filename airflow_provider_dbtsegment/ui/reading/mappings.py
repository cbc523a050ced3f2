"""What a mapping is called: Segment's id says nothing to people; the task and the tool do."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from .rows import TaskKey, name_of

#: What the address of a mapping's page names.
_DESTINATION = re.compile(r"/destinations/([^/]+)/sources/")
_MAPPING = re.compile(r"/mappings/([^/]+)/")


class MappingName(NamedTuple):
    """
    A mapping.

    :param key: What tells it from others, also in other runs.
    :param id: Segment's id of it, empty where that is not known.
    :param task: The name of the task.
    :param destination: Segment's name for the tool, empty where that is not known.
    """

    key: str
    id: str
    task: str
    destination: str

    @property
    def title(self) -> str:
        """The task, and where its rows go."""
        return f"{self.task} → {self.destination}" if self.destination else self.task


def name_mapping(mapping_id: str, url: str, task: TaskKey, label: str = "") -> MappingName:
    """
    Return what a mapping is called.

    :param mapping_id: What the sync's summary tells of it.
    :param url: The address of its page.
    :param label: What Airflow shows of a mapped task.
    """
    task_id, map_index = task
    index = None if map_index < 0 else map_index
    found = mapping_id or _part(_MAPPING, url)
    return MappingName(
        key=found or name_of(task_id, index),
        id=found,
        task=name_of(task_id, index if index is None else label or index),
        destination=_part(_DESTINATION, url),
    )


def _part(pattern: re.Pattern[str], url: str) -> str:
    found = pattern.search(urlsplit(url).path)
    return unquote(found[1], errors="replace") if found else ""
