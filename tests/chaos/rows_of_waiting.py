"""Rows about waiting: tokens that are rotated, connections that lead elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from tests.chaos.row import DBT_CLOUD, DEFERRED, SEGMENT, SYNCHRONOUS, Row

SERVICES = (DBT_CLOUD, SEGMENT)


def rows() -> list[Row]:
    """Return the rows."""
    return [*_tokens(), *_elsewhere()]


def _tokens() -> Iterator[Row]:
    for service in SERVICES:
        for mode, fault, act in (
            (DEFERRED, "its token is rotated, the old one good for 1 s", "rotate token"),
            (DEFERRED, "its token is rotated, the old one good for 8 s", "rotate token slowly"),
            (SYNCHRONOUS, "its token is rotated, the old one good for 1 s", "rotate token"),
        ):
            yield Row(fault, "waiting", service, mode, work="long", act=act, retries=0)


def _elsewhere() -> Iterator[Row]:
    for service in SERVICES:
        yield Row(
            "the connection leads to another account",
            "waiting",
            service,
            DEFERRED,
            work="lasting",
            act="change host",
            retries=0,
            options={"end_in_triggerer": False},
            elsewhere=("success",),
            state="failed",
            says="(?i)connection",
            # It must not even ask there for what was started here.
            never=r"\b404\b",
        )
