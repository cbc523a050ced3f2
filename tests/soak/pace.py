"""Start pipelines at a steady pace, and look at the services all the while."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.cluster.play import FINAL
from tests.cluster.standing import PAUSE, TRIGGERERS, WORKERS, Standing
from tests.soak.vitals import Vitals, look

#: Seconds between looks at the services, and between lines that say how it goes.
LOOKS, WORDS = 15.0, 120.0
#: Seconds for what is still under way when the last pipeline has been started.
REST = 600.0


@dataclass(frozen=True)
class Soaked:
    """
    What has come of it.

    :param seconds: From the first start to the last end.
    :param most_open: As many pipelines were under way at once.
    :param restarted: Services that did not run from the beginning to the end.
    """

    pipelines: int
    seconds: float
    most_open: int
    vitals: tuple[Vitals, ...]
    restarted: tuple[str, ...]
    ailing: tuple[str, ...]


def soak(scene: Standing, minutes: float, rate: float, say: Callable[[str], None]) -> Soaked:
    """
    Start pipelines for so many minutes, and wait for their ends.

    :param rate: Pipelines a minute.
    """
    count, pause = round(minutes * rate), 60.0 / rate
    began = time.monotonic()
    started, finished, most_open, last = 0, 0, 0, count * pause
    vitals: list[Vitals] = []
    next_look = next_words = 0.0
    while finished < count and (now := time.monotonic() - began) < last + REST:
        if started < count and now >= started * pause:
            scene.start(started)
            started += 1
            continue
        finished = sum(scene.records.pipelines()[state] for state in FINAL)
        most_open = max(most_open, started - finished)
        if now >= next_look:
            next_look += LOOKS
            vitals += look(scene.cluster, (*WORKERS, *TRIGGERERS), began)
        if now >= next_words:
            next_words += WORDS
            say(f"{started} of {count} started, {started - finished} under way: {_held(vitals)}")
        time.sleep(PAUSE)
    seconds = time.monotonic() - began
    say(f"{finished} of {count} finished after {seconds:.0f} s; asking all for their health")
    services = scene.cluster.services
    again = tuple(name for name, service in services.items() if service.starts != 1)
    return Soaked(count, seconds, most_open, tuple(vitals), again, tuple(scene.cluster.ailing()))


def _held(vitals: list[Vitals]) -> str:
    latest = {one.service: one for one in vitals}.values()
    return ", ".join(
        f"{one.service} {one.memory / 1e6:.0f} MB {one.handles}/{one.threads}" for one in latest
    )
