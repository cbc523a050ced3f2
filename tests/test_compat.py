"""What differs between the versions of Airflow."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_dbtsegment import compat
from airflow_provider_dbtsegment.links.segment import SegmentLink

structlog = pytest.importorskip("structlog.testing", reason="Airflow 2 has no supervisor")


@pytest.fixture
def no_xcoms(monkeypatch: pytest.MonkeyPatch) -> None:
    """A running task whose supervisor finds no XCom."""
    runner = pytest.importorskip(
        "airflow.sdk.execution_time.task_runner", reason="Airflow 2 has no supervisor"
    )
    from airflow.sdk.execution_time.comms import XComResult

    def answer(message: Any) -> Any:
        return XComResult(key=message.key, value=None)

    monkeypatch.setattr(
        runner, "SUPERVISOR_COMMS", SimpleNamespace(send=answer, **_of_3_0(answer)), raising=False
    )


def _of_3_0(answer: Any) -> dict[str, Any]:
    """Airflow 3.0 asks and fetches the answer in two steps."""
    asked: list[Any] = []
    return {
        "send_request": lambda log, msg: asked.append(msg),
        "get_message": lambda: answer(asked.pop()),
    }


def test_a_link_that_leads_nowhere_is_told_without_a_warning(no_xcoms: None) -> None:
    task = SimpleNamespace(dag_id="d", task_id="t", run_id="r", map_index=-1)
    with structlog.capture_logs() as told:
        assert SegmentLink().get_link(None, ti_key=task) == ""  # type: ignore[arg-type]
    assert [line["event"] for line in told if line["log_level"] != "debug"] == []


def test_airflow_goes_on_to_warn_of_what_somebody_else_asks_for(no_xcoms: None) -> None:
    with compat.missing_xcoms_are_fine():
        pass
    with structlog.capture_logs() as told:
        found = compat.XCom.get_one(key="k", dag_id="d", task_id="t", run_id="r")
    assert found is None
    warned = any(line["log_level"] == "warning" for line in told)
    assert warned is compat.WARNS_OF_MISSING_XCOMS
