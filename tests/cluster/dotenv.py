"""Write random secrets for docker-compose.yaml: `make .env`. Needs nothing but Python."""

from __future__ import annotations

import base64
import os
import re
import secrets
import sys
from pathlib import Path

COMPOSE = Path(__file__).parents[2] / "docker-compose.yaml"
REQUIRED = re.compile(r"\$\{(\w+):\?")


def required(text: str) -> list[str]:
    """Return the variables without which a compose file cannot be used, in their order."""
    return list(dict.fromkeys(REQUIRED.findall(text)))


def new_secrets(text: str) -> dict[str, str]:
    """Return a random value for each of them; none has a letter that means anything in a URL."""
    return {name: _fernet_key() if "FERNET" in name else _secret() for name in required(text)}


def write(path: Path, text: str) -> list[str]:
    """
    Write the secrets that are missing in a file, where only the owner can read them.

    What is there already stays: it may be in use.

    :return: The names of those that were missing.
    """
    there = path.read_text() if path.exists() else ""
    missing = {
        name: value
        for name, value in new_secrets(text).items()
        if not re.search(rf"^[ \t]*{name}[ \t]*=[ \t]*\S", there, re.MULTILINE)
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a") as stream:
        if missing and there and not there.endswith("\n"):
            stream.write("\n")
        stream.writelines(f"{name}={value}\n" for name, value in missing.items())
    return list(missing)


def _secret() -> str:
    # As many bytes as the signature of Airflow's tokens takes.
    return secrets.token_hex(32)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


if __name__ == "__main__":
    written = write(Path(sys.argv[1]), COMPOSE.read_text())
    print(f"{sys.argv[1]}: {', '.join(written) or 'nothing'} was missing and is written.")
    print("The user of Airflow is admin; AIRFLOW_ADMIN_PASSWORD is the password.")
