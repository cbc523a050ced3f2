"""``dbtsegment-sandbox serve``"""

import argparse
import ipaddress
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from airflow_provider_dbtsegment.sandbox import own_tokens
from airflow_provider_dbtsegment.sandbox.config import ConfigError, load_config
from airflow_provider_dbtsegment.sandbox.faults.machine import CONTROL
from airflow_provider_dbtsegment.sandbox.running import SHOP, Sandbox, running_sandbox
from airflow_provider_dbtsegment.sandbox.server import ServerError
from airflow_provider_dbtsegment.sandbox.state import SIGN, StateError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = _parser()
    options = parser.parse_args(argv)
    if not _is_loopback(options.host) and not options.allow_remote:
        parser.error(
            f"--host {options.host} lets other machines reach the sandbox, whose tokens are no "
            "secret. Add --allow-remote if that is meant."
        )
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    try:
        config = load_config(options.project, options.config)
        with running_sandbox(
            options.state,
            options.project,
            own_tokens.with_own_tokens(config, os.environ),
            host=options.host,
            port=options.port,
            tls=options.tls,
            faults=options.faults,
        ) as sandbox:
            _introduce(sandbox)
            stop.wait()
    except (ConfigError, ServerError, StateError) as error:
        print(f"dbtsegment-sandbox: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dbtsegment-sandbox",
        description="dbt Cloud and Segment on this machine: real dbt runs, real syncs, no account.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="serve both APIs until SIGINT or SIGTERM")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    serve.add_argument("--port", type=_port, default=8585, help="0 picks a free one (%(default)s)")
    serve.add_argument(
        "--state",
        type=Path,
        default=Path(".sandbox"),
        metavar="DIR",
        help="where the warehouse, runs and syncs are kept (%(default)s)",
    )
    serve.add_argument(
        "--project",
        type=Path,
        default=SHOP,
        metavar="DIR",
        help="the dbt project to build (the shop that comes with the sandbox)",
    )
    serve.add_argument(
        "--config", type=Path, metavar="FILE", help="sandbox.yml (the one in the project)"
    )
    serve.add_argument("--tls", action="store_true", help="serve https with a certificate made now")
    serve.add_argument(
        "--faults",
        action="store_true",
        help="let faults be put in the way of requests, below /sandbox/",
    )
    serve.add_argument(
        "--allow-remote", action="store_true", help="allow a --host that others can reach"
    )
    return parser


def _port(text: str) -> int:
    if text.isdecimal() and len(text) <= 5 and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no port; use a number from 0 to 65535")


def _introduce(sandbox: Sandbox) -> None:
    dbt = own_tokens.shown(sandbox.dbt_token, own_tokens.DBT, os.environ)
    segment = "none: there is no segment section"
    if sandbox.segment_token:
        segment = own_tokens.shown(sandbox.segment_token, own_tokens.SEGMENT, os.environ)
    lines = [
        ("Access URL", sandbox.url),
        ("dbt Cloud", f"account {sandbox.account_id}, {dbt}"),
        ("Segment", segment),
    ]
    for project in sandbox.config.dbt_cloud.projects:
        for job in project.jobs:
            lines.append((f"Job {job.id}", f"{job.name}: {', '.join(job.execute_steps)}"))
    lines.append(("Warehouse", str(sandbox.warehouse)))
    if sandbox.ca is not None:
        lines.append(("Certificate", f"export REQUESTS_CA_BUNDLE={sandbox.ca}"))
    if sandbox.faults is not None:
        lines.append(("Faults", f"{sandbox.url}{CONTROL}/faults"))
    lines.append(("All this", str(sandbox.state / SIGN)))
    for name, value in lines:
        print(f"{name:<12} {value}", flush=True)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


if __name__ == "__main__":
    sys.exit(main())
