"""What is read of a compose file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.compose import MissingVariableError, Volume, filled, read, seconds

FILE = """
services:
  one:
    image: dbtsegment-sandbox
    command: [sh, -c, "echo $$HOME ${WORD:-hello}"]
    environment: {TOKEN: "${TOKEN:?give one}"}
    volumes: ["./dags:/dags:ro", "state:/state"]
    expose: ["80"]
    healthcheck:
      test: [CMD-SHELL, "true"]
      interval: 10s
      timeout: 5s
      retries: 3
      start_period: 1m30s
    restart: unless-stopped
  two:
    image: dbtsegment-sandbox
    depends_on: {one: {condition: service_healthy}}
"""


def test_a_service_is_read_with_its_variables_filled_in(tmp_path: Path) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text(FILE)
    services = read(path, {"TOKEN": "secret"})
    one, two = services["one"], services["two"]
    assert one.command == ("sh", "-c", "echo $HOME hello")
    assert one.environment == {"TOKEN": "secret"}
    assert one.volumes == (Volume("./dags", "/dags", True), Volume("state", "/state", False))
    assert one.health is not None
    assert one.health.test == ("sh", "-c", "true")
    assert (one.health.patience, one.health.pause) == (120.0, 10.0)
    assert not one.is_one_off
    assert two.is_one_off
    assert two.depends_on == {"one": "service_healthy"}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${A}", "a"),
        ("$A/b", "a/b"),
        ("${A:-x}", "a"),
        ("${EMPTY:-x}", "x"),
        ("${EMPTY-x}", ""),
        ("${NONE-x}", "x"),
        ("${NONE}", ""),
        ("$$A", "$A"),
        ("$${A}", "${A}"),
    ],
)
def test_variables_are_filled_in_as_compose_does(written: str, value: str) -> None:
    assert filled({"x": [written]}, {"A": "a", "EMPTY": ""}) == {"x": [value]}


@pytest.mark.parametrize("written", ["${NONE:?do this}", "${NONE?do this}", "${EMPTY:?do this}"])
def test_a_missing_variable_says_what_to_do(written: str) -> None:
    with pytest.raises(MissingVariableError, match="is missing: do this"):
        filled(written, {"EMPTY": ""})


def test_durations() -> None:
    assert [seconds(text) for text in ("5s", "2m", "1m30s", "1h")] == [5, 120, 90, 3600]
