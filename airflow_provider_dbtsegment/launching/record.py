"""
The launch record: what attempts of a task instance write down for later ones.

It is kept in Airflow's task state store under one key per operator, with one entry for each work
(service, account, job or mapping) and execution. Every attempt writes it first, and again directly
before a start. A store accepts no write of an attempt that is over, so a write that succeeds and is
read back proves that the attempt is current and alone.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from airflow_provider_dbtsegment.exceptions import AttemptOverError, LaunchUnknownError
from airflow_provider_dbtsegment.launching.protocol import StateStore

log = logging.getLogger(__name__)

#: The version of the stored form.
VERSION = 1
#: The prefix of keys that say that an attempt meant to cancel what it waited for.
CANCEL_KEY = "dbtsegment_cancel:"
#: How many works one operator's records hold; the oldest are dropped.
MAX_LAUNCHES = 50
#: How many attempts' nonces a record keeps.
MAX_NONCES = 20


@dataclass(frozen=True)
class Record:
    """
    What is known of one launch.

    :param work: Service, origin, account, and job or mapping.
    :param digest: The digest of what determines the work.
    :param attempt: The attempt that sent the start, or took the run over last.
    :param max_tries: Airflow's `max_tries` at that time; a clear changes it.
    :param nonces: One random value for each attempt that worked with the record, the newest last.
    :param marker: The marker as it was sent.
    :param is_incomplete: Whether attempts before the record may have started something: it was
        cleared, has expired, or could not be read.
    :param is_requested: Whether a start may have been sent whose answer is not in the record.
    :param requested_at: A time not before the start was sent, by the service's clock, if known.
    :param baseline: What existed before the start, as the service's launcher describes it.
    :param known: Ids that existed before the start.
    :param id: What was started, once that is known.
    :param is_reused: Whether somebody else started it.
    :param used: ``success`` or ``failure`` once an attempt has ended by its outcome.
    :param ends_unseen: Whether a success may end the task where the record cannot be written (in
        the triggerer), or without waiting for the outcome.
    :param cancels_on_kill: Whether the attempt cancels it when the task is killed.
    """

    work: Mapping[str, Any]
    digest: str = ""
    attempt: int = 0
    max_tries: int = 0
    nonces: tuple[str, ...] = ()
    marker: str = ""
    is_incomplete: bool = False
    is_requested: bool = False
    requested_at: float | None = None
    baseline: Any = None
    known: tuple[Any, ...] = ()
    id: Any = None
    is_reused: bool = False
    used: str = ""
    ends_unseen: str = ""
    cancels_on_kill: bool = False

    @classmethod
    def parse(cls, value: Any) -> Record | None:
        """Return a stored record, or `None` if it is not one."""
        if not isinstance(value, dict) or not isinstance(value.get("work"), dict):
            return None
        values = {one.name: value[one.name] for one in fields(cls) if one.name in value}
        for name in ("nonces", "known"):
            if not isinstance(values.get(name, []), list):
                return None
            values[name] = tuple(values.get(name, []))
        record = cls(**values)
        return record if record._is_valid() else None

    def as_dict(self) -> dict[str, Any]:
        """Return the form that is stored."""
        return {**asdict(self), "nonces": list(self.nonces), "known": list(self.known)}

    def _is_valid(self) -> bool:
        is_whole = all(type(number) is int for number in (self.attempt, self.max_tries))
        is_text = all(
            isinstance(text, str)
            for text in (self.digest, self.marker, self.used, self.ends_unseen)
        )
        is_flag = all(
            isinstance(flag, bool)
            for flag in (
                self.is_incomplete,
                self.is_requested,
                self.is_reused,
                self.cancels_on_kill,
            )
        )
        is_time = self.requested_at is None or (
            isinstance(self.requested_at, (int, float)) and not isinstance(self.requested_at, bool)
        )
        ids = [*self.known, *([] if self.id is None else [self.id])]
        return (
            is_whole
            and is_text
            and is_flag
            and is_time
            and all(isinstance(nonce, str) for nonce in self.nonces)
            and all(isinstance(id, (int, str)) and not isinstance(id, bool) for id in ids)
        )


@dataclass
class LaunchRecords:
    """
    One operator's records in the state store.

    :param store: The store, or `None` before Airflow 3.3: then nothing is kept.
    :param key: The key in the store.
    :param deployments: Fingerprints of the deployment's identity, and of its previous ones;
        records of another deployment (in a copied database) do not count.
    """

    store: StateStore | None
    key: str
    deployments: tuple[str, ...]
    #: Whether there is something under the key that is not ours to read.
    is_unreadable: bool = False
    #: Whether an attempt has left any record.
    is_empty: bool = True
    _launches: dict[str, Record] = field(default_factory=dict, repr=False)

    def read(self) -> None:
        """
        Read the records.

        :raises LaunchUnknownError: If the store cannot be read.
        """
        if self.store is None:
            return
        try:
            value = self.store.get(self.key)
        except Exception as error:
            raise LaunchUnknownError(
                f"The task state store cannot be read ({error}), so it is not known what earlier "
                "attempts have started. This attempt has started nothing. A later attempt reads it "
                "again."
            ) from error
        self._launches, self.is_unreadable = self._parse(value)
        self.is_empty = not self._launches

    def _parse(self, value: Any) -> tuple[dict[str, Record], bool]:
        if value is None:
            return {}, False
        launches = value.get("launches") if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(launches, dict):
            log.warning("The task state store holds unknown data under %s: not used.", self.key)
            return {}, True
        if value.get("deployment") not in self.deployments:
            log.warning(
                "The launch record in the task state store is of another Airflow deployment: not "
                "used. If this deployment's base URL has changed, name the previous one in "
                "[dbtsegment] previous_deployment_ids."
            )
            return {}, True
        parsed = {name: Record.parse(entry) for name, entry in launches.items()}
        broken = [name for name, record in parsed.items() if record is None]
        for name in broken:
            log.warning("The task state store holds an unknown launch record for %s.", name)
        return {name: record for name, record in parsed.items() if record}, bool(broken)

    def get(self, name: str) -> Record | None:
        """Return the record of a work."""
        return self._launches.get(name)

    def others(self, name: str) -> dict[str, Record]:
        """Return the records of other works, by their names."""
        return {other: record for other, record in self._launches.items() if other != name}

    def of_id(self, id: Any) -> tuple[str, Record] | None:
        """Return the record of something that was started, by its id."""
        return next((item for item in self._launches.items() if item[1].id == id), None)

    def newest(self) -> tuple[str, Record] | None:
        """Return the record that was written last."""
        return next(reversed(self._launches.items()), None)

    def write(self, name: str, record: Record) -> None:
        """
        Store a record.

        :raises Exception: If Airflow does not take it.
        """
        if self.store is None:
            return
        launches = {**self.others(name), name: record}
        kept = dict(list(launches.items())[-MAX_LAUNCHES:])
        self.store.set(
            self.key,
            {
                "version": VERSION,
                "deployment": self.deployments[0],
                "launches": {other: one.as_dict() for other, one in kept.items()},
            },
        )
        self._launches, self.is_empty = kept, False

    def write_quietly(self, name: str, record: Record, logger: Any = log) -> None:
        """Store a record; what has been started must not be lost because that fails."""
        try:
            self.write(name, record)
        except Exception as error:
            logger.warning("The task state store did not take the launch record: %s", error)

    def confirm(self, name: str, record: Record, nonce: str) -> None:
        """
        Write a record and read it back, directly before a start is sent.

        :param nonce: The attempt's own.
        :raises AttemptOverError: If Airflow takes no writes of this attempt, or another process of
            the same attempt has written: nothing may be sent.
        """
        if self.store is None:
            return
        record = claim(record, nonce)
        try:
            self._must_hold(name, nonce)
            self.write(name, record)
            self._must_hold(name, nonce)
        except AttemptOverError:
            raise
        except Exception as error:
            raise AttemptOverError(
                f"Nothing was started: Airflow's task state store did not take the launch record "
                f"({error}). Either this attempt is over, or Airflow cannot be reached."
            ) from error

    def _must_hold(self, name: str, nonce: str) -> None:
        value = self.store.get(self.key) if self.store is not None else None
        launches = self._parse(value)[0]
        found = launches.get(name)
        if found is None or not found.nonces or found.nonces[-1] != nonce:
            raise AttemptOverError(
                "Nothing was started: this attempt of the task is over, or another process of it "
                "is starting the same."
            )


def claim(record: Record, nonce: str) -> Record:
    """Return a record with the nonce of the attempt that works with it now as its last one."""
    if record.nonces[-1:] == (nonce,):
        return record
    return replace(record, nonces=(*record.nonces, nonce)[-MAX_NONCES:])


def deployment_name(id: str) -> str:
    """Return a fingerprint of a deployment's identity, which does not give it away."""
    return hashlib.sha256(id.encode()).hexdigest()[:12]


def new_nonce() -> str:
    """Return a random value for one attempt."""
    return secrets.token_hex(8)


def record_cancellation(store: StateStore | None, record: Record | None) -> bool:
    """
    Write down that this attempt is about to cancel what it waits for.

    :return: Whether Airflow took it, which proves that this attempt is current.
    """
    if store is None or record is None or not record.nonces:
        return False
    try:
        store.set(CANCEL_KEY + record.nonces[-1], True)
    except Exception:
        log.debug("The cancellation could not be recorded.", exc_info=True)
        return False
    return True


def was_cancelled_by_us(store: StateStore | None, record: Record | None) -> bool:
    """Return whether an attempt of this task instance has written down that it cancels the run."""
    if store is None or record is None:
        return False
    try:
        return any(store.get(CANCEL_KEY + nonce) is True for nonce in reversed(record.nonces))
    except Exception:
        log.debug("The recorded cancellations could not be read.", exc_info=True)
        return False
