"""How requests leave: one session, the proxy, and nothing that was not meant."""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import requests

from airflow_provider_dbtsegment.rest.connections import Adapter
from airflow_provider_dbtsegment.rest.urls import is_loopback

#: Connections to a service that are kept: as many as threads may use at once.
CONNECTIONS = 12


class _Session(requests.Session):
    """Leaves redirects alone, which are followed above; requests would read and parse them."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return nothing."""


def new_session() -> requests.Session:
    """Return a session that keeps its connections, and nothing else, between requests."""
    session = _Session()
    session.headers["User-Agent"] = "airflow-provider-dbtsegment"
    session.headers["Accept"] = "application/json"
    session.headers["Accept-Encoding"] = "gzip"  # what everything here can read
    # Nobody logs in here by cookie, and a jar shared by threads would only mix things up.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = Adapter(pool_connections=2, pool_maxsize=CONNECTIONS)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def proxies_for(url: str, proxy: str | None) -> dict[str, str]:
    """Return the proxy to use; this machine is never asked for through one."""
    host = urlsplit(url).hostname or ""
    if is_loopback(host):
        return {"no_proxy": host}
    return {"http": proxy, "https": proxy} if proxy else {}


def no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Send no credentials; passed explicitly, it also keeps requests from reading a netrc file."""
    return request
