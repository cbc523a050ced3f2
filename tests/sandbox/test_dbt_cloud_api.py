"""The form of the API: who may ask, what answers look like, how lists are filtered and cut."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from airflow_provider_dbtsegment.sandbox.testing import DbtClient, running_sandbox
from tests.sandbox.conftest import WORKBENCH, Caller


@pytest.fixture(scope="module")
def runs(workbench: Caller) -> list[dict[str, Any]]:
    """Four finished runs, the last one of them failed."""
    finished = [workbench.run(7001), workbench.run(7002), workbench.run(7001)]
    return [*finished, workbench.run(7001, "dbt clean --no-such-option")]


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory, dbt: DbtClient) -> Iterator[Caller]:
    """A sandbox that answers three requests a minute."""
    config = tmp_path_factory.mktemp("limited") / "sandbox.yml"
    config.write_text(
        (WORKBENCH / "sandbox.yml")
        .read_text()
        .replace("dbt_cloud:", "dbt_cloud:\n  requests_per_minute: 3", 1)
    )
    with running_sandbox(config.parent / "state", WORKBENCH, config, dbt=dbt) as sandbox:
        yield Caller(sandbox)


def ids(caller: Caller, path: str, **query: Any) -> list[int]:
    return [one["id"] for one in caller.get(path, **query)]


@pytest.mark.parametrize("scheme", ["Token", "Bearer"])
def test_both_spellings_of_the_token_are_accepted(workbench: Caller, scheme: str) -> None:
    """``Token`` and ``Bearer`` mean the same."""
    response = requests.get(
        f"{workbench.sandbox.url}/api/v2/accounts/",
        headers={"Authorization": f"{scheme} {workbench.sandbox.dbt_token}"},
        timeout=10,
    )
    assert [account["id"] for account in response.json()["data"]] == [7]
    assert "Date" in response.headers


@pytest.mark.parametrize(
    "header", [None, "Token wrong", "Basic workbench-token", "workbench-token"]
)
def test_without_the_token_there_is_no_answer(workbench: Caller, header: str | None) -> None:
    """A wrong or absent token is answered with 401 in the envelope."""
    response = requests.get(
        f"{workbench.sandbox.url}/api/v2/accounts/7/jobs/",
        headers={"Authorization": header} if header else {},
        timeout=10,
    )
    assert response.status_code == 401
    assert response.json() == {
        "status": {
            "code": 401,
            "is_success": False,
            "user_message": "Invalid token",
            "developer_message": "",
        },
        "data": None,
    }


def test_one_thing_and_a_list_come_in_the_envelope(workbench: Caller) -> None:
    """A list says how it was asked for, and how long the whole is."""
    one = workbench.call("GET", "/").json()
    assert one["status"]["is_success"] is True
    assert (one["data"]["id"], one["data"]["name"]) == (7, "Workbench")
    many = workbench.call("GET", "/jobs/", params={"limit": 2, "project_id": 70}).json()
    assert many["extra"] == {
        "filters": {"limit": 2, "offset": 0, "project_id": "70"},
        "order_by": "id",
        "pagination": {"count": 2, "total_count": 3},
    }


@pytest.mark.parametrize(
    "path",
    ["/jobs/1/", "/runs/99999/", "/projects/1/", "/environments/1/", "/runs/99999/retry/", "/no/"],
)
def test_what_is_not_there_is_404(workbench: Caller, path: str) -> None:
    """Unknown ids and unknown paths are answered in the envelope."""
    response = workbench.call("GET", path)
    assert response.status_code == 404
    assert response.json()["status"]["code"] == 404


def test_another_account_is_not_there(workbench: Caller) -> None:
    """The token opens one account only."""
    response = requests.get(
        f"{workbench.sandbox.url}/api/v2/accounts/8/jobs/",
        headers={"Authorization": f"Token {workbench.sandbox.dbt_token}"},
        timeout=10,
    )
    assert response.status_code == 404


def test_the_slash_at_the_end_matters(workbench: Caller) -> None:
    """Without it a reader is sent on, and a writer is refused."""
    sent_on = workbench.call("GET", "/jobs?limit=1", allow_redirects=False)
    assert sent_on.status_code == 308
    assert sent_on.headers["Location"].endswith("/api/v2/accounts/7/jobs/?limit=1")
    refused = workbench.call("POST", "/jobs/7001/run", json={"cause": "x"})
    assert (refused.status_code, refused.json()["status"]["code"]) == (405, 405)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "cause"),
        ({"cause": ""}, "cause"),
        ({"cause": "x" * 256}, "cause"),
        ({"cause": "x", "threads_override": "many"}, "threads_override"),
        ({"cause": "x", "steps_override": ["rm -rf /"]}, "steps_override"),
        ({"cause": "x", "steps_override": ["dbt build; rm -rf /", "dbt 'build"]}, "steps_override"),
        ({"cause": "x", "steps_override": ["dbt --version"]}, "steps_override"),
    ],
)
def test_a_wrong_body_is_refused_by_field(
    workbench: Caller, body: dict[str, Any], field: str
) -> None:
    """400 names the field, and no run is made."""
    before = workbench.get("/runs/", order_by="-id", limit=1)
    response = workbench.call("POST", "/jobs/7001/run/", json=body)
    assert response.status_code == 400
    assert list(response.json()["data"]) == [field]
    assert workbench.get("/runs/", order_by="-id", limit=1) == before


def test_a_cause_may_have_255_characters_and_unknown_fields_are_let_be(workbench: Caller) -> None:
    """The longest cause comes back whole."""
    cause = "ü" * 255
    run = workbench.post("/jobs/7001/run/", cause=cause, no_such_field=1)
    assert run["trigger"]["cause"] == cause
    assert run["trigger"]["cause_category"] == "api"
    assert run["job"]["name"] == "Look around"
    workbench.finish(run)


def test_projects_are_found_in_both_versions(workbench: Caller) -> None:
    """Version 2 and version 3 tell the same of projects and environments."""
    assert ids(workbench, "/projects/", name__icontains="WORK") == [70]
    assert ids(workbench, "/projects/", order_by="-id") == [71, 70]
    assert ids(workbench, "/projects/", pk=71) == [71]
    assert ids(workbench, "/projects/", state="deleted") == []
    newer = workbench.sandbox.url + "/api/v3/accounts/7"
    header = {"Authorization": f"Token {workbench.sandbox.dbt_token}"}
    for path in ("/projects/70/", "/projects/"):
        answer = requests.get(newer + path, headers=header, timeout=10).json()
        assert answer["data"] == workbench.get(path)
    listed = requests.get(f"{newer}/projects/70/environments/", headers=header, timeout=10).json()
    assert listed["data"] == workbench.get("/environments/", project_id=70)
    found = requests.get(f"{newer}/projects/71/environments/701/", headers=header, timeout=10)
    assert found.status_code == 404


def test_environments_and_jobs_are_filtered(workbench: Caller) -> None:
    """Each filter narrows the list."""
    assert ids(workbench, "/environments/", name__icontains="stag") == [701]
    assert ids(workbench, "/environments/", name="Production") == [700]
    assert ids(workbench, "/environments/", project_id=71) == []
    assert workbench.get("/environments/701/")["name"] == "Staging"
    assert ids(workbench, "/jobs/", environment_id=701) == [7002]
    assert ids(workbench, "/jobs/", name__icontains="look") == [7001, 7002]
    assert ids(workbench, "/jobs/", project_id__in="[71]") == []
    assert ids(workbench, "/jobs/", pk=7000) == [7000]
    job = workbench.get("/jobs/7002/", include_related="environment")
    assert job["settings"] == {"threads": 1, "target_name": "staging"}
    assert job["environment"]["id"] == 701


def test_runs_are_filtered(workbench: Caller, runs: list[dict[str, Any]]) -> None:
    """Each filter narrows the list, and several narrow it together."""
    first, second, third, failed = (run["id"] for run in runs)
    since = {"id__gt": first - 1}
    assert ids(workbench, "/runs/", **since) == [first, second, third, failed]
    assert ids(workbench, "/runs/", **since, order_by="-id") == [failed, third, second, first]
    assert ids(workbench, "/runs/", **since, order_by="-finished_at")[0] == failed
    assert ids(workbench, "/runs/", **since, job_definition_id=7002) == [second]
    assert ids(workbench, "/runs/", **since, environment_id=701) == [second]
    assert ids(workbench, "/runs/", **since, status=20) == [failed]
    assert ids(workbench, "/runs/", **since, status__in="[20,30]") == [failed]
    assert ids(workbench, "/runs/", pk__in=json.dumps([third, first, 12345])) == [first, third]
    assert ids(workbench, "/runs/", pk=second) == [second]
    assert ids(workbench, "/runs/", **since, project_id=71) == []
    for field in ("created_at", "finished_at"):
        between = json.dumps([runs[1][field], runs[2][field]])
        assert ids(workbench, "/runs/", **{f"{field}__range": between}) == [second, third]


def test_runs_are_cut_into_pages(workbench: Caller, runs: list[dict[str, Any]]) -> None:
    """Pages follow each other without a gap, and the total stays the same."""
    since = {"id__gt": runs[0]["id"] - 1, "limit": 3}
    first = workbench.call("GET", "/runs/", params=since).json()
    second = workbench.call("GET", "/runs/", params={**since, "offset": 3}).json()
    assert [run["id"] for run in first["data"] + second["data"]] == [run["id"] for run in runs]
    assert first["extra"]["pagination"] == {"count": 3, "total_count": 4}
    assert second["extra"]["pagination"] == {"count": 1, "total_count": 4}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "101"),
        ("limit", "many"),
        ("offset", "-1"),
        ("order_by", "secrets"),
        ("pk__in", "1,2"),
        ("status__in", "{}"),
        ("status", "good"),
        ("created_at__range", '["2026-01-01"]'),
        ("created_at__range", '["then","now"]'),
        ("state", "gone"),
    ],
)
def test_a_parameter_that_cannot_be_read_is_refused(
    workbench: Caller, name: str, value: str
) -> None:
    """400 names the parameter."""
    response = workbench.call("GET", "/runs/", params={name: value})
    assert response.status_code == 400
    assert list(response.json()["data"]) == [name]


def test_related_things_come_when_asked_for(workbench: Caller, runs: list[dict[str, Any]]) -> None:
    """They are null otherwise; a list has no steps."""
    path = f"/runs/{runs[0]['id']}/"
    plain = workbench.get(path)
    assert [plain[name] for name in ("trigger", "job", "environment", "run_steps")] == [None] * 4
    for spelling in ("trigger,job", '["trigger","job"]'):
        run = workbench.get(path, include_related=spelling)
        assert (run["trigger"]["cause"], run["job"]["id"]) == ("A test", 7001)
        assert run["run_steps"] is None
    listed = workbench.get("/runs/", pk=runs[0]["id"], include_related="trigger,run_steps")[0]
    assert listed["trigger"]["cause"] == "A test"
    assert listed["run_steps"] is None


def test_too_many_requests_are_refused(limited: Caller) -> None:
    """Over the limit the answer is 429, in the envelope."""
    answers = [limited.call("GET", "/") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["status"]["is_success"] is False


def test_a_run_has_a_page_that_people_can_read(workbench: Caller) -> None:
    """The page that ``href`` names needs no token, and shows what came from outside as text."""
    run = workbench.post(
        "/jobs/7001/run/",
        cause="<script>alert(1)</script>",
        steps_override=["dbt clean --<b>bold</b>"],
    )
    assert run["href"] == f"{workbench.sandbox.url}/deploy/7/projects/70/runs/{run['id']}"
    workbench.finish(run)
    page = requests.get(run["href"], timeout=10)
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert "<script>" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "<b>" not in page.text
    assert "No such option" in page.text
    assert 'http-equiv="refresh"' not in page.text
    missing = requests.get(run["href"].replace("projects/70", "projects/71"), timeout=10)
    assert missing.status_code == 404


def test_the_page_of_an_active_run_refreshes(workbench: Caller, tmp_path: Path) -> None:
    """It does so until the run has ended."""
    run = workbench.start(7000, f"dbt run --select sleeper --vars '{{pids: {tmp_path}/pids}}'")
    assert 'http-equiv="refresh"' in requests.get(run["href"], timeout=10).text
    workbench.post(f"/runs/{run['id']}/cancel/")
    assert 'http-equiv="refresh"' not in requests.get(run["href"], timeout=10).text


def test_the_front_page_leads_to_the_newest_runs(workbench: Caller) -> None:
    """It needs no token either: clients look there to see whether anybody answers."""
    run = workbench.run(7001)
    front = requests.get(workbench.sandbox.url, timeout=10)
    assert front.status_code == 200
    path = run["href"].removeprefix(workbench.sandbox.url)
    assert f'<ul><li><a href="{path}">Run {run["id"]}</a> Look around: ' in front.text
