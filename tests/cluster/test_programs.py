"""What images bring with them."""

from __future__ import annotations

import pytest

from tests.cluster.programs import UnknownCommandError, program


def test_a_part_of_airflow_is_an_argument_of_its_command() -> None:
    assert program("dbtsegment-airflow:3", ["celery", "worker"]) == ["airflow", "celery", "worker"]
    assert program("dbtsegment-airflow:3", ["bash", "-c", "x"]) == ["bash", "-c", "x"]


@pytest.mark.parametrize(
    ("image", "command"),
    [("dbtsegment-airflow", ["webserver"]), ("dbtsegment-airflow", []), ("nginx:1", ["nginx"])],
)
def test_what_is_not_known_is_said(image: str, command: list[str]) -> None:
    with pytest.raises(UnknownCommandError):
        program(image, command)
