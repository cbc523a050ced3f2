"""What the wheel says of itself, to pip, to an index, to Airflow and to pytest."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from configparser import ConfigParser

from packaging.metadata import Metadata
from packaging.version import Version
from trove_classifiers import classifiers as known_classifiers

from tests.dist.building import Built
from tests.dist.contents import files_of_wheel

NAME = "airflow-provider-dbtsegment"
PYTHON = "Programming Language :: Python :: "
CLASSIFIERS = {
    "Framework :: Apache Airflow",
    "Framework :: Apache Airflow :: Provider",
    "Framework :: Pytest",
    "Typing :: Typed",
}
#: The groups of entry points, each with the names in it.
ENTRIES = {
    "apache_airflow_provider": {"provider_info"},
    "airflow.plugins": {"dbtsegment"},
    "console_scripts": {"dbtsegment-demo", "dbtsegment-sandbox"},
    "pytest11": {"dbtsegment"},
}
_LINK = re.compile(r"\]\(([^)#\s]+)")


def read_metadata(found: Mapping[str, bytes]) -> Metadata:
    """Return the METADATA of a wheel; whatever in it breaks a rule of metadata is an error."""
    (text,) = (text for name, text in found.items() if name.endswith(".dist-info/METADATA"))
    return Metadata.from_email(text, validate=True)


def in_metadata(built: Built, version: Version) -> Iterator[str]:
    """Yield what is wrong with the metadata of the wheel."""
    found = files_of_wheel(built.wheel)
    metadata = read_metadata(found)
    readme = (built.source / "README.md").read_text(encoding="utf-8")
    for what, told, wanted in (
        ("Name", metadata.name, NAME),
        ("Version", metadata.version, version),
        ("License-Expression", metadata.license_expression, "Apache-2.0"),
        ("License-File", metadata.license_files, ["LICENSE"]),
        ("Description-Content-Type", metadata.description_content_type, "text/markdown"),
        ("Provides-Extra", metadata.provides_extra, ["sandbox"]),
    ):
        if told != wanted:
            yield f"{what} is {told}, not {wanted}"
    if not metadata.summary:
        yield "There is no Summary"
    if (metadata.description or "").strip() != readme.strip():
        yield "The description is not the README"
    yield from classified(metadata, readme)
    yield from required(metadata)
    yield from entered(found)
    yield from linked(built, readme)


def pythons(metadata: Metadata) -> list[Version]:
    """Return the versions of Python that it names, such as 3.11, from the oldest on."""
    named = (one.removeprefix(PYTHON) for one in metadata.classifiers or [])
    return sorted(Version(one) for one in named if re.fullmatch(r"3\.\d+", one))


def classified(metadata: Metadata, readme: str) -> Iterator[str]:
    """Yield what is wrong with the classifiers, and with the versions of Python."""
    named = set(metadata.classifiers or [])
    yield from (f"No index knows the classifier {one}" for one in named - known_classifiers)
    yield from (f"The classifier {one} is missing" for one in CLASSIFIERS - named)
    oldest, *_, newest = pythons(metadata)
    if str(metadata.requires_python) != f">={oldest}":
        yield f"Requires-Python is {metadata.requires_python}, but the oldest named is {oldest}"
    if f"Python {oldest} to {newest}" not in readme:
        yield f"The README does not say 'Python {oldest} to {newest}'"


def required(metadata: Metadata) -> Iterator[str]:
    """Yield what is wrong with the requirements."""
    for requirement in metadata.requires_dist or []:
        if requirement.url:
            yield f"{requirement.name} comes from an address, which no index takes"
        elif not any(one.operator in (">=", "==", "~=") for one in requirement.specifier):
            yield f"{requirement.name} has no oldest version"


def entered(found: Mapping[str, bytes]) -> Iterator[str]:
    """Yield what is wrong with the entry points; whether they work shows where it is installed."""
    (text,) = (text for name, text in found.items() if name.endswith("/entry_points.txt"))
    parser = ConfigParser(delimiters="=")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text.decode())
    named = {section: set(parser[section]) for section in parser.sections()}
    if named != ENTRIES:
        yield f"The entry points are {named}, not {ENTRIES}"
    for section in parser.sections():
        for name, target in parser[section].items():
            path = target.partition(":")[0].replace(".", "/")
            if not {f"{path}.py", f"{path}/__init__.py"} & found.keys():
                yield f"The entry point {name} of {section} leads nowhere: {target}"


def linked(built: Built, readme: str) -> Iterator[str]:
    """Yield the links of the README to files that are not there."""
    for link in _LINK.findall(readme):
        if "://" not in link and not (built.source / link).exists():
            yield f"README.md links to {link}, which is not there"


def without_address(built: Built) -> str | None:
    """Return what those who read the README on an index miss, if anything."""
    if read_metadata(files_of_wheel(built.wheel)).project_urls:
        return None
    return "There are no [project.urls]: on an index, the README's links to docs/ lead nowhere."


def refused_by_twine(built: Built) -> Iterator[str]:
    """Yield what twine says of files that an index would refuse, or show badly."""
    command = [sys.executable, "-m", "twine", "--no-color", "check", "--strict"]
    done = subprocess.run([*command, *map(str, built.both)], capture_output=True, text=True)
    if done.returncode:
        yield f"twine check --strict: {(done.stdout + done.stderr).strip()}"
