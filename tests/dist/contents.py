"""What is in wheel and sdist: everything that belongs there, as it was committed, and no more."""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.dist.building import Built
from tests.dist.commits import ROOT, files_of

PACKAGE = "airflow_provider_dbtsegment/"
EXAMPLES = "example_dags/"
#: Where those who have the wheel alone get the examples.
PACKED_EXAMPLES = f"{PACKAGE}demo/example_dags/"
#: What a developer has, but nobody who builds, tests or runs from the sdist.
NOT_PACKED = (".ci/", ".pre-commit-config.yaml")
ABOUT = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
#: Without these it would not work; they are no Python, so that builds leave them out most easily.
NEEDED = {
    f"{PACKAGE}py.typed",
    f"{PACKAGE}sandbox/dbt_cloud/openapi/dbt-cloud-v2.json",
    f"{PACKAGE}sandbox/dbt_cloud/openapi/dbt-cloud-v3.json",
    f"{PACKAGE}sandbox/dbt_cloud/page.html",
    f"{PACKAGE}sandbox/shop/dbt_project.yml",
    f"{PACKAGE}sandbox/shop/sandbox.yml",
    f"{PACKAGE}sandbox/shop/models/marts/customers.sql",
    f"{PACKAGE}sandbox/shop/seeds/raw_customers.csv",
    f"{PACKAGE}ui/static/pages.css",
    f"{PACKAGE}ui/static/pages.js",
    f"{PACKAGE}ui/templates/base.html",
    f"{PACKED_EXAMPLES}dbt_to_segment.py",
}
FOREIGN = re.compile(
    r"(^|/)(__pycache__|tests?|test_[^/]+|conftest\.py|node_modules|\.[^/]+)(/|$)"
    r"|\.(pyc|pyo|so|log|db|duckdb|orig|rej|bak|tmp|swp|map)$|~$"
)
HOMES = r"(?<![\w.\-}*])/(home|Users|root)/\w+"
#: How code of others says whose it is.
OTHERS = re.compile(rb"copyright|@licen[cs]e|SPDX-License-Identifier", re.IGNORECASE)


def in_wheel(built: Built) -> Iterator[str]:
    """Yield what is wrong with the contents of the wheel."""
    tracked = files_of(built.source)
    wanted = {name: text for name, text in tracked.items() if name.startswith(PACKAGE)}
    wanted |= {
        name.replace(EXAMPLES, PACKED_EXAMPLES): text
        for name, text in tracked.items()
        if name.startswith(EXAMPLES)
    }
    found = files_of_wheel(built.wheel)
    about = f"{'-'.join(built.wheel.name.split('-')[:2])}.dist-info/"
    yield from compared(found, wanted, {f"{about}{name}" for name in ABOUT})
    yield from foreign(found)
    yield from places(found, built.source)
    yield from others({name: text for name, text in found.items() if not name.startswith(about)})


def in_sdist(built: Built) -> Iterator[str]:
    """Yield what is wrong with the contents of the sdist."""
    tracked = files_of(built.source)
    wanted = {n: text for n, text in tracked.items() if not n.startswith(NOT_PACKED)}
    top = built.sdist.name.removesuffix(".tar.gz")
    found: dict[str, bytes] = {}
    with tarfile.open(built.sdist) as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.isreg() else None
            first, _, name = member.name.partition("/")
            if stream is None or first != top:
                yield f"{member.name} is no file below {top}"
                continue
            found[name] = stream.read()
    yield from compared(found, wanted, {"PKG-INFO"})
    yield from places(found, built.source)


def files_of_wheel(wheel: Path) -> dict[str, bytes]:
    """Return the files of a wheel, by their names."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def compared(
    found: Mapping[str, bytes], wanted: Mapping[str, bytes], made: set[str]
) -> Iterator[str]:
    """
    Yield what is missing, what is too much, and what differs.

    :param made: the names of the files that the build adds.
    """
    for name in sorted(wanted.keys() | made):
        if name not in found:
            yield f"{name} is missing"
        elif name in wanted and found[name] != wanted[name]:
            yield f"{name} is not as it was committed"
    yield from (f"{name} does not belong there" for name in sorted(found.keys() - wanted - made))


def missing(found: Mapping[str, bytes]) -> Iterator[str]:
    """Yield what the package needs, but does not have."""
    yield from (f"{name} is missing" for name in sorted(NEEDED - found.keys()))


def foreign(found: Mapping[str, bytes]) -> Iterator[str]:
    """Yield the files that are of no use to those who install the wheel."""
    yield from (f"{name} does not belong there" for name in sorted(found) if FOREIGN.search(name))


def places(found: Mapping[str, bytes], *folders: Path) -> Iterator[str]:
    """Yield where files name these folders, this checkout, or somebody's home."""
    named = "|".join([HOMES, *(re.escape(str(folder)) for folder in (ROOT, *folders))])
    pattern = re.compile(named.encode())
    for name, text in found.items():
        for one in pattern.finditer(text):
            line = text.count(b"\n", 0, one.start()) + 1
            yield f"{name}:{line} names a folder of some machine: {one[0].decode(errors='replace')}"


def others(found: Mapping[str, bytes]) -> Iterator[str]:
    """Yield the files with somebody else's code, whose licence has to come with them."""
    for name, text in found.items():
        if one := OTHERS.search(text):
            said = one[0].decode()
            yield f"{name} says {said!r}: with somebody else's code, his licence is to be packed"
