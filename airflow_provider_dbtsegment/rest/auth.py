"""The token: sent with requests, never shown."""

from __future__ import annotations

import hashlib

import requests
from requests.auth import AuthBase


class TokenAuth(AuthBase):
    """
    Send a token in the ``Authorization`` header.

    :param token: The token.
    :param scheme: The word before it.
    """

    def __init__(self, token: str, scheme: str = "Bearer") -> None:
        self._token = token
        self._scheme = scheme

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header."""
        request.headers["Authorization"] = f"{self._scheme} {self._token}"
        return request

    def __repr__(self) -> str:
        return f"TokenAuth({self._scheme} ***)"

    @property
    def digest(self) -> str:
        """A short hash that tells tokens apart without giving them away."""
        return hashlib.sha256(self._token.encode()).hexdigest()[:16]

    @property
    def token(self) -> str:
        """The token."""
        return self._token
