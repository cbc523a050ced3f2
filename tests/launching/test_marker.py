"""The marker in a run's cause."""

from __future__ import annotations

import pytest

from airflow_provider_dbtsegment.launching.marker import Marker, MarkerFields

DIGEST = "0a1b2c3d"


def made(
    name: tuple[str | int, ...] = ("d", "r", "t", -1),
    ids: tuple[str, ...] = ("id",),
    attempt: int = 2,
) -> Marker:
    return Marker.create(name, attempt=attempt, max_tries=3, digest=DIGEST, deployment_ids=ids)


def test_a_marker_is_read_from_the_cause_that_it_begins() -> None:
    marker = made()
    assert marker.read(f"{marker} Airflow: d.t") == MarkerFields(2, 3, DIGEST)
    assert made(attempt=5).read(str(marker)) == MarkerFields(2, 3, DIGEST)


@pytest.mark.parametrize(
    "other",
    [
        made(("d", "r", "t", 0)),
        made(("d", "r", "u", -1)),
        made(("d", "s", "t", -1)),
        made(("e", "r", "t", -1)),
        made(ids=("another",)),
    ],
)
def test_a_marker_of_another_task_instance_or_deployment_is_not_ours(other: Marker) -> None:
    assert made().read(str(other)) is None


@pytest.mark.parametrize("text", [None, 5, "", "Airflow: d.t", "[af:zz/1.2.3]", "[af:"])
def test_a_text_without_a_marker_is_not_ours(text: object) -> None:
    assert made().read(text) is None


def test_a_marker_within_a_text_is_a_copy() -> None:
    assert made().read(f"A person runs it again: {made()}") is None


def test_previous_identities_of_the_deployment_are_found() -> None:
    before, now = made(ids=("old",)), made(ids=("new", "old"))
    assert now.read(str(before)) == MarkerFields(2, 3, DIGEST)
    assert before.read(str(now)) is None


@pytest.mark.parametrize("length", [10, 300])
def test_a_long_cause_is_cut_at_its_end(length: int) -> None:
    marker = made()
    cause = marker.put_before("x" * length, 255)
    assert len(cause) <= 255
    assert marker.read(cause) is not None
    assert marker.read(cause[:60]) is not None
