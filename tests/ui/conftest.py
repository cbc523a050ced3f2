"""The real API server's app, on a real database of Airflow's, in this process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow import __version__

from airflow_provider_dbtsegment.demo.database import copy_database
from tests.ui.rows import Rows

VERSION = tuple(int(number) for number in __version__.split(".")[:2])
AUTH = Path(__file__).parents[1] / "browser" / "auth"
#: The variable that names a database to use in the place of a file of SQLite's; it must be empty.
DATABASE = "PAGES_DATABASE"
#: Kept from ulf.
HIDDEN = "kept_from_ulf"
USERS = {"admin": "admin", "vic": "viewer", "ulf": "user"}

#: A page of a person: the path, and who asks; `None` is nobody.
Ask = Callable[..., Any]


@pytest.fixture(scope="package")
def airflow_settings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """An empty database of Airflow's, and the settings of its API server."""
    if VERSION < (3, 1):
        pytest.skip("needs Airflow 3.1 or later")
    from airflow import settings

    folder = tmp_path_factory.mktemp("airflow")
    passwords = folder / "passwords.json"
    passwords.write_text(json.dumps(dict.fromkeys(USERS, "of-the-tests")))
    file = folder / "airflow.db"
    server = os.environ.get(DATABASE)
    patch = pytest.MonkeyPatch()
    for name, value in {
        "DATABASE__SQL_ALCHEMY_CONN": server or f"sqlite:///{file}",
        "CORE__AUTH_MANAGER": "hiding_auth_manager.HidingAuthManager",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(map(":".join, USERS.items())),
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "CORE__LOAD_EXAMPLES": "False",
        "API_AUTH__JWT_SECRET": "a-secret-of-the-tests" * 4,
        "API__SECRET_KEY": "another-secret-of-the-tests" * 3,
    }.items():
        patch.setenv(f"AIRFLOW__{name}", value)
    patch.setenv("HIDDEN_DAGS", json.dumps({"ulf": [HIDDEN]}))
    patch.syspath_prepend(str(AUTH))
    if server:
        _migrate(folder)
    else:
        template = request.config.cache.mkdir("local_airflow") / f"airflow-{__version__}.db"
        copy_database(template, file, make=lambda: _migrate(folder))
    settings.configure_vars()
    settings.configure_orm()
    yield
    settings.dispose_orm(do_log=False)
    patch.undo()
    settings.configure_vars()
    settings.configure_orm()


def _migrate(folder: Path) -> None:
    path = os.pathsep.join(filter(None, [str(AUTH), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "AIRFLOW_HOME": str(folder / "home"), "PYTHONPATH": path}
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="package")
def app(airflow_settings: None) -> Iterator[Any]:
    """The API server's app, with our plugin as Airflow finds it."""
    from airflow.api_fastapi.app import create_app, purge_cached_app

    purge_cached_app()
    yield create_app(apps="core")
    purge_cached_app()


def login(user: str | None) -> dict[str, str]:
    """Return what tells the API server who asks."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    if user is None:
        return {}
    known = SimpleAuthManagerUser(username=user, role=USERS[user].upper())
    return {"Authorization": f"Bearer {get_auth_manager().generate_jwt(known)}"}


@pytest.fixture(scope="package")
def ask(app: Any) -> Iterator[Ask]:
    """Ask for a page as somebody; `None` is nobody."""
    from fastapi.testclient import TestClient

    client = TestClient(app, raise_server_exceptions=True)

    def one(path: str, user: str | None = "vic", **options: Any) -> Any:
        return client.get(path, headers=login(user), follow_redirects=False, **options)

    yield one
    client.close()


@pytest.fixture
def statements(app: Any) -> Iterator[Callable[[], list[str]]]:
    """Return what the database was asked so far."""
    from airflow import settings
    from sqlalchemy import event

    heard: list[str] = []

    def hear(_: Any, __: Any, statement: str, *___: Any) -> None:
        heard.append(statement)

    event.listen(settings.engine, "before_cursor_execute", hear)
    yield lambda: heard
    event.remove(settings.engine, "before_cursor_execute", hear)


@pytest.fixture
def rows(airflow_settings: None) -> Iterator[Rows]:
    """The database, which is empty before and after."""
    written = Rows()
    yield written
    from airflow.models.dag import DagModel
    from airflow.models.dag_version import DagVersion
    from airflow.models.dagrun import DagRun
    from sqlalchemy import delete

    with written.session() as session:
        session.execute(delete(DagRun))
        session.execute(delete(DagVersion))
        session.execute(delete(DagModel))
