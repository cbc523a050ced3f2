"""
The plugin that shows the pages in Airflow, from 3.1 on; before that it registers nothing.

Every part of Airflow loads this file, so it imports next to nothing: the app with its routes is
made when the API server is asked for the first page.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from airflow import __version__
from airflow.plugins_manager import AirflowPlugin

from airflow_provider_dbtsegment.ui.places import OVERVIEW_TAB, PREFIX, RUN_TAB, TASK_TAB

NAME = "dbt → Segment"
#: Before 3.1 Airflow has no place for pages like these.
HAS_PAGES = tuple(int(number) for number in __version__.split(".")[:2]) >= (3, 1)

Message = MutableMapping[str, Any]


class LazyApp:
    """The app, made when it is first asked."""

    def __init__(self) -> None:
        self._app: Any = None
        self._lock = threading.Lock()

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Answer a request."""
        await self._made()(scope, receive, send)

    def _made(self) -> Any:
        with self._lock:
            if self._app is None:
                from airflow_provider_dbtsegment.ui.app import create_app

                self._app = create_app()
            return self._app


class DbtSegmentPlugin(AirflowPlugin):
    """The run's tab, the task's tab and the overview."""

    name = "dbtsegment"
    fastapi_apps = [{"name": NAME, "app": LazyApp(), "url_prefix": PREFIX}] if HAS_PAGES else []
    external_views = (
        [
            # Without a slash at the beginning: Airflow's base URL may have a path.
            {
                "name": NAME,
                "href": f"{PREFIX[1:]}/overview",
                "destination": "nav",
                "category": "browse",
                "url_route": OVERVIEW_TAB,
            },
            {
                "name": NAME,
                "href": f"{PREFIX[1:]}/run/{{DAG_ID}}/{{RUN_ID}}",
                "destination": "dag_run",
                "url_route": RUN_TAB,
            },
            {
                "name": NAME,
                "href": f"{PREFIX[1:]}/task/{{DAG_ID}}/{{TASK_ID}}/{{MAP_INDEX}}/{{RUN_ID}}",
                "destination": "task_instance",
                "url_route": TASK_TAB,
            },
        ]
        if HAS_PAGES
        else []
    )
