"""Arguments are validated when a task is created, and rendered ones before anything is started."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_dbtsegment.exceptions import ConfigurationError
from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator
from airflow_provider_dbtsegment.operators.dbt_cloud_artifacts import GetDbtRunArtifactOperator
from airflow_provider_dbtsegment.operators.segment import (
    CreateReverseETLManualSyncOperator,
    TriggerDbtModelSyncOperator,
)
from airflow_provider_dbtsegment.sensors.dbt_cloud import DbtCloudRunSensor
from airflow_provider_dbtsegment.sensors.segment import ReverseETLSyncSensor
from airflow_provider_dbtsegment.tasks.arguments import switch
from tests.docs.arguments import own_arguments
from tests.scripted_server import ScriptedServer
from tests.task_bench import run_task

try:
    from airflow.sdk.definitions._internal.mixins import ResolveMixin
except ImportError:
    from airflow.utils.mixins import ResolveMixin  # Airflow 2

#: What each class needs at least.
NEEDED: dict[Any, dict[str, Any]] = {
    TriggerDbtJobOperator: {"job_id": 7},
    GetDbtRunArtifactOperator: {"run_id": 7, "path": "manifest.json", "output_path": "/tmp/m.json"},  # noqa: S108
    CreateReverseETLManualSyncOperator: {
        "source_id": "w",
        "model_id": "m",
        "subscription_id": "s",
    },
    TriggerDbtModelSyncOperator: {"source_id": "w"},
    DbtCloudRunSensor: {"run_id": 7},
    ReverseETLSyncSensor: {"model_id": "m", "sync_id": "s"},
}
#: Those of all sensors that Airflow has.
OF_SENSORS = ("soft_fail", "never_fail", "silent_fail", "exponential_backoff")
CLASSES = pytest.mark.parametrize("task", NEEDED, ids=lambda task: task.__name__)


def short(value: Any) -> str:
    return value.__name__ if isinstance(value, type) else str(value)[:60]


def switches() -> Iterator[tuple[Any, str]]:
    for task in NEEDED:
        for name, parameter in own_arguments(task).items():
            if parameter.annotation == "bool":
                yield task, name
        if "Sensor" in task.__name__:
            yield from ((task, name) for name in OF_SENSORS)


SWITCHES = pytest.mark.parametrize(("task", "name"), list(switches()), ids=short)


class Later(ResolveMixin):
    """What Airflow resolves when it renders, such as the output of another task."""

    def iter_references(self) -> Any:
        return iter(())

    def __init__(self, value: Any) -> None:
        self.value = value

    def resolve(self, context: Any, *more: Any, **options: Any) -> Any:
        return self.value

    def __repr__(self) -> str:
        return f"Later({self.value!r})"


def make(task: Any, **options: Any) -> Any:
    return task(**{"task_id": "t", **NEEDED[task], **options})


@CLASSES
def test_every_argument_is_validated(task: Any) -> None:
    arguments = own_arguments(task)
    assert set(arguments) <= set(task._checks)
    assert len(list(switches())) > 20
    for name, parameter in arguments.items():
        assert (parameter.annotation == "bool") == (task._checks[name] is switch), name


@SWITCHES
@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (True, True),
        (False, False),
        (1, True),
        (0, False),
        *[(text, True) for text in ("true", "True", "YES", "1", " on ")],
        *[(text, False) for text in ("false", "False", "no", "0", "OFF")],
    ],
    ids=repr,
)
def test_a_switch_may_be_text(task: Any, name: str, given: Any, meant: bool) -> None:
    assert getattr(make(task, **{name: given}), name) is meant


@SWITCHES
@pytest.mark.parametrize("given", [None, "", "None", "maybe", "2", 2, 0.0, [], [True], b"no"])
def test_a_switch_that_means_nothing_is_refused(task: Any, name: str, given: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} is .*; it must be true or false"):
        make(task, **{name: given})


@SWITCHES
@pytest.mark.parametrize(
    "given", ["{{ params.x }}", "{% if x %}yes{% endif %}", Later(True), lambda context: True]
)
def test_a_switch_is_not_templated(task: Any, name: str, given: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} is .* is not templated"):
        make(task, **{name: given})


@pytest.mark.parametrize("task", [TriggerDbtJobOperator, DbtCloudRunSensor])
def test_a_subclass_may_make_a_switch_a_template(
    task: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = (*task.template_fields, "deferrable", "end_in_triggerer")
    own = type("Own", (task,), {"template_fields": names})
    options = {**NEEDED[task], "deferrable": "{{ params.x }}", "end_in_triggerer": Later("no")}

    def rendered(text: str) -> Any:
        made = own(task_id="t", **options)
        made.render_template_fields({"params": {"x": text}})
        return made

    made = rendered("False")
    made._check_arguments()
    assert (made.deferrable, made.end_in_triggerer) == (False, False)
    # A deferred task goes on in another process.
    made = rendered("False")
    with pytest.raises(AttributeError, match="no_method"):
        made.resume_execution("no_method", {}, {})
    assert (made.deferrable, made.end_in_triggerer) == (False, False)
    assert "deferrable is 'perhaps'" in run_task(rendered("perhaps")).message


WHOLE = "it must be a whole number above 0"
TIME = "it must be a time above 0 seconds"
MAPPING = {"source_id": "w", "model_id": "m", "subscription_id": "s"}
#: Class, arguments and what is wrong with them.
WRONG: list[tuple[Any, dict[str, Any], str]] = [
    (TriggerDbtJobOperator, {"job_id": None}, "Which job? Give job_id, or project_name, env"),
    (TriggerDbtJobOperator, {"job_id": ""}, "Which job?"),
    (TriggerDbtJobOperator, {"job_id": "x"}, f"job_id is 'x'; {WHOLE}"),
    (TriggerDbtJobOperator, {"job_id": "1/2"}, f"job_id is '1/2'; {WHOLE}"),
    (TriggerDbtJobOperator, {"job_id": "9" * 5000}, WHOLE),
    (TriggerDbtJobOperator, {"job_id": 2**63}, WHOLE),
    *[
        (TriggerDbtJobOperator, {"job_id": value}, f"job_id is {value!r}; {WHOLE}")
        for value in (-1, 0, True, 7.0, [7], {"id": 7})
    ],
    (TriggerDbtJobOperator, {"job_name": "Build"}, "Both job_id and job_name are given"),
    (
        TriggerDbtJobOperator,
        {"job_id": None, "job_name": "Build"},
        "all three names; project_name, environment_name is empty",
    ),
    (TriggerDbtJobOperator, {"dbt_cloud_conn_id": ""}, "dbt_cloud_conn_id is empty"),
    (TriggerDbtJobOperator, {"dbt_cloud_conn_id": 7}, "dbt_cloud_conn_id is 7; it must be a text"),
    (TriggerDbtJobOperator, {"account_id": "mine"}, f"account_id is 'mine'; {WHOLE}"),
    (TriggerDbtJobOperator, {"cause": 7}, "cause is 7; it must be a text"),
    (TriggerDbtJobOperator, {"git_branch": ["main"]}, "git_branch is ['main']; it must be a text"),
    (TriggerDbtJobOperator, {"schema_override": True}, "it must be a text"),
    (TriggerDbtJobOperator, {"threads_override": "many"}, f"threads_override is 'many'; {WHOLE}"),
    (TriggerDbtJobOperator, {"threads_override": 0}, f"threads_override is 0; {WHOLE}"),
    (TriggerDbtJobOperator, {"timeout_seconds_override": -1}, "it must be a whole number not bel"),
    (TriggerDbtJobOperator, {"timeout_seconds_override": 1.5}, "it must be a whole number not be"),
    (TriggerDbtJobOperator, {"generate_docs_override": "perhaps"}, "it must be true or false"),
    *[
        (TriggerDbtJobOperator, {"steps_override": value}, "it must be a list of texts")
        for value in ("dbt build", {"dbt build"}, {"a": "dbt build"}, 7)
    ],
    *[
        (TriggerDbtJobOperator, {"steps_override": ["dbt seed", value]}, "steps_override holds")
        for value in (None, 7, True, ["dbt build"], b"dbt build", {"a": 1})
    ],
    (TriggerDbtJobOperator, {"steps_override": []}, "it holds nothing, or an empty text"),
    (TriggerDbtJobOperator, {"steps_override": ["dbt seed", " "]}, "or an empty text"),
    *[
        (task, {name: value}, f"{name} is {value!r}; {TIME}")
        for task in (TriggerDbtJobOperator, CreateReverseETLManualSyncOperator)
        for name in ("poll_interval", "timeout", "fault_budget")
        for value in (0, -5, True, "soon", "30s", timedelta(0), float("inf"), [30])
    ],
    (TriggerDbtJobOperator, {"poll_interval": None}, f"poll_interval is None; {TIME}"),
    (TriggerDbtJobOperator, {"poll_interval": float("nan")}, TIME),
    *[
        (task, {name: value}, says)
        for task in (CreateReverseETLManualSyncOperator, TriggerDbtModelSyncOperator)
        for name in NEEDED[task]
        for value, says in (
            ("", f"{name} is empty"),
            (" ", f"{name} is empty"),
            (None, f"{name} is empty"),
            ("a/b", f"{name} is 'a/b'; an id has no slash in it"),
            ("..", f"{name} is '..'; an id has no slash in it"),
            ("a\x00b", "an id has no slash in it"),
            (True, f"{name} is True; it must be an id"),
            (["a"], f"{name} is ['a']; it must be an id"),
        )
    ],
    *[
        (task, options, says)
        for task in (CreateReverseETLManualSyncOperator, ReverseETLSyncSensor)
        for options, says in (
            ({"segment_conn_id": None}, "segment_conn_id is empty"),
            ({"partial_success": "ok"}, "use 'fail', 'warn' or 'accept'"),
            ({"partial_success": None}, "partial_success is empty"),
            ({"partial_success": True}, "partial_success is True; it must be a text"),
            ({"max_rejected_rows": 5}, "with 'fail' nothing passes"),
            ({"partial_success": "warn", "max_rejected_rows": -1}, "max_rejected_rows is -1"),
            ({"partial_success": "warn", "max_rejected_rows": 1.5}, "max_rejected_rows is 1.5"),
            (
                {"partial_success": "accept", "max_rejected_rows": "few"},
                "max_rejected_rows is 'few'",
            ),
        )
    ],
    (DbtCloudRunSensor, {"run_id": "run 7"}, f"run_id is 'run 7'; {WHOLE}"),
    (DbtCloudRunSensor, {"run_id": None}, "run_id is empty"),
    (DbtCloudRunSensor, {"account_id": -1}, f"account_id is -1; {WHOLE}"),
    (DbtCloudRunSensor, {"fault_budget": -1}, f"fault_budget is -1; {TIME}"),
    (DbtCloudRunSensor, {"poke_interval": 0}, TIME),
    (ReverseETLSyncSensor, {"sync_id": "a/b"}, "sync_id is 'a/b'; an id has no slash in it"),
    (ReverseETLSyncSensor, {"model_id": ""}, "model_id is empty"),
    (ReverseETLSyncSensor, {"subscription_id": "a/b"}, "subscription_id is 'a/b'; an id has no"),
    (GetDbtRunArtifactOperator, {"run_id": "latest"}, f"run_id is 'latest'; {WHOLE}"),
    (GetDbtRunArtifactOperator, {"run_id": "None"}, "run_id is empty"),
    (GetDbtRunArtifactOperator, {"step": 0}, f"step is 0; {WHOLE}"),
    (GetDbtRunArtifactOperator, {"path": " "}, "path is empty; give the path of a file"),
    (GetDbtRunArtifactOperator, {"path": "compiled/"}, "path is 'compiled/', a folder"),
    *[
        (GetDbtRunArtifactOperator, {"path": path}, "it must be a path within target/")
        for path in ("../run.json", "a//b", "/etc/passwd", "a/./b", "a\\b")
    ],
    (GetDbtRunArtifactOperator, {"output_path": ""}, "output_path is empty"),
    (GetDbtRunArtifactOperator, {"output_path": None}, "output_path is empty"),
    (GetDbtRunArtifactOperator, {"output_path": 7}, "output_path is 7; it must be a text"),
    (GetDbtRunArtifactOperator, {"output_path": "s3://b/k/"}, "output_path is 's3://b/k/', a fol"),
    (GetDbtRunArtifactOperator, {"object_storage_conn_id": 7}, "it must be a text"),
]
ALL_WRONG = pytest.mark.parametrize(("task", "options", "says"), WRONG, ids=short)
#: Airflow warns of what is given up before it is mapped.
NEVER_MAPPED = pytest.mark.filterwarnings("ignore:.*was never mapped:UserWarning")


@pytest.fixture
def dead_host(own_budget: None, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Both services on a server that counts what it is asked."""
    given = {"conn_type": "x", "host": server.url, "login": "1", "password": "t0k"}
    for name in ("DBT_CLOUD", "SEGMENT"):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}_DEFAULT", json.dumps(given))
    return server


@ALL_WRONG
def test_what_is_written_out_is_validated_when_the_task_is_created(
    task: Any, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make(task, **options)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("task", "options", "says"),
    [
        (task, options, says)
        for task, options, says in WRONG
        if set(options) <= set(task.template_fields)
    ],
    ids=short,
)
def test_what_is_rendered_is_validated_before_anything_is_asked_for(
    task: Any, options: dict[str, Any], says: str, dead_host: ScriptedServer
) -> None:
    made = make(task, **{name: Later(value) for name, value in options.items()})
    made.render_template_fields({})
    ended = run_task(made)
    assert isinstance(ended.error, ConfigurationError)
    assert says in ended.message
    assert dead_host.received == []


@pytest.mark.parametrize(
    ("task", "options", "says"),
    [
        row
        for row in WRONG
        # Another argument is needed to see these, and that may still be mapped over.
        if not any(says in row[2] for says in ("Which job", "all three", "Both", "with 'fail'"))
    ],
    ids=short,
)
@NEVER_MAPPED
def test_what_is_written_out_for_a_mapped_task_is_validated(
    task: Any, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        task.partial(task_id="t", **options)
    assert says in str(caught.value)


@NEVER_MAPPED
def test_arguments_that_contradict_each_other_are_seen_before_a_task_is_mapped() -> None:
    partial = TriggerDbtJobOperator.partial
    with pytest.raises(ConfigurationError, match="Both job_id and job"):
        partial(task_id="t", job_id=7, job_name="Build")
    names = {"project_name": "Shop", "environment_name": "Production"}
    with DAG("d", schedule=None):
        partial(task_id="t", **names).expand(job_name=["Build", "Test"])


@ALL_WRONG
def test_what_a_task_is_mapped_over_is_validated_at_run_time(
    task: Any, options: dict[str, Any], says: str
) -> None:
    with DAG("d", schedule=None):
        fixed = {name: value for name, value in NEEDED[task].items() if name not in options}
        mapped: Any = task.partial(task_id="t", **fixed).expand_kwargs([options])
    with pytest.raises(ConfigurationError) as caught:
        mapped.unmap(options)
    assert says in str(caught.value)
    with DAG("e", schedule=None):
        mapped = task.partial(task_id="t").expand_kwargs([NEEDED[task]])
    assert type(mapped.unmap(NEEDED[task])) is task


@NEVER_MAPPED
@pytest.mark.parametrize("mapped", [False, True])
def test_defaults_of_a_dag_are_validated(mapped: bool) -> None:
    def made(**defaults: Any) -> Any:
        with DAG("d", schedule=None, default_args=defaults):
            if mapped:
                partial = TriggerDbtJobOperator.partial(task_id="t")
                return partial.expand(job_id=[1]).unmap({"job_id": 1})
            return TriggerDbtJobOperator(task_id="t", job_id=1)

    task = made(deferrable="no", cancel_on_kill="False", poll_interval=5, git_branch="main")
    assert (task.deferrable, task.cancel_on_kill, task.poll_interval) == (False, False, 5)
    for wrong in ({"poll_interval": 0}, {"deferrable": "{{ x }}"}, {"steps_override": [None]}):
        with pytest.raises(ConfigurationError, match=next(iter(wrong))):
            made(**wrong)


@CLASSES
def test_templates_and_outputs_of_other_tasks_are_left_to_be_rendered(task: Any) -> None:
    with DAG("d", schedule=None):
        other = TriggerDbtJobOperator(task_id="other", job_id=1)
        for number, value in enumerate(
            (other.output, "{{ params.x }}", "{%- if x %}7{% endif %}", Later(7), lambda context: 7)
        ):
            names = own_arguments(task).keys() & set(task.template_fields)
            options = dict.fromkeys(names, value)
            made = make(task, **{**options, "task_id": f"t{number}"})
            assert all(getattr(made, name) is value for name in names)


def test_a_dag_may_have_other_delimiters() -> None:
    renamed = {"variable_start_string": "[[", "variable_end_string": "]]"}
    with DAG("d", schedule=None, jinja_environment_kwargs=renamed):
        TriggerDbtJobOperator(task_id="t", job_id="[[ params.job ]]")
        with pytest.raises(ConfigurationError, match=r"job_id is '\{\{ params.job \}\}'"):
            TriggerDbtJobOperator(task_id="u", job_id="{{ params.job }}")


def test_lists_may_hold_templates_and_render_to_lists() -> None:
    task = TriggerDbtJobOperator(
        task_id="t", job_id="{{ params.job }}", steps_override=["dbt seed", "dbt {{ params.x }}"]
    )
    task.render_template_fields({"params": {"job": 7, "x": "build"}})  # type: ignore[arg-type]
    task._check_arguments()
    assert (task.job_id, task.steps_override) == ("7", ["dbt seed", "dbt build"])


def test_what_is_given_stays_as_it_was_given(tmp_path: Path) -> None:
    task = TriggerDbtJobOperator(
        task_id="t", job_id="7", timeout=timedelta(hours=1), threads_override=" 3 "
    )
    assert (task.job_id, task.timeout, task.threads_override) == ("7", timedelta(hours=1), " 3 ")
    for path in (tmp_path / "x.json", str(tmp_path / "x.json")):
        assert make(GetDbtRunArtifactOperator, output_path=path).output_path == path


def test_no_limit_can_be_asked_for() -> None:
    task = make(TriggerDbtJobOperator, timeout_seconds_override=0, timeout=None, fault_budget=None)
    payload = task._payload({"ti": type("Instance", (), {"dag_id": "d", "task_id": "t"})})
    assert payload["timeout_seconds_override"] == 0
    assert make(DbtCloudRunSensor, timeout=0, fault_budget=None).timeout == 0


@CLASSES
def test_outputs_of_other_tasks_are_in_the_types(task: Any) -> None:
    for name, parameter in inspect.signature(task.__init__).parameters.items():
        if name in task.template_fields:
            assert "XComArg" in parameter.annotation, name
        elif parameter.kind is parameter.KEYWORD_ONLY:
            assert "XComArg" not in parameter.annotation, name
