"""Airflow's page of connections, as a person uses it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.browser.window import Window

if TYPE_CHECKING:
    from playwright.sync_api import Locator

#: The fields of Airflow's own that a form may show, by their names in the page.
STANDARD = ("host", "login", "password", "port")


class ConnectionList:
    """
    The list of connections, with its forms and its Test buttons.

    :param window: Of somebody who may change connections.
    """

    def __init__(self, window: Window) -> None:
        self.window = window
        self.page = window.open("/connections")

    def new_form(self, kind: str) -> Locator:
        """Open the form of a new connection of a type, which is found by its name."""
        self.page.get_by_role("button", name="Add Connection").first.click()
        form = self.page.get_by_role("dialog")
        form.get_by_role("combobox").fill(kind)
        self.page.get_by_role("option", name=kind, exact=True).click()
        form.locator("input[name=password]").wait_for()
        return form

    def add(self, conn_id: str, kind: str, region: str = "", **fields: str) -> None:
        """Fill in the form of a new connection and save it."""
        form = self.new_form(kind)
        form.locator("input[name=connection_id]").fill(conn_id)
        for name, value in fields.items():
            form.locator(f"input[name={name}]").fill(value)
        if region:
            self.open_section(form, "Region: US or EU")
            form.locator("#element_region input").first.fill(region)
            self.page.get_by_role("option", name=region).click()
        self.save(form)
        self.row(conn_id).wait_for()

    def open_section(self, form: Locator, heading: str) -> None:
        """Open a part of a form that is closed at first."""
        button = form.get_by_role("button", name=heading, exact=True)
        button.click()
        self.page.wait_for_function(
            "button => button.getAttribute('aria-expanded') === 'true'",
            arg=button.element_handle(),
        )

    def save(self, form: Locator) -> None:
        """Save what a form holds."""
        form.get_by_role("button", name="Save").click()
        form.wait_for(state="hidden")

    def row(self, conn_id: str) -> Locator:
        """Return the row of a connection."""
        return self.page.get_by_role("row").filter(has_text=conn_id)

    def edit(self, conn_id: str) -> Locator:
        """Open the form of a connection."""
        self.row(conn_id).get_by_role("button", name="Edit Connection").click()
        form = self.page.get_by_role("dialog")
        form.locator("input[name=password]").wait_for()
        return form

    def test(self, conn_id: str) -> tuple[bool, str]:
        """Press the Test button, and return what Airflow's API has answered the page."""
        with self.page.expect_response("**/api/v2/connections/test") as told:
            self.row(conn_id).get_by_role("button", name="Test Connection").click()
        answer: dict[str, Any] = json.loads(told.value.text())
        return answer["status"], answer["message"]
