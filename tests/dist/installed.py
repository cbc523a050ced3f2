"""What the wheel does where nothing else is: install, be found by Airflow and pytest, run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ParamSpec

from packaging.version import Version
from rich.markup import escape

from tests.cluster.findings import Finding
from tests.dist.emptiness import EmptyEnvironment, Failed
from tests.dist.metadata import NAME

P = ParamSpec("P")
#: What needs the sandbox's packages.
OPTIONAL = ("sandbox", "demo")
SANDBOX_MISSING = "pip install 'airflow-provider-dbtsegment[sandbox]'"
DEMO_ENDED_WELL = "All of it is as it should be."
TEST = """\
def test_both_services_answer(dbtsegment_sandbox):
    assert dbtsegment_sandbox.url.startswith("http://127.0.0.1:")
    assert set(dbtsegment_sandbox.connections) == {"dbt_cloud_default", "segment_default"}
"""
IMPORTS = """\
import importlib, pkgutil, sys
import airflow_provider_dbtsegment as package
assert package.__file__.startswith(sys.prefix), package.__file__
skipped = tuple(f"{package.__name__}.{name}" for name in sys.argv[1:])
names = [m.name for m in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
kept = [name for name in names if not name.startswith(skipped)] if skipped else names
for name in kept:
    importlib.import_module(name)
print(len(kept), "modules")
"""


def tried(folder: Path, wheel: Path, version: Version, say: Callable[[str], None]) -> list[Finding]:
    """Install a wheel into an empty environment, first alone, then with its sandbox, and use it."""
    say("Install it into an empty environment")
    environment = EmptyEnvironment(folder)
    found = list(_alone(environment, wheel, version))
    say("Install its sandbox there, and run the demo")
    return [*found, *_with_sandbox(environment, wheel)]


def _alone(environment: EmptyEnvironment, wheel: Path, version: Version) -> Iterator[Finding]:
    yield _try("installed alone", lambda: _installed(environment, str(wheel)))
    yield _try("all modules but the sandbox", _imported, environment, *OPTIONAL)
    yield _try("airflow providers get", _provider, environment, version)
    yield _try("airflow plugins", _plugin, environment)
    for command in ("dbtsegment-demo", "dbtsegment-sandbox"):
        yield _try(f"{command}, without the sandbox", _refused, environment, command)


def _with_sandbox(environment: EmptyEnvironment, wheel: Path) -> Iterator[Finding]:
    wanted = (f"{wheel}[sandbox]", "pytest")
    yield _try("installed with its sandbox", _installed, environment, *wanted)
    yield _try("all modules", _imported, environment)
    yield _try("pytest finds the fixture", _tested, environment)
    yield _try("dbtsegment-demo", _demonstrated, environment)


def _try(what: str, check: Callable[P, str], *given: P.args, **more: P.kwargs) -> Finding:
    """Make a finding of what a check returns, or of how it fails."""
    try:
        return Finding(what, check(*given, **more))
    except (Failed, AssertionError) as error:
        return Finding(what, escape(str(error)), is_fine=False)


def _installed(environment: EmptyEnvironment, *requirements: str) -> str:
    environment.install(*requirements)
    return "pip check finds nothing"


def _imported(environment: EmptyEnvironment, *without: str) -> str:
    told = environment.run("python", "-W", "ignore", "-c", IMPORTS, *without)
    return told.splitlines()[-1]


def _provider(environment: EmptyEnvironment, version: Version) -> str:
    told = environment.run("airflow", "providers", "get", NAME, "--output", "json")
    (provider,) = json.loads(told[told.index("[") :])
    assert provider["Version"] == str(version), provider
    hooks = environment.run("airflow", "providers", "hooks", "--output", "plain")
    for kind in ("dbt_cloud_admin", "segment_public_api"):
        assert kind in hooks, f"Airflow knows no connection type {kind}"
    return f"{provider['Version']}, with both connection types"


def _plugin(environment: EmptyEnvironment) -> str:
    told = environment.run("airflow", "plugins", "--output", "json")
    names = [plugin["name"] for plugin in json.loads(told[told.index("[") :])]
    assert "dbtsegment" in names, names
    return "the pages are there"


def _refused(environment: EmptyEnvironment, command: str) -> str:
    told = environment.run(command, "--help", status=2)
    assert SANDBOX_MISSING in told, told
    return "says what is to be installed"


def _tested(environment: EmptyEnvironment) -> str:
    (environment.home / "test_own.py").write_text(TEST)
    return environment.run("pytest", "-q", "-W", "ignore").strip().splitlines()[-1]


def _demonstrated(environment: EmptyEnvironment) -> str:
    told = environment.run("dbtsegment-demo")
    assert DEMO_ENDED_WELL in told, told
    return DEMO_ENDED_WELL
