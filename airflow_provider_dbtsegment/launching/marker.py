"""The marker: a tag in a run's cause that identifies the task instance that started it."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

_PATTERN = re.compile(r"\[af:([0-9a-f]{16})/([0-9]{1,9})\.([0-9]{1,9})\.([0-9a-f]{8})\]")


class MarkerFields(NamedTuple):
    """
    What a marker says about the attempt that sent it.

    :param attempt: The attempt's number, from 1.
    :param max_tries: Airflow's `max_tries` of the task instance at that time.
    :param digest: The digest of what determines the work.
    """

    attempt: int
    max_tries: int
    digest: str


@dataclass(frozen=True)
class Marker:
    """
    A tag such as ``[af:6c1f0e2a9b3d4c5e/2.3.0a1b2c3d]``.

    The first part is an HMAC of the task instance's name. It is keyed with the deployment's
    identity, so that two Airflow deployments that run the same DAG do not find each other's runs,
    and nobody can make one up.

    :param tags: HMACs of the task instance: the one that is sent, then those of previous
        identities of this deployment, which are found as well.
    :param attempt: The number of the attempt, from 1.
    :param max_tries: Airflow's `max_tries` of the task instance; a clear changes it.
    :param digest: Eight hexadecimal digits: a digest of what determines the work.
    """

    tags: tuple[str, ...]
    attempt: int
    max_tries: int
    digest: str

    @classmethod
    def create(
        cls,
        name: Sequence[str | int],
        *,
        attempt: int,
        max_tries: int,
        digest: str,
        deployment_ids: Sequence[str],
    ) -> Marker:
        """
        Return the marker of an attempt.

        :param name: What names the task instance, and the operator within it.
        :param deployment_ids: The deployment's identity, then its previous ones.
        """
        text = json.dumps(list(name)).encode()
        tags = [
            hmac.new(id.encode(), text, hashlib.sha256).hexdigest()[:16] for id in deployment_ids
        ]
        return cls(tuple(tags), attempt, max_tries, digest)

    def __str__(self) -> str:
        return f"[af:{self.tags[0]}/{self.attempt}.{self.max_tries}.{self.digest}]"

    def put_before(self, text: str, max_length: int) -> str:
        """Return the marker and a text, cut to a length; services cut long texts at their end."""
        room = max_length - len(str(self)) - 1
        kept = text if len(text) <= room else text[: room - 1] + "…"
        return f"{self} {kept}"

    def read(self, text: object) -> MarkerFields | None:
        """Return what a text's marker says, or `None` if it has no marker of this task instance."""
        found = _PATTERN.match(text) if isinstance(text, str) else None
        if found is None or found[1] not in self.tags:
            return None
        return MarkerFields(int(found[2]), int(found[3]), found[4])


def work_digest(content: Any) -> str:
    """Return eight hexadecimal digits that change with JSON content."""
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
