"""The package as a whole: what Airflow, a type checker and a DAG's author find in it."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import subprocess
import sys
from importlib.metadata import entry_points, version
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from airflow.triggers.base import BaseTrigger

import airflow_provider_dbtsegment
from airflow_provider_dbtsegment import get_provider_info
from airflow_provider_dbtsegment.compat import BaseOperator

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "airflow_provider_dbtsegment"
#: What of `tasks` a DAG file needs; all else is imported by the functions that need it.
DECLARING = (
    "arguments",
    "base",
    "dbt_cloud",
    "launching",
    "limits",
    "reasons",
    "segment",
    "sensing",
)

#: Modules beside hooks and triggers that hold none.
HELPERS = ("advice", "announcing", "base", "beginning", "cancelling", "check", "connections")
HELPERS += ("expiring", "finishing", "forms")


def modules_named(kind: str) -> list[str]:
    return [module for entry in get_provider_info()[kind] for module in entry["python-modules"]]


def classes_of(kind: str, base: type) -> list[type]:
    found = []
    for name in modules_named(kind):
        module = importlib.import_module(name)
        found += [
            member
            for _, member in inspect.getmembers(module, inspect.isclass)
            if issubclass(member, base) and member.__module__ == name
        ]
    return found


def load(path: str) -> Any:
    module, name = path.rsplit(".", 1)
    return getattr(importlib.import_module(module), name)


def test_the_entry_point_gives_the_provider_info() -> None:
    (entry,) = (
        entry
        for entry in entry_points(group="apache_airflow_provider")
        if entry.dist is not None and entry.dist.name == "airflow-provider-dbtsegment"
    )
    assert entry.load()() == get_provider_info()
    assert version("airflow-provider-dbtsegment") == airflow_provider_dbtsegment.__version__


@pytest.mark.parametrize("schema", ["provider_info.schema.json", "provider.yaml.schema.json"])
def test_the_provider_info_fits_airflows_schema(schema: str) -> None:
    path = files("airflow") / schema
    if not path.is_file():
        pytest.skip(f"this Airflow has no {schema}")
    rules = json.loads(path.read_text())
    # The second one is for Airflow's own providers, which have a history of versions and more.
    rules["required"] = [key for key in rules["required"] if key in get_provider_info()]
    jsonschema.validate(get_provider_info(), rules)


def test_everything_that_the_provider_info_names_exists() -> None:
    info = get_provider_info()
    for entry in info["connection-types"]:
        hook = load(entry["hook-class-name"])
        assert hook.conn_type == entry["connection-type"]
        assert hook.hook_name == entry["hook-name"]
    for link in info["extra-links"]:
        assert load(link).name
    for kind in ("hooks", "operators", "sensors", "triggers"):
        for module in modules_named(kind):
            importlib.import_module(module)
        named = {Path(*module.split(".")[1:]).with_suffix(".py") for module in modules_named(kind)}
        there = {path.relative_to(PACKAGE) for path in (PACKAGE / kind).glob("[!_]*.py")}
        helpers = {Path(kind, f"{name}.py") for name in HELPERS}
        assert there - named <= helpers


@pytest.mark.parametrize("trigger", classes_of("triggers", BaseTrigger))
def test_every_trigger_survives_serialisation(trigger: Any) -> None:
    given: dict[str, Any] = {
        name: 7 if name.endswith(("interval", "began", "run_id")) else f"a {name}"
        for name, parameter in inspect.signature(trigger).parameters.items()
        if parameter.default is inspect.Parameter.empty
    }
    path, kwargs = trigger(**given).serialize()
    again = load(path)(**json.loads(json.dumps(kwargs)))
    assert type(again) is trigger
    assert again.serialize() == (path, kwargs)
    assert kwargs.items() >= given.items()
    assert set(kwargs) == set(inspect.signature(trigger).parameters)


def tasks() -> list[type]:
    return classes_of("operators", BaseOperator) + classes_of("sensors", BaseOperator)


@pytest.mark.parametrize("task", tasks())
def test_a_task_keeps_its_arguments_and_documents_them(task: Any) -> None:
    own = [
        name
        for name, parameter in inspect.signature(task.__init__).parameters.items()
        if name != "self" and parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    made = task(task_id="t", **{name: "7" for name in own if name.endswith(("_id", "path"))})
    for name in own:
        assert hasattr(made, name)
    assert set(task.template_fields) <= set(own)
    undocumented = [name for name in own if f":param {name}:" not in task.__doc__]
    assert undocumented == []


@pytest.mark.parametrize("path", sorted((ROOT / "example_dags").glob("*.py")), ids=lambda p: p.name)
def test_every_example_imports(path: Path) -> None:
    code = f"import runpy; runpy.run_path({str(path)!r})"
    subprocess.run([sys.executable, "-W", "error::SyntaxWarning", "-c", code], check=True)


def test_parsing_a_dag_loads_what_declares_tasks_and_nothing_else() -> None:
    ours = ", ".join(modules_named("operators") + modules_named("sensors"))
    code = (
        "import sys\n"
        "from airflow.providers.common.compat.sdk import BaseHook, BaseOperator, BaseOperatorLink\n"
        "from airflow.providers.common.compat.sdk import BaseSensorOperator, DAG, XCom, conf\n"
        "airflows = set(sys.modules)\n"
        f"import {ours}\n"
        "print(*set(sys.modules) - airflows)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    own = {name for name in loaded if name.startswith(PACKAGE.name)}
    # No HTTP client, nothing more of Airflow, and nothing more of Python's own library.
    assert loaded - own == set()
    assert own >= set(modules_named("operators") + modules_named("sensors"))
    rest = {name.removeprefix(PACKAGE.name + ".") for name in own}
    assert {name for name in rest if not name.startswith(("links", "operators", "sensors"))} <= {
        PACKAGE.name,
        "compat",
        "connection_forms",
        "exceptions",
        "provider_info",
        "tasks",
        *(f"tasks.{name}" for name in DECLARING),
    }


def test_validating_what_a_dag_file_holds_loads_no_http_client() -> None:
    code = (
        "import sys\n"
        "from airflow_provider_dbtsegment.operators import dbt_cloud, segment\n"
        "from airflow_provider_dbtsegment.operators import dbt_cloud_artifacts as artifacts\n"
        "dbt_cloud.TriggerDbtJobOperator(task_id='a', job_id=7, steps_override=['dbt build'])\n"
        "artifacts.GetDbtRunArtifactOperator(\n"
        "    task_id='b', run_id=7, path='manifest.json', output_path='s3://bucket/manifest.json')\n"
        "segment.CreateReverseETLManualSyncOperator(\n"
        "    task_id='c', source_id='w', model_id='m', subscription_id='s',\n"
        "    partial_success='warn', max_rejected_rows='5%')\n"
        "print(*(name for name in sys.modules if name.startswith('airflow_provider_dbtsegment')))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert f"{PACKAGE.name}.segment.sync_policy" in loaded
    assert not {name for name in loaded if name.startswith(f"{PACKAGE.name}.rest")}


def test_an_operator_only_assigns_and_validates_when_it_is_made() -> None:
    for task in tasks():
        (function,) = (
            node
            for node in ast.walk(ast.parse(inspect.getsource(task)))
            if isinstance(node, ast.FunctionDef) and node.name == "__init__"
        )
        first, *others, last = function.body
        assert ast.unparse(first) == "super().__init__(**kwargs)"
        assert ast.unparse(last) == "self._check_literals()"
        for statement in others:
            text = ast.unparse(statement)
            name = text.split(" = ")[1]
            assert text == f"self.{name} = {name}"


def test_what_installs_the_rest_has_no_known_vulnerability() -> None:
    #: The first versions without CVE-2025-8869 and CVE-2026-1703, and without CVE-2025-47273.
    fixed = {"pip": (26, 0), "setuptools": (78, 1, 1)}
    for file in (ROOT / "constraints.txt", *(ROOT / "tests/matrix/constraints").glob("*.txt")):
        for line in file.read_text().splitlines():
            name, _, pinned = line.partition("==")
            if name in fixed:
                assert tuple(map(int, pinned.split("."))) >= fixed[name], f"{file.name}: {line}"


def test_nothing_else_knows_versions_of_airflow() -> None:
    def knows(node: ast.AST) -> bool:
        if isinstance(node, ast.Try):
            tried = [inner for part in node.body for inner in ast.walk(part)]
            return any(map(_is_of_airflow, tried))
        return (
            isinstance(node, ast.ImportFrom)
            and node.module == "airflow"
            and any(alias.name == "__version__" for alias in node.names)
        )

    knowing = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if any(map(knows, ast.walk(ast.parse(path.read_text()))))
    }
    # Every part of Airflow loads the plugin, which therefore loads nothing else.
    assert knowing == {"compat.py", "ui/plugin.py"}


def _is_of_airflow(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "airflow"
