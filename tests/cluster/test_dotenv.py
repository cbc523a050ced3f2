"""`make .env`"""

from __future__ import annotations

import stat
from pathlib import Path

from cryptography.fernet import Fernet

from tests.cluster import dotenv


def read(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text().splitlines())


def test_every_secret_is_random_and_nobody_else_can_read_it(tmp_path: Path, text: str) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for path in (one, other):
        dotenv.write(path, text)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(read(one)) == dotenv.required(text)
    values = [*read(one).values(), *read(other).values()]
    assert len(set(values)) == len(values)
    assert min(map(len, values)) >= 44


def test_secrets_can_stand_in_a_url_and_one_is_a_key(text: str) -> None:
    made = dotenv.new_secrets(text)
    Fernet(made.pop("AIRFLOW_FERNET_KEY"))
    assert all(value.isalnum() for value in made.values())


def test_what_is_there_stays_and_what_is_missing_comes_after_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / ".env"
    path.write_text("POSTGRES_PASSWORD=\nREDIS_PASSWORD=old\nMINE=1")
    path.chmod(0o600)
    added = dotenv.write(path, text)
    assert set(added) == set(dotenv.required(text)) - {"REDIS_PASSWORD"}
    found = read(path)
    assert (found["MINE"], found["REDIS_PASSWORD"]) == ("1", "old")
    assert all(found[name] for name in dotenv.required(text))
    assert dotenv.write(path, text) == []
    assert read(path) == found
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
