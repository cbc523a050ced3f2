"""Code in the documentation is code that runs."""

from __future__ import annotations

import argparse
import ast
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from airflow_provider_dbtsegment.demo import cli as demo
from airflow_provider_dbtsegment.sandbox import cli as sandbox
from airflow_provider_dbtsegment.sandbox.config import load_config
from airflow_provider_dbtsegment.sandbox.running import SHOP
from airflow_provider_dbtsegment.sandbox.segment.config import parse_config
from tests.docs.pages import ROOT, Block, blocks, rows

PYTHON = blocks("python")
TAKEN = [block for block in PYTHON if block.title]
WHOLE = [block for block in PYTHON if not block.title]
#: What is installed elsewhere, or comes with the system.
OTHERS = {"airflow", "curl", "export", "git", "pip", "sha256sum", "ulimit", ".venv/bin/twine"}
PARSERS = {"dbtsegment-sandbox": sandbox._parser, "dbtsegment-demo": demo.parser}


@pytest.mark.parametrize("block", TAKEN, ids=str)
def test_an_example_is_what_stands_in_its_file(block: Block) -> None:
    lines = (ROOT / str(block.title)).read_text().splitlines()
    wanted = block.code.splitlines()
    parts = (lines[at : at + len(wanted)] for at in range(len(lines)))
    assert wanted in [dedent("\n".join(part)).splitlines() for part in parts], block.code


def test_every_example_is_shown() -> None:
    shown = {block.title for block in TAKEN if str(block.title).startswith("example_dags/")}
    there = {f"example_dags/{path.name}" for path in (ROOT / "example_dags").glob("*.py")}
    assert shown == there


def test_blocks_that_stand_for_themselves_import_what_they_use() -> None:
    imports = dict.fromkeys(
        ast.unparse(node)
        for block in WHOLE
        for node in ast.walk(ast.parse(block.code, str(block)))
        if isinstance(node, (ast.Import, ast.ImportFrom))
    )
    assert len(imports) > 5
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(imports)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", WHOLE, ids=str)
def test_a_block_uses_no_name_that_it_does_not_have(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "block.py"
    file.write_text(block.code)
    rules = ["--select", "F821,F401,E9", "--isolated", "--no-cache", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", *rules, str(file)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("block", blocks("bash"), ids=str)
def test_commands_are_there_and_take_these_arguments(block: Block) -> None:
    for line in _commands(block.code):
        name, *arguments = shlex.split(line, comments=True)
        if name == "make":
            target, *values = arguments
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
            assert all("=" in value for value in values)
        elif name in PARSERS:
            PARSERS[name]().parse_args(arguments)
        else:
            assert name in OTHERS, line


def test_connections_are_json() -> None:
    given = [
        json.loads(value)
        for block in blocks("bash")
        for value in re.findall(r"AIRFLOW_CONN_\w+='(\{.+?\})'", block.code, re.DOTALL)
    ]
    kinds = {connection["conn_type"] for connection in given}
    assert {"dbt_cloud_admin", "segment_public_api"} <= kinds


def test_the_first_page_connects_to_the_sandbox_as_it_is() -> None:
    shop = yaml.safe_load((SHOP / "sandbox.yml").read_text())
    text = "\n".join(block.code for block in blocks("bash") if block.page == "index.md")
    for value in (
        shop["dbt_cloud"]["token"],
        shop["segment"]["token"],
        f'"login": "{shop["dbt_cloud"]["account"]["id"]}"',
    ):
        assert value in text


@pytest.mark.parametrize("block", [b for b in blocks("yaml") if b.page == "sandbox.md"], ids=str)
def test_a_configuration_of_the_sandbox_is_one(block: Block, tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").write_text("name: shop\n")
    (tmp_path / "sandbox.yml").write_text(block.code)
    config = load_config(tmp_path)
    assert config.dbt_cloud.projects[0].jobs[0].id == 1000
    assert parse_config(config.segment).mappings


def test_the_options_of_the_sandbox_are_those_that_it_has() -> None:
    told = {row[0].strip("`"): row[2].strip("`") for row in rows("sandbox.md", under="## Start it")}
    (commands,) = (
        action.choices
        for action in sandbox._parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    options = {
        action.option_strings[-1]: action.default
        for action in commands["serve"]._actions
        if not isinstance(action, argparse._HelpAction)
    }
    assert told.keys() == options.keys()
    for name in ("--port", "--host", "--state"):
        assert told[name] == str(options[name])


def _commands(code: str) -> list[str]:
    """Return the commands of a block, each on one line."""
    code = re.sub(r"\\\n\s*", "", code)
    lines: list[str] = []
    for line in code.splitlines():
        if lines and lines[-1].count("'") % 2:
            lines[-1] += " " + line
        elif line.strip() and not line.startswith("#"):
            lines.append(line)
    return lines
