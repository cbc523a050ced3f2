"""What every request passes before its endpoint, and every answer after it."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from .config import RateLimits
from .errors import ApiError, unauthorized
from .media import ALPHA, BETA, answer_type, check_content_type
from .rate_limit import RateLimiter

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True)
class Guard:
    """Counts the request against its limit, then checks the token and the media types."""

    tokens: Callable[[], Sequence[str]]
    limits: RateLimits
    limiter: RateLimiter

    def wrap(self, endpoint: str, handle: _Handler) -> _Handler:
        """Return the handler with the guard around it; our errors become envelopes."""
        standard = BETA if endpoint == "create_dbt_model_sync_trigger" else ALPHA
        limit = self._limit(endpoint)

        async def guarded(request: Request) -> Response:
            authorization = request.headers.get("authorization", "")
            usage = self.limiter.consume(authorization, endpoint, limit)
            response: Response
            try:
                usage.check()
                self._check_token(authorization)
                media_type = answer_type(request.headers.get("accept", ""), standard)
                if request.method in ("POST", "PATCH", "PUT"):
                    check_content_type(request.headers.get("content-type", ""), standard)
                response = await handle(request)
                response.headers["content-type"] = media_type
            except ApiError as error:
                response = JSONResponse(
                    error.envelope(), status_code=error.status, headers=error.headers
                )
            response.headers.update(usage.headers())
            return response

        return guarded

    def _limit(self, endpoint: str) -> int:
        special = {
            "create_reverse_etl_manual_sync": self.limits.start_sync,
            "get_reverse_etl_sync_status": self.limits.sync_status,
            "create_dbt_model_sync_trigger": self.limits.dbt_trigger,
            "get_workspace": self.limits.workspace,
        }
        return special.get(endpoint, self.limits.default)

    def _check_token(self, authorization: str) -> None:
        scheme, _, token = authorization.partition(" ")
        given = token.strip().encode()
        is_known = any(hmac.compare_digest(given, one.encode()) for one in self.tokens())
        if scheme.lower() != "bearer" or not is_known:
            raise unauthorized()


def guarded_route(guard: Guard) -> type[APIRoute]:
    """Return a route class whose routes stand behind the guard, under their endpoint's name."""

    class GuardedRoute(APIRoute):
        def get_route_handler(self) -> _Handler:
            return guard.wrap(self.name, super().get_route_handler())

    return GuardedRoute
