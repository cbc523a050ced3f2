"""One process in which many wait, as in a triggerer; it tells what that has cost."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict
from inspect import signature
from typing import Any

from airflow.providers_manager import ProvidersManager
from airflow.sdk.log import configure_logging, reset_logging
from airflow.triggers.base import BaseTrigger

from tests.bench import open_files
from tests.bench.crowd import members
from tests.bench.crowd.gauge import Gauge

#: Seconds after which the process has come to rest, with nobody in it.
REST = 0.5


class Crowd:
    """
    Those who wait, and when each of them heard of the end.

    :param make: Makes the trigger of one.
    """

    def __init__(self, make: Callable[[Any], BaseTrigger]) -> None:
        self._make = make
        self.heard: dict[int, float] = {}
        self.problems: Counter[str] = Counter()

    async def wait(self, n: int, key: Any, at: float) -> None:
        """Be the one with a number, from a time on."""
        if (later := at - time.time()) > 0:
            await asyncio.sleep(later)
        try:
            async with aclosing(self._make(key).run()) as events:  # type: ignore[type-var]
                event = await anext(events)
            problem = members.problem(event)
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"[:200]
        if problem is None:
            self.heard[n] = time.time()
        else:
            self.problems[problem] += 1


async def main() -> None:
    """Wait as the first line of the standard input says, from when the second one comes."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, what: print(what, file=sys.stderr, flush=True))
    plan = await _line()
    interval = plan["interval"]
    if plan["service"] == "segment":
        make: Callable[[Any], BaseTrigger] = members.segment(plan["provider"], interval)
    else:
        make = members.dbt_cloud(plan["provider"], interval)
    crowd, gauge = Crowd(make), Gauge()
    gauge.start()
    await asyncio.sleep(REST)
    began = time.time()
    await asyncio.sleep(plan["idle"])
    idle = gauge.cost(began, time.time())
    print("ready", flush=True)
    times = await _line()
    waits = await _all(crowd, times)
    await asyncio.wait(waits, timeout=times["until"] - time.time())
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
    gauge.stop()
    steady = gauge.cost(*times["steady"])
    whole = gauge.cost(times["steady"][0] - times["settle"], time.time())
    told = {
        "idle": asdict(idle),
        "steady": asdict(steady),
        "whole": asdict(whole),
        "heard": crowd.heard,
        "problems": crowd.problems,
    }
    print(json.dumps(told), flush=True)


async def _all(crowd: Crowd, times: dict[str, Any]) -> Sequence[asyncio.Task[None]]:
    """Let all begin, one after the other as a triggerer does."""
    keys, begins = times["keys"], times.get("begins")
    if isinstance(keys, int):
        keys = range(times["first"], times["first"] + keys)
    waits = []
    for n, key in enumerate(keys):
        at = begins[n] if begins else 0.0
        waits.append(asyncio.create_task(crowd.wait(n, key, at)))
        await asyncio.sleep(0)
    return waits


async def _line() -> dict[str, Any]:
    """Read what the bench says."""
    loop = asyncio.get_running_loop()
    line = await loop.run_in_executor(None, sys.stdin.readline)
    told: dict[str, Any] = json.loads(line)
    return told


if __name__ == "__main__":
    open_files.many()
    # As the triggerer's runner does, whose log goes to its supervisor.
    reset_logging()
    # Airflow 3.0 calls it otherwise.
    is_known = "json_output" in signature(configure_logging).parameters
    configure_logging(
        **{"json_output": True} if is_known else {"enable_pretty_log": False},
        output=open(os.devnull, "wb", buffering=0),  # noqa: SIM115 - to the end of the process
        sending_to_supervisor=True,
    )
    # The community's hook asks for this at its first request; a triggerer has it by then.
    _ = ProvidersManager().hooks
    asyncio.run(main())
