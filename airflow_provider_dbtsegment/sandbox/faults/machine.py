"""The fault machine on the way of every request."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from urllib.parse import unquote_plus

from starlette.types import ASGIApp, Receive, Scope, Send

from airflow_provider_dbtsegment.sandbox.faults import reply as replies
from airflow_provider_dbtsegment.sandbox.faults.exchange import Exchange
from airflow_provider_dbtsegment.sandbox.faults.fault import Action, Fault
from airflow_provider_dbtsegment.sandbox.faults.faults import Faults
from airflow_provider_dbtsegment.sandbox.faults.reply import Reply, service_of

CONTROL = "/sandbox"
_LIST = re.compile(r"/(runs/?|syncs)$")
_SINGLE = re.compile(r"/runs/(\d+)|/syncs/([^/]+)")


class FaultMachine:
    """An app around the app: it decides what becomes of requests, and passes on all others."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def close(self) -> None:
        """Let nobody wait any longer; from any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended, and everything with it
                self._loop.call_soon_threadsafe(self._stopping.set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Treat one request as the first fault wants that hits it."""
        self._loop = asyncio.get_running_loop()
        if scope["type"] != "http" or f"{scope['path']}/".startswith(f"{CONTROL}/"):
            await self._app(scope, receive, send)
            return
        path = _path_with_query(scope)
        ordinal = self._faults.request_log.open(scope["method"], path)
        exchange = Exchange(
            self._app, self._faults, ordinal, (scope, receive, send), self._stopping
        )
        try:
            if await exchange.read():
                hit = self._faults.rule_book.hit(
                    f"{scope['method']} {path}", lambda fault: self._applies(fault, scope["path"])
                )
                if hit is None:
                    await exchange.pass_on()
                else:
                    number, fault = hit
                    exchange.note(fault=number)
                    await self._act(fault, exchange, scope["path"])
        finally:
            exchange.forget()

    async def _act(self, fault: Fault, exchange: Exchange, path: str) -> None:
        if fault.action is Action.ANSWER:
            await exchange.answer(replies.answered(fault, path))
        elif fault.action is Action.RESET_BEFORE:
            await exchange.reset()
        elif fault.action is Action.HOLD_BEFORE:
            if await exchange.wait(fault.seconds or 0):
                await exchange.close()
        elif fault.action is Action.UNBORN and _single(path) is not None:
            await exchange.answer(replies.not_found(path))
        elif fault.action is Action.TRUNCATE:
            exchange.truncate(fault.length or 0)
            await exchange.pass_on()
        else:
            await self._act_after(fault, exchange, path, await exchange.process())

    async def _act_after(self, fault: Fault, exchange: Exchange, path: str, reply: Reply) -> None:
        if fault.action is Action.DROP_AFTER:
            await exchange.close()
        elif fault.action is Action.RESET_AFTER:
            await exchange.reset()
        elif fault.action is Action.LATE:
            if await exchange.wait(fault.seconds or 0):
                await exchange.answer(reply)
        elif fault.action is Action.HALF:
            await exchange.answer_half(reply)
        elif fault.action is Action.DRIP:
            await exchange.answer_slowly(reply, fault.seconds or 0)
        elif fault.action is Action.WRONG_JSON:
            await exchange.answer(replies.wrong_json(fault, reply))
        elif fault.action is Action.LEAVE_OUT:
            await exchange.answer(replies.without(reply, fault.leave_out))
        else:
            service, seconds = service_of(path), fault.seconds or 0

            def is_hidden(thing_id: str) -> bool:
                return self._faults.started.is_younger(service, thing_id, seconds)

            await exchange.answer(replies.without_those(reply, is_hidden))

    def _applies(self, fault: Fault, path: str) -> bool:
        """Tell whether a fault has anything to hide, if that is what it does."""
        if fault.action is not Action.UNBORN:
            return True
        seconds, ledger = fault.seconds or 0, self._faults.started
        single = _single(path)
        if single is not None:
            return ledger.is_younger(service_of(path), single, seconds)
        return bool(_LIST.search(path)) and ledger.any_younger(service_of(path), seconds)


def _single(path: str) -> str | None:
    """Return the id of the run or the sync that a path is about."""
    found = _SINGLE.search(path)
    return None if found is None else found[1] or found[2]


def _path_with_query(scope: Scope) -> str:
    query = unquote_plus(scope["query_string"].decode("latin-1"))
    return f"{scope['path']}?{query}" if query else str(scope["path"])
