"""Both connections are set up by form and tested by button, and show their tokens to nobody."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from airflow_provider_dbtsegment.connection_forms import DBT_CLOUD_FORM, SEGMENT_FORM, Form
from tests.browser.bed import Bed
from tests.browser.connection_list import STANDARD, ConnectionList
from tests.browser.window import Window
from tests.hooks.page import blocks

OpenWindow = Callable[..., Window]
WRONG = "wr0ng-t0ken-of-nobody"
DBT, SEGMENT = "dbt_by_form", "segment_by_form"


@pytest.fixture
def tidy(bed: Bed) -> Iterator[None]:
    """Leave no connection behind."""
    yield
    for one in bed.api().get("/connections")["connections"]:
        bed.api().request("DELETE", f"/connections/{one['connection_id']}")


@pytest.fixture
def fields(bed: Bed) -> dict[str, dict[str, str]]:
    """What a person types for the sandbox, by connection."""
    config = bed.sandbox.config
    return {
        DBT: {
            "kind": DBT_CLOUD_FORM.name,
            "host": bed.sandbox_url,
            "login": str(config["dbt_cloud"]["account"]["id"]),
            "password": config["dbt_cloud"]["token"],
            "port": "443",
        },
        SEGMENT: {
            "kind": SEGMENT_FORM.name,
            "host": bed.sandbox_url,
            "password": config["segment"]["token"],
            "port": "443",
        },
    }


def test_both_connections_are_added_by_form_and_tested_by_button(
    bed: Bed, open_window: OpenWindow, fields: dict[str, dict[str, str]], tidy: None
) -> None:
    window = open_window("olga")
    listed = ConnectionList(window)
    listed.add(DBT, **fields[DBT])
    assert listed.test(DBT) == (True, f"Reached the account Sandbox (1) of {bed.sandbox_url}.")
    listed.add(SEGMENT, region="EU", **fields[SEGMENT])
    assert listed.test(SEGMENT) == (True, f"Reached the workspace Sandbox at {bed.sandbox_url}.")

    stored = {one["connection_id"]: one for one in bed.api().get("/connections")["connections"]}
    assert stored[DBT]["conn_type"] == "dbt_cloud_admin"
    assert stored[SEGMENT]["conn_type"] == "segment_public_api"
    assert '"region": "EU"' in stored[SEGMENT]["extra"]
    tokens = [fields[DBT]["password"], fields[SEGMENT]["password"]]
    answers = [*window.answers.values(), str(stored)]
    answers += [bed.get(f"/api/v2/connections/{one}", "admin").text for one in (DBT, SEGMENT)]
    assert len(answers) > 5
    assert [one for one in answers for token in tokens if token in one] == []
    assert [url for url in window.requests for token in tokens if token in url] == []


@pytest.mark.screenshots
def test_a_wrong_token_is_told_in_the_page(
    bed: Bed, open_window: OpenWindow, fields: dict[str, dict[str, str]], tidy: None
) -> None:
    window = open_window()
    listed = ConnectionList(window)
    for conn_id, token_of in ((DBT, "a service token"), (SEGMENT, "a Public API token")):
        listed.add(conn_id, **{**fields[conn_id], "password": WRONG})
        reached, says = listed.test(conn_id)
        assert not reached
        assert re.match(rf"{bed.sandbox_url} refuses the token \(401 .*\)\. Put {token_of}", says)
        window.page.get_by_text(says).wait_for()
    window.picture("connection-refused")
    assert WRONG not in window.page.content()
    assert WRONG not in "".join(window.answers.values())


def test_editing_shows_no_token_and_keeps_it(
    bed: Bed, open_window: OpenWindow, fields: dict[str, dict[str, str]], tidy: None
) -> None:
    window = open_window()
    listed = ConnectionList(window)
    listed.add(DBT, **fields[DBT])
    window.page.reload()
    form = listed.edit(DBT)
    password = form.locator("input[name=password]")
    assert password.input_value() == "***"
    assert password.get_attribute("type") == "password"
    assert fields[DBT]["password"] not in window.page.content()
    form.locator("[name=description]").fill("changed")
    listed.save(form)
    window.page.get_by_text("changed").wait_for()
    assert listed.test(DBT)[0], "with the token that was there before"


def test_who_may_not_see_connections_does_not(bed: Bed) -> None:
    assert bed.get("/api/v2/connections", "vic").status_code == 403
    assert bed.get("/api/v2/connections").status_code == 401


@pytest.mark.screenshots
@pytest.mark.parametrize(
    ("form", "name", "sections"),
    [
        (DBT_CLOUD_FORM, "dbt-cloud", {"Network and limits": "network"}),
        (SEGMENT_FORM, "segment", {"Region: US or EU": "segment-region"}),
    ],
)
def test_a_form_shows_what_is_needed_and_explains_it(
    form: Form, name: str, sections: dict[str, str], open_window: OpenWindow
) -> None:
    window = open_window(size=(1280, 1000))
    listed = ConnectionList(window)
    shown = listed.new_form(form.name)
    shown.locator("input[name=connection_id]").fill(f"{name.replace('-', '_')}_default")
    for field in STANDARD:
        box = shown.locator(f"input[name={field}]")
        assert box.is_visible() == (field not in form.hidden), field
        if field not in form.hidden:
            shown.get_by_text(form.labels[field], exact=True).wait_for()
            assert box.get_attribute("placeholder") == form.placeholders[field]
    assert not shown.locator("input[name=schema]").is_visible()
    window.picture(f"connection-{name}", of=shown)
    for section, picture in sections.items():
        listed.open_section(shown, section)
        for one in form.fields:
            if one.section == section:
                shown.get_by_text(one.label, exact=True).wait_for()
                shown.get_by_text(one.description, exact=True).wait_for()
        window.picture(f"connection-{picture}", of=shown)


def test_the_lines_for_the_command_line_work(bed: Bed, tidy: None) -> None:
    def paste(block: str) -> str:
        shell = f'airflow() {{ "{sys.executable}" -m airflow "$@"; }}\n{block}'
        done = subprocess.run(
            ["/bin/bash", "-ec", shell],
            env=bed.airflow.environment(),
            cwd=bed.airflow.home,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    (add,) = blocks("On the command line")
    paste(add)
    stored: dict[str, Any] = {
        one["connection_id"]: one for one in bed.api().get("/connections")["connections"]
    }
    assert stored["dbt_cloud_default"]["host"] == "ab123.us1.dbt.com"
    assert stored["dbt_cloud_default"]["login"] == "12345"
    assert stored["segment_default"]["conn_type"] == "segment_public_api"
    assert '"EU"' in stored["segment_default"]["extra"]
    (test,) = blocks("The Test button")
    # The bed's own connections, in the environment, go before those in the database.
    assert "Connection success!" in paste(test)


def test_the_api_refuses_to_test_without_a_right_to(bed: Bed) -> None:
    body = {"connection_id": "x", "conn_type": "dbt_cloud_admin", "host": bed.sandbox_url}
    with pytest.raises(requests.HTTPError, match="403"):
        bed.api("vic").request("POST", "/connections/test", json=body)
