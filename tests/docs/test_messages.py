"""The messages that the documentation explains are those that the package has."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

from airflow_provider_dbtsegment.connection_forms import DBT_CLOUD_FORM, SEGMENT_FORM
from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.hooks.segment import SegmentHook
from tests.docs.arguments import own_arguments, task_classes
from tests.docs.pages import ROOT, codes, rows

PACKAGE = ROOT / "airflow_provider_dbtsegment"
#: They speak for themselves, to those who run them.
OTHERS = ("demo", "sandbox", "ui")
#: Where arguments and connections are looked at.
TASKS = ("hooks", "operators", "sensors", "tasks")
PAGE = "messages.md"
WARNINGS = "## Warnings while it waits"
#: Stands for what differs, in the page and here.
GAP = "…"


def modules() -> list[Path]:
    found = (path for path in PACKAGE.rglob("*.py"))
    return [path for path in found if path.relative_to(PACKAGE).parts[0] not in OTHERS]


def texts(tree: ast.AST) -> Iterator[str]:
    """Yield all texts, with a gap for each value that is put in."""
    inner: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inner.update(node.values)
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else GAP for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inner:
            yield node.value


def warnings(tree: ast.AST) -> Iterator[str]:
    """Yield what is logged as a warning or worse."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("warning", "error", "exception")
            and ast.unparse(node.func.value).split(".")[-1] == "log"
        ):
            yield next(texts(node.args[0]))


@cache
def parsed() -> list[ast.AST]:
    return [_parsed(path.read_text()) for path in modules()]


def _parsed(text: str) -> ast.AST:
    # Python 3.11 miscounts its own depth when another thread compiles at the same moment.
    for _ in range(10):
        with suppress(SystemError):
            return ast.parse(text)
    return ast.parse(text)


@cache
def all_texts() -> list[str]:
    return [text for tree in parsed() for text in texts(tree)]


def is_in(message: str, text: str) -> bool:
    """Return whether all parts of a message are in a text, in this order."""
    at = 0
    for part in message.split(GAP):
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


def told(under: str = "") -> list[str]:
    cells = [row for row in rows(PAGE, under=under) if len(row) == 2]
    return [codes(row[0])[0] for row in cells if row[0].startswith("`")]


@pytest.mark.parametrize(
    "message", [one for one in told() if one != "ti_successes"], ids=lambda text: text[:40]
)
def test_a_message_is_one_of_the_package(message: str) -> None:
    assert any(is_in(message, text) for text in all_texts()), (
        f"Nothing says {message!r} (any more)."
    )


def raised(tree: ast.AST, error: str) -> Iterator[str]:
    """Yield what an error says that is raised."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Raise)
            and isinstance(node.exc, ast.Call)
            and ast.unparse(node.exc.func) == error
        ):
            yield from texts(node.exc.args[0])


def test_everything_that_may_be_wrong_with_an_argument_or_a_connection_is_explained() -> None:
    page = [codes(cells[0])[0] for cells in rows("connections.md") if cells[0].startswith("`")]
    explained = [*told(), *page]
    unexplained = [
        text
        for path, tree in zip(modules(), parsed(), strict=True)
        if path.relative_to(PACKAGE).parts[0] in TASKS
        for text in raised(tree, "ConfigurationError")
        # What consists of values alone says what somebody else has said.
        if len(re.findall(r"[a-z]{2,}", text)) > 1
        and not any(is_in(message, text) for message in explained)
    ]
    assert unexplained == [], f"Add them to docs/{PAGE}."


def test_every_warning_is_explained() -> None:
    explained = told()
    unexplained = [
        text
        for tree in parsed()
        for text in warnings(tree)
        # What consists of values alone says what somebody else has said.
        if re.search(r"[a-z]", text.replace("%s", ""))
        and not any(is_in(message, text) for message in explained)
    ]
    assert unexplained == [], f"Add them to docs/{PAGE}."


#: Arguments of Airflow that messages may name.
OF_AIRFLOW = {"retries", "execution_timeout", "soft_fail", "never_fail", "poke_interval"}
#: Settings in Airflow's configuration, with the Variable that one of them replaces.
SETTINGS = {"deployment_id", "previous_deployment_ids", "dbtsegment_deployment_id"}
#: ``job_id``, ``…_id``, what stands before an equals sign, and what stands between backticks.
NAMED = re.compile(
    rf"(?<![\w/.-])((?:[a-z]\w*|{GAP})_(?:\w|{GAP})+)(?![\w/]|\.\w)"
    rf"|(?<![\w-])([a-z]\w*)=(?=[\w'\"{GAP}])|`([a-z]\w*)"
)


def names_in(text: str) -> set[str]:
    """Return the arguments that a message names."""
    return {next(filter(None, one)) for one in NAMED.findall(text)}


def sentences(tree: ast.AST, method: str = "") -> Iterator[tuple[str, str]]:
    """Yield texts that are shown to users, each with the public method that it stands in."""
    for node in ast.iter_child_nodes(tree):
        inside = method
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            inside = method or ("" if node.name.startswith("_") else node.name)
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, (ast.Constant, ast.JoinedStr)):
            # What has no space is a word, and markup is none of our sentences.
            yield from ((text, method) for text in texts(node) if " " in text and "<" not in text)
        elif not docstring:
            yield from sentences(node, inside)


def parameters(hook: type, method: str) -> set[str]:
    """Return the parameters of a method of a hook, or of all of them."""
    methods = [
        function
        for name, function in inspect.getmembers(hook, inspect.isfunction)
        if name == method or (not hasattr(hook, method) and not name.startswith("_"))
    ]
    return {name for one in methods for name in inspect.signature(one).parameters}


def known_to_readers_of(module: str, method: str) -> set[str]:
    """Return the arguments that somebody has who gets a message of a module."""
    folder, _, name = module.partition("/")
    hooks = {"dbt_cloud": DbtCloudHook, "segment": SegmentHook}
    tasks = task_classes()
    if folder in ("operators", "sensors"):
        tasks = [one for one in tasks if one.__module__.endswith(f"{folder}.{name[:-3]}")]
    service = folder if folder in hooks else name.removesuffix(".py")
    if service in hooks:
        tasks = [one for one in tasks if service in one.__module__]
    known = {argument for one in tasks for argument in own_arguments(one)} | OF_AIRFLOW | SETTINGS
    if folder in hooks:
        known |= parameters(hooks[folder], method)
        known |= {name for name in dir(hooks[folder]) if not name.startswith("_")}
    if folder in ("hooks", "rest"):
        known |= {field.name for form in (DBT_CLOUD_FORM, SEGMENT_FORM) for field in form.fields}
    return known


def unknown_arguments(module: str, tree: ast.AST) -> dict[str, str]:
    """Return the arguments that messages name and their readers do not have, with the messages."""
    return {
        name: text
        for text, method in sentences(tree)
        for name in names_in(text) - known_to_readers_of(module, method)
    }


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_message_names_only_arguments_that_its_reader_has(path: Path) -> None:
    module = path.relative_to(PACKAGE).as_posix()
    assert unknown_arguments(module, _parsed(path.read_text())) == {}


@pytest.mark.parametrize(
    ("module", "method", "text", "found"),
    [
        ("dbt_cloud/jobs.py", "get_job_by_name", "f'Use {what}_id to say'", {"…_id"}),
        ("dbt_cloud/jobs.py", "get_job_by_name", "'Use project_id to say'", {"project_id"}),
        ("dbt_cloud/jobs.py", "get_job_by_name", "'Use job_id, or job_name'", set()),
        ("dbt_cloud/jobs.py", "list_jobs", "'Use project_id to say'", set()),
        ("dbt_cloud/report.py", "_why", "'Set retry_failures=True here'", {"retry_failures"}),
        ("operators/segment.py", "_why", "'Give `job` or ' '`timeout`'", {"job"}),
        ("sensors/dbt_cloud.py", "_why", "f'{x} is no run: use job_id'", {"job_id"}),
        ("sensors/segment.py", "_why", "'With reuse=True it is'", {"reuse"}),
        ("tasks/base.py", "_why", "'run_results.json of a/b_c'", set()),
        ("hooks/base.py", "_why", "'Set allow_plain_http in the extra'", set()),
    ],
)
def test_a_name_that_is_no_argument_is_found(
    module: str, method: str, text: str, found: set[str]
) -> None:
    tree = ast.parse(f"def {method}():\n 'use no_such_thing'\n raise Error({text})")
    assert unknown_arguments(module, tree).keys() == found


def test_the_advice_of_the_page_names_what_there_is() -> None:
    known = set(OF_AIRFLOW) | {"poke_interval"}
    for module in ("dbt_cloud/x.py", "segment/x.py", "hooks/x.py"):
        known |= known_to_readers_of(module, "")
    known |= {name for hook in (DbtCloudHook, SegmentHook) for name in dir(hook)}
    cells = [row[1] for row in rows(PAGE) if len(row) == 2]
    named = {
        name
        for cell in cells
        for code in codes(cell)
        for name in re.findall(r"^([a-z]+(?:_[a-z]+)*)(?:=\S+)?$", code)
    }
    assert len(named) > 10
    words = {"fail", "warn", "accept", "true", "false", "yes", "no", "on", "off", "return_value"}
    assert named - known - words == set()
