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


def write(path: Path, text: str) -> None:
    """
    Write the secrets where only the owner can read them.

    :raises FileExistsError: When there is such a file: what it holds may be in use.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.writelines(f"{name}={value}\n" for name, value in new_secrets(text).items())


def _secret() -> str:
    # As many bytes as the signature of Airflow's tokens takes.
    return secrets.token_hex(32)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


if __name__ == "__main__":
    write(Path(sys.argv[1]), COMPOSE.read_text())
    print(f"{sys.argv[1]} holds new secrets; the password of the user admin is among them.")
