"""The process of the server: it does what the lines of its standard input say."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from contextlib import suppress
from typing import Any

from tests.bench import open_files
from tests.bench.server.dbt_cloud import DbtCloudWorld
from tests.bench.server.segment import PlannedSync, SegmentWorld
from tests.bench.server.wire import Reply, Request, Wire
from tests.bench.server.world import World, as_json


class Server:
    """All worlds, by the tokens of their clients."""

    def __init__(self) -> None:
        self._worlds: dict[str, World] = {}

    def answer(self, request: Request) -> Reply:
        """Answer a request."""
        world = self._worlds.get(request.token)
        return as_json({}, 401) if world is None else world.answer(request)

    def do(self, order: dict[str, Any]) -> Any:
        """Do what the bench says."""
        token, limit = order["token"], order.get("limit")
        match order["do"]:
            case "dbt_cloud":
                self._worlds[token] = DbtCloudWorld(order["ends"], order["began"], limit)
            case "segment":
                syncs = [PlannedSync(**sync) for sync in order["syncs"]]
                self._worlds[token] = SegmentWorld(syncs, limit)
            case "count":
                return self._worlds[token].count.as_dict()
            case "forget":
                del self._worlds[token]
        return None


async def main(certificate: str, key: str) -> None:
    """Serve until the standard input ends."""
    server, loop = Server(), asyncio.get_running_loop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = await loop.create_server(
        lambda: Wire(server.answer), "127.0.0.1", 0, ssl=context, backlog=20_000
    )
    print(listener.sockets[0].getsockname()[1], flush=True)
    orders = asyncio.StreamReader(limit=2**26)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        print(json.dumps(server.do(json.loads(line))), flush=True)
    listener.close()


if __name__ == "__main__":
    open_files.many()
    with suppress(ImportError):
        import uvloop

        uvloop.install()
    asyncio.run(main(*sys.argv[1:]))
