"""All services: started in their order, started again when they die, ended at the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from tests.cluster.compose import COMPLETED, HEALTHY, Service
from tests.cluster.native import NativeService
from tests.cluster.places import Places

PAUSE = 0.2
#: Seconds that a service that does its work and ends may take.
ONE_OFF = 300.0


class Cluster:
    """
    Services as processes below this one; nothing of them outlives the block.

    :param folder: Everything is written below it.
    :param say: Is told what happens.
    """

    def __init__(
        self, services: Mapping[str, Service], folder: Path, say: Callable[[str], None]
    ) -> None:
        self.places = Places(services, folder)
        self.services = {
            name: NativeService(service, self.places, folder) for name, service in services.items()
        }
        self._say = say
        self._ending = threading.Event()
        # Starting, killing and starting again are never done at the same time.
        self._lock = threading.Lock()
        self._keeper = threading.Thread(target=self._keep, name="restarts", daemon=True)

    def __enter__(self) -> Cluster:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def kill(self, name: str) -> None:
        """End a service by SIGKILL; it is started again as its policy says."""
        with self._lock:
            self.services[name].component.kill()

    def ailing(self) -> list[str]:
        """Return the services that do not run, or whose health check is not content."""
        return [
            service.name
            for service in self.services.values()
            if service.service.health is not None
            and not (service.component.is_running and service.is_healthy())
        ]

    def stop(self) -> None:
        """End all services, those that others need last."""
        self._ending.set()
        if self._keeper.is_alive():
            self._keeper.join()
        levels = self._levels()
        for level in reversed(levels):
            for service in level:
                service.component.request_stop()
            for service in level:
                service.component.wait_for_end()

    def _start(self) -> None:
        for service in self.services.values():
            service.prepare()
        for level in self._levels():
            for service in level:
                with self._lock:
                    service.start()
            for service in level:
                self._wait_for(service)
        self._keeper.start()

    def _wait_for(self, service: NativeService) -> None:
        """Wait until a service is as those that depend on it want it."""
        began = time.monotonic()
        if service.service.is_one_off:
            service.component.wait_for_end(ONE_OFF)
            if service.component.exit_status:
                raise RuntimeError(f"{service.name} failed:\n{service.component.log_tail(40)}")
        else:
            service.wait_for_health()
        self._say(f"{service.name} after {time.monotonic() - began:.0f} s")

    def _levels(self) -> list[list[NativeService]]:
        """Return the services in groups: each needs only those of groups before its own."""
        left, done = dict(self.services), set[str]()
        levels = []
        while left:
            level = [s for s in left.values() if s.service.depends_on.keys() <= done]
            if not level:
                raise ValueError(f"These services wait for each other: {', '.join(left)}.")
            for service in level:
                unknown = set(service.service.depends_on.values()) - {HEALTHY, COMPLETED}
                if unknown:
                    raise ValueError(f"{service.name} waits for {', '.join(unknown)}.")
                del left[service.name]
            done |= {service.name for service in level}
            levels.append(level)
        return levels

    def _keep(self) -> None:
        """Start again what ends, as the restart policy says."""
        while not self._ending.wait(PAUSE):
            for service in self.services.values():
                with self._lock:
                    if service.keeps_on and not service.component.is_running:
                        status = service.component.exit_status
                        self._say(f"{service.name} ended with {status}, and starts again")
                        service.start()
