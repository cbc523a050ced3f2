"""Wheel and sdist of the newest commit, as far as it is seen without installing them."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.metadata import Metadata

from tests.dist import contents, metadata
from tests.dist.building import Built, build, build_elsewhere, differences
from tests.dist.checks import checked
from tests.dist.commits import ROOT, head, read_commit
from tests.dist.release import check, version_of

pytestmark = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no clone of the repository")
GOOD = {"airflow_provider_dbtsegment/a.py": b"import os\n"}


@pytest.fixture(scope="module")
def commit() -> str:
    return head()


@pytest.fixture(scope="module")
def built(commit: str, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(commit, tmp_path_factory.mktemp("one"))


@pytest.mark.timeout(600)  # several programs that build, beside whatever else runs
def test_they_are_as_they_should_be_and_the_same_bytes_elsewhere(
    built: Built, commit: str, tmp_path: Path
) -> None:
    again = build_elsewhere(commit, tmp_path)
    version = version_of(read_commit(commit))
    assert {one.what: one.found for one in checked(built, again, version) if not one.is_fine} == {}
    again.wheel.write_bytes(again.wheel.read_bytes() + b"\0")
    assert differences(built, again) == [again.wheel.name]


def test_the_newest_commit_is_a_release_or_on_the_way_to_one(commit: str) -> None:
    # Between the commit of a release and its tag it is neither.
    given = read_commit(commit)
    if version_of(given).is_devrelease or given.tags:
        assert check(given) == version_of(given)


def test_those_who_have_the_wheel_alone_have_the_examples(built: Built) -> None:
    there = {path.name: path.read_bytes() for path in (ROOT / "example_dags").glob("*.py")}
    packed = {
        name.rpartition("/")[2]: text
        for name, text in contents.files_of_wheel(built.wheel).items()
        if name.startswith(contents.PACKED_EXAMPLES)
    }
    assert packed.keys() == there.keys()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("airflow_provider_dbtsegment/tests/test_a.py", b""),
        ("airflow_provider_dbtsegment/__pycache__/a.cpython-311.pyc", b""),
        ("airflow_provider_dbtsegment/.env", b"A=1"),
        ("airflow_provider_dbtsegment/sandbox/state.duckdb", b""),
        ("conftest.py", b""),
    ],
)
def test_what_nobody_needs_is_found(name: str, text: bytes) -> None:
    assert list(contents.foreign({**GOOD, name: text})) == [f"{name} does not belong there"]


def test_places_and_the_code_of_others_are_found(tmp_path: Path) -> None:
    home = b"FOLDER = '/home/" + b"ann/project'\n"
    assert list(contents.places({"a.py": b"\n" + home})) == [
        "a.py:2 names a folder of some machine: /home/" + "ann"
    ]
    assert list(contents.places({"a.py": f"at {tmp_path}/b".encode()}, tmp_path)) != []
    assert list(contents.places({"a.py": f"at {ROOT}/b".encode()})) != []
    assert list(contents.places({"a.py": b"GET /users/home/roots\n"})) == []
    assert list(contents.others({"a.js": b"/*! @license MIT */"})) != []


def test_what_is_missing_changed_or_too_much_is_found() -> None:
    wanted = {"a": b"1", "b": b"2"}
    assert list(contents.compared({"a": b"0", "c": b"3"}, wanted, {"METADATA"})) == [
        "METADATA is missing",
        "a is not as it was committed",
        "b is missing",
        "c does not belong there",
    ]
    assert list(contents.missing(GOOD)) == [
        f"{name} is missing" for name in sorted(contents.NEEDED)
    ]


def test_metadata_that_promise_too_much_are_found(built: Built) -> None:
    found = contents.files_of_wheel(built.wheel)
    told = metadata.read_metadata(found)
    oldest, *_, newest = metadata.pythons(told)
    raw = {"metadata_version": "2.4", "name": "a", "version": "1", "summary": "A."}

    def made(**fields: object) -> Metadata:
        return Metadata.from_raw({**raw, **fields}, validate=False)  # type: ignore[typeddict-item]

    named = [*metadata.CLASSIFIERS, *(f"{metadata.PYTHON}{one}" for one in (oldest, newest))]
    readme = f"Python {oldest} to {newest}"
    fine = made(classifiers=named, requires_python=f">={oldest}")
    assert list(metadata.classified(fine, readme)) == []
    assert list(metadata.classified(fine, "Python 2")) != []
    assert list(metadata.classified(made(classifiers=named, requires_python=">=3.8"), readme)) != []
    unknown = made(classifiers=[*named, "Framework :: Own"], requires_python=f">={oldest}")
    assert list(metadata.classified(unknown, readme)) != []
    assert list(metadata.required(made(requires_dist=["requests>=2", "b @ file:///b"]))) != []
    assert list(metadata.required(made(requires_dist=["requests"]))) != []
    (entries,) = (name for name in found if name.endswith("entry_points.txt"))
    without = {name: text for name, text in found.items() if "pytest_plugin" not in name}
    assert list(metadata.entered(without)) == [
        "The entry point dbtsegment of pytest11 leads nowhere: "
        "airflow_provider_dbtsegment.sandbox.pytest_plugin"
    ]
    assert list(metadata.entered({**found, entries: b"[pytest11]\n"})) != []


def test_links_of_the_readme_that_lead_nowhere_are_found(built: Built) -> None:
    text = "[a](docs/waiting.md#x) [b](docs/no-such-page.md) [c](https://example.com)"
    assert list(metadata.linked(built, text)) == [
        "README.md links to docs/no-such-page.md, which is not there"
    ]
