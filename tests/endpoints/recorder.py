"""A transport that records what would go over the wire, and answers at once."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse


class Recorder(BaseAdapter):
    """
    Answers every request, the n-th one with the n-th of the bodies.

    It takes the place of the sockets below a `requests.Session`: everything above is the real
    transport.
    """

    def __init__(self, bodies: list[Any]) -> None:
        super().__init__()
        self._bodies = list(bodies)
        self.received: list[requests.PreparedRequest] = []

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Record a request and answer it."""
        self.received.append(request)
        content = json.dumps(self._bodies.pop(0)).encode()
        response = requests.Response()
        response.status_code = 200
        response.url = str(request.url)
        response.request = request
        response.headers["Content-Type"] = "application/json"
        response.headers["Content-Length"] = str(len(content))
        response.raw = HTTPResponse(io.BytesIO(content), status=200, preload_content=False)
        return response

    def close(self) -> None:
        """There is nothing to close."""


def query_of(request: requests.PreparedRequest) -> Mapping[str, str]:
    """Return the decoded query of a request."""
    return dict(parse_qsl(urlsplit(str(request.url)).query, keep_blank_values=True))


def body_of(request: requests.PreparedRequest) -> Any:
    """Return the parsed JSON body of a request."""
    return None if request.body is None else json.loads(request.body)
