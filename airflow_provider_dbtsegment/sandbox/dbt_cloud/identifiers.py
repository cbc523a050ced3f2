"""Ids and tokens that are texts."""

import secrets
import string

LETTERS = string.digits + string.ascii_letters
KSUID_LENGTH = 27


def new_id(prefix: str = "") -> str:
    """Make an id like ``wsu_2Zq…``; none is ever made twice."""
    return prefix + "".join(secrets.choice(LETTERS) for _ in range(KSUID_LENGTH))
