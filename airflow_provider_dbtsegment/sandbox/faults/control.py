"""The fault machine over HTTP, below ``/sandbox``; it asks for no token, and no fault hits it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from airflow_provider_dbtsegment.sandbox.faults.fault import Fault, FaultError
from airflow_provider_dbtsegment.sandbox.faults.faults import Faults
from airflow_provider_dbtsegment.sandbox.faults.machine import CONTROL
from airflow_provider_dbtsegment.sandbox.faults.rules import Rule

_FIELDS = tuple(field.name for field in fields(Fault))


def create_control(faults: Faults) -> APIRouter:
    """Lay the routes."""
    router = APIRouter(prefix=CONTROL, include_in_schema=False)

    @router.get("/faults")
    async def list_faults() -> JSONResponse:
        return JSONResponse([_rule(rule) for rule in faults.rules()])

    @router.post("/faults")
    async def add_faults(request: Request) -> JSONResponse:
        return await _told(request, lambda body: {"ids": faults.add_all(_faults(body))}, 201)

    @router.delete("/faults")
    async def clear_faults() -> JSONResponse:
        faults.clear()
        return JSONResponse([])

    @router.get("/ledger")
    async def show_ledger() -> JSONResponse:
        return JSONResponse([asdict(one) for one in faults.ledger()])

    @router.get("/requests")
    async def show_requests() -> JSONResponse:
        return JSONResponse([asdict(one) for one in faults.requests()])

    @router.post("/runs/{run_id}/cancel")
    async def cancel_run(run_id: int, request: Request) -> JSONResponse:
        def cancel(body: Any) -> dict[str, Any]:
            given = _fields(body, ("message",), "a cancellation")
            faults.cancel_run(run_id, **given)
            return {"id": run_id}

        # The run's processes are waited for.
        return await run_in_threadpool(_answer, await request.body(), cancel)

    @router.put("/segment-tokens")
    async def set_segment_tokens(request: Request) -> JSONResponse:
        def set_them(body: Any) -> dict[str, Any]:
            given = _fields(body, ("tokens",), "the tokens")
            faults.set_segment_tokens(given["tokens"] if given else ())
            return {"count": len(faults.segment_tokens)}

        return await _told(request, set_them)

    @router.put("/clock")
    async def set_clock(request: Request) -> JSONResponse:
        def set_it(body: Any) -> dict[str, Any]:
            given: dict[str, Any] = {"offset_seconds": None}
            given.update(_fields(body, tuple(given), "the clock"))
            faults.set_clock(given["offset_seconds"])
            return _clock(faults)

        return await _told(request, set_it)

    @router.get("/clock")
    async def show_clock() -> JSONResponse:
        return JSONResponse(_clock(faults))

    return router


async def _told(
    request: Request, act: Callable[[Any], dict[str, Any]], status: int = 200
) -> JSONResponse:
    return _answer(await request.body(), act, status)


def _answer(body: bytes, act: Callable[[Any], dict[str, Any]], status: int = 200) -> JSONResponse:
    """Do as the body says, or say what is wrong with it."""
    try:
        return JSONResponse(act(_json(body)), status)
    except FaultError as error:
        return JSONResponse({"error": str(error)}, 422)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FaultError(f"Send JSON: {error}.") from error


def _faults(body: Any) -> list[Fault]:
    """Read one fault or a list of them: all of it is right, or none is added."""
    return [_fault(one) for one in (body if isinstance(body, list) else [body])]


def _fault(body: Any) -> Fault:
    given = _fields(body, _FIELDS, "a fault")
    for name in ("route", "action"):
        if name not in given:
            raise FaultError(f"Give a fault its {name}.")
    return Fault(**given)


def _fields(body: Any, known: tuple[str, ...], what: str) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise FaultError(f"Send {what} as a JSON object with {', '.join(known)}.")
    for name in body:
        if name not in known:
            raise FaultError(f"There is no field {name!r}; {what} has {', '.join(known)}.")
    return body


def _rule(rule: Rule) -> dict[str, Any]:
    shown = {name: getattr(rule.fault, name) for name in _FIELDS}
    counts = {"matched": rule.matched, "hits": rule.hits, "is_live": rule.is_live}
    return {"id": rule.id, **shown, **counts}


def _clock(faults: Faults) -> dict[str, Any]:
    return {"offset_seconds": faults.clock.offset_seconds, "now": faults.clock.now().isoformat()}
