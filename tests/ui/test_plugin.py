"""How Airflow finds the pages, and what that costs the parts of Airflow that do not show them."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from airflow.plugins_manager import AirflowPlugin

from airflow_provider_dbtsegment.ui import plugin
from tests.ui.conftest import VERSION

ROOT = Path(__file__).parents[2]
UI = ROOT / "airflow_provider_dbtsegment" / "ui"


def test_airflow_finds_the_plugin_by_its_entry_point() -> None:
    (entry,) = entry_points(group="airflow.plugins", name="dbtsegment")
    assert entry.load() is plugin.DbtSegmentPlugin
    assert issubclass(plugin.DbtSegmentPlugin, AirflowPlugin)


def test_it_registers_pages_where_airflow_has_a_place_for_them() -> None:
    made = plugin.DbtSegmentPlugin
    if VERSION < (3, 1):
        assert (made.fastapi_apps, made.external_views) == ([], [])
        return
    assert [one["url_prefix"] for one in made.fastapi_apps] == ["/dbtsegment"]
    views = {one["destination"]: one["href"] for one in made.external_views}
    assert views == {
        "nav": "dbtsegment/overview",
        "dag_run": "dbtsegment/run/{DAG_ID}/{RUN_ID}",
        "task_instance": "dbtsegment/task/{DAG_ID}/{TASK_ID}/{MAP_INDEX}/{RUN_ID}",
    }
    # Airflow drops a view whose route another one has
    assert len({one["url_route"] for one in made.external_views}) == 3


def test_airflow_serves_what_the_views_name(request: pytest.FixtureRequest) -> None:
    ask: Any = request.getfixturevalue("ask")
    plugins = ask("/api/v2/plugins", "admin").json()["plugins"]
    (ours,) = (one for one in plugins if one["name"] == "dbtsegment")
    assert [one["name"] for one in ours["external_views"]] == ["dbt → Segment"] * 3
    assert ask("/dbtsegment/overview", "admin").status_code == 200
    assert ask("/api/v2/plugins/importErrors", "admin").json()["import_errors"] == []


def test_loading_the_plugin_imports_no_page() -> None:
    script = (
        "import json, sys, airflow.plugins_manager\n"
        "before = set(sys.modules)\n"
        "import airflow_provider_dbtsegment.ui.plugin\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], check=True, capture_output=True, text=True
    ).stdout
    assert set(json.loads(told.splitlines()[-1])) <= {
        "airflow_provider_dbtsegment",
        # What the package itself imports, which Airflow asks it for.
        "airflow_provider_dbtsegment.connection_forms",
        "airflow_provider_dbtsegment.provider_info",
        "airflow_provider_dbtsegment.ui",
        "airflow_provider_dbtsegment.ui.places",
        "airflow_provider_dbtsegment.ui.plugin",
    }


def test_templates_styles_and_scripts_go_into_the_wheel(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = [*UI.glob("templates/*"), *UI.glob("static/*")]
    assert len(wanted) > 10
    assert {str(path.relative_to(ROOT)) for path in wanted} <= held


def test_the_pages_name_no_outside_address() -> None:
    for path in [*UI.glob("templates/*"), *UI.glob("static/*")]:
        text = path.read_text()
        assert "http://" not in text, path
        assert "https://" not in text, path
        assert "url(" not in text, path
        assert "@import" not in text, path
