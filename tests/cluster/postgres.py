"""PostgreSQL as the image of that name sets it up: a superuser, its password, a database."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from airflow_provider_dbtsegment.demo.environment import LOOPBACK

#: Where Debian puts the programs of each version.
VERSIONS = Path("/usr/lib/postgresql")
#: Whom PostgreSQL runs as when we are root, whom it refuses.
USER = "postgres"


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs: Debian's newest, or those that are found here."""
    found = [path.parent for path in VERSIONS.glob("*/bin/initdb")]
    here = shutil.which("initdb")
    default = Path(here).resolve().parent if here else None
    return max(found, key=lambda folder: int(folder.parent.name), default=default)


def make(data: Path, port: int, environment: Mapping[str, str]) -> None:
    """
    Make an empty server with a superuser and a database, as the environment says.

    :param data: A folder whose parents everybody may pass through.
    """
    data.mkdir(parents=True, mode=0o700)
    if os.getuid() == 0:
        account = pwd.getpwnam(USER)
        os.chown(data, account.pw_uid, account.pw_gid)
    name = environment["POSTGRES_USER"]
    ways = ["--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", "--no-sync"]
    _run(["initdb", "--pgdata", str(data), "--username", name, *ways])
    # The password comes by standard input, so that no list of processes shows it.
    statements = (
        f'CREATE DATABASE "{environment["POSTGRES_DB"]}";\n'
        f"ALTER USER \"{name}\" PASSWORD '{environment['POSTGRES_PASSWORD']}';\n"
    )
    _run(["postgres", "--single", "-D", str(data), "postgres"], statements)
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(f"listen_addresses = '{LOOPBACK}'\nport = {port}\n")
        settings.write("unix_socket_directories = ''\n")


def as_its_user(command: Sequence[str]) -> list[str]:
    """Return a command as somebody runs it whom PostgreSQL does not refuse."""
    folder = programs()
    if folder is None:
        raise RuntimeError("There is no PostgreSQL: apt-get install postgresql")
    words = [str(folder / command[0]), *command[1:]]
    if os.getuid() != 0:
        return words
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *words]


def _run(command: Sequence[str], said: str = "") -> None:
    done = subprocess.run(
        as_its_user(command), input=said, capture_output=True, text=True, cwd="/", timeout=120
    )
    if done.returncode or "ERROR:" in done.stderr or "FATAL:" in done.stderr:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
