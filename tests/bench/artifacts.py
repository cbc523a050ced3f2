"""What fetching a large artifact costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from tests.bench.crowd.members import OURS, THEIRS
from tests.bench.crowd.process import dbt_cloud_connection, named
from tests.bench.figures import Figure, Target
from tests.bench.server.manifest import LENGTH
from tests.bench.service import Service, running_service
from tests.bench.settings import Settings

PART = "artifacts"
TOKEN = "artifacts"
#: Ours goes to where it is wanted; theirs is an answer, which a DAG then writes or parses.
FILE, STORAGE, TEXT, PARSED = "to a file", "to an ObjectStoragePath", "as text", "parsed"
WAYS = {FILE: OURS, STORAGE: OURS, TEXT: THEIRS, PARSED: THEIRS}
#: What is compared with what.
PAIRS = ((FILE, TEXT), (FILE, PARSED), (STORAGE, TEXT))
MEASURES = (("time", "s", None), ("extra memory", "MB", Target(at_most=16)))


def measure(settings: Settings) -> Iterator[Figure]:
    """Fetch it in a fresh process each time."""
    times = 1 if settings.quick else 3
    costs: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    with running_service(settings.folder) as service:
        began = time.time()
        service.do("dbt_cloud", TOKEN, ends=[began], began=began, limit=None)
        for _ in range(times):
            for way, provider in WAYS.items():
                costs[way].append(_fetch(service, provider, way, settings))
    note = f"median of {times}" if times > 1 else ""
    for pair in PAIRS:
        for what, unit, target in MEASURES:
            ours, theirs = (median(cost[what] for cost in costs[way]) for way in pair)
            case = f"{pair[0]}; theirs {pair[1]}"
            yield Figure(PART, what, ours, theirs, unit, target, case, note=note)


def _fetch(service: Service, provider: str, way: str, settings: Settings) -> dict[str, float]:
    conn = dbt_cloud_connection(provider, service.port, TOKEN)
    file = settings.folder / "manifest.json"
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.bench.artifact_reader", way, str(file)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **service.trust, **named(conn)},
    )
    cost: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    if cost.pop("bytes") != LENGTH:
        raise RuntimeError(f"The manifest did not come whole {way}.")
    settings.say(f"{way}: {cost['time']:.1f} s, {cost['extra memory']:.1f} MB")
    return cost
