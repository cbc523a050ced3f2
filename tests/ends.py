"""How runs and syncs can end, and what each end is to look like in Airflow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.one_wait import TOKEN, Story, refusal, run, sync
from tests.scripted_server import Reply

SERVICES = ("dbt Cloud", "Segment")
#: An operator starts anew at Airflow's next try. What a sensor waits for stays as it has ended, and
#: a sensor's time-out is that of all its tries, so it fails without further ones. Where the two
#: states of a row differ, this is why.
FAILED = ("failed", "failed without retries")
AGAIN = ("failed", "failed")
NEVER_AGAIN = ("failed without retries", "failed without retries")
SUCCESS = ("success", "success")


@dataclass(frozen=True)
class Row:
    """
    One end.

    :param dbt_cloud: What dbt Cloud tells of the run, by seconds; `None` where it has no such end.
    :param states: Of operators and of sensors.
    :param says: A part of the message, one for both services or one for each.
    :param soft: Whether `soft_fail` skips a sensor: it does when the waited-for thing has not
        succeeded, not when it could not be asked.
    :param started: Whether the operators start something.
    """

    name: str
    dbt_cloud: Story | None
    segment: Story | None
    states: tuple[str, str]
    says: tuple[str, str]
    soft: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    of_operators: dict[str, Any] = field(default_factory=dict)
    connection: dict[str, Any] | None = field(default_factory=dict)
    started: bool = True

    def story(self, service: str) -> Story | None:
        """Return what a service tells."""
        return self.dbt_cloud if service == "dbt Cloud" else self.segment


STEP = {
    "index": 2,
    "name": "Invoke dbt with `dbt parse`",
    "status": 20,
    "logs": "line 1\nParsing Error: no such macro",
}
WENT_ON = ((0.0, run(3)), (0.0, sync("IN_PROGRESS")))
HTML = Reply(200, "<html>busy</html>", {"Content-Type": "text/html"})
COUNTS = {"deliverSuccessCount": "15", "deliverFailureCount": "5"}


def both(since: float, reply: Reply) -> tuple[Story, Story]:
    """Tell of something that goes on, and then the same for both services."""
    return (WENT_ON[0], (since, reply)), (WENT_ON[1], (since, reply))


ROWS = [
    Row("success", (WENT_ON[0], (0.3, run(10))), (WENT_ON[1], (0.3, sync("SUCCESS"))), SUCCESS,
        ("", "")),
    Row("error with a reason",
        (WENT_ON[0], (0.3, run(20, run_steps=[STEP], status_message="Out of memory"))),
        (WENT_ON[1], (0.3, sync("FAIL", error="No such table: shop"))),
        FAILED,
        (
            "ended with status error in step 2, Invoke dbt with `dbt parse`.\n"
            "dbt Cloud says: Out of memory\n"
            "The end of the log of Invoke dbt with `dbt parse`:\n"
            "  line 1\n"
            "  Parsing Error: no such macro\n"
            "See {url}/deploy/7/projects/3/runs/11",
            "Segment says: No such table: shop",
        ),
        soft=True),
    Row("cancelled by a person",
        (WENT_ON[0], (0.3, run(30))), (WENT_ON[1], (0.3, sync("CANCELED"))),
        NEVER_AGAIN, ("ended with status cancelled", "ended with status CANCELED"), soft=True),
    Row("cancelled by a person, to be tried again",
        (WENT_ON[0], (0.3, run(30))), (WENT_ON[1], (0.3, sync("CANCELED"))),
        FAILED, ("ended with status cancelled", "ended with status CANCELED"), soft=True,
        of_operators={"retry_cancelled": True}),
    Row("partial success that fails",
        None, (WENT_ON[1], (0.3, sync("PARTIAL_SUCCESS", loadPhase=COUNTS))),
        FAILED, ("", "delivered 15 of 20 rows; the destination rejected 5"), soft=True),
    Row("partial success beyond the limit",
        None, (WENT_ON[1], (0.3, sync("PARTIAL_SUCCESS", loadPhase=COUNTS))),
        FAILED, ("", "max_rejected_rows=4 allows 4"), soft=True,
        options={"partial_success": "warn", "max_rejected_rows": 4}),
    Row("partial success that passes",
        None, (WENT_ON[1], (0.3, sync("PARTIAL_SUCCESS", loadPhase=COUNTS))),
        SUCCESS, ("", ""), options={"partial_success": "accept", "max_rejected_rows": 5}),
    Row("an unknown status that lasts",
        (WENT_ON[0], (0.2, run(42))), (WENT_ON[1], (0.2, sync("PONDERING"))),
        FAILED, ("It had not ended when the time was up after N s", ) * 2, soft=True,
        options={"timeout": 1}),
    Row("an unknown status that passes",
        ((0.0, run(42)), (0.3, run(10))), ((0.0, sync("PONDERING")), (0.3, sync("SUCCESS"))),
        SUCCESS, ("", "")),
    Row("an unknown last status",
        None, (WENT_ON[1], (0.2, sync("ABANDONED", finishedAt="2026-01-01T00:00:00Z"))),
        FAILED, ("", "ended with status ABANDONED"), soft=True),
    Row("no end before the time-out", WENT_ON[:1], WENT_ON[1:], FAILED,
        ("It had not ended when the time was up after N s.", ) * 2, soft=True,
        options={"timeout": 1}),
    Row("an end that only the last look before the time-out sees",
        (WENT_ON[0], (0.3, run(10))), (WENT_ON[1], (0.3, sync("SUCCESS"))), SUCCESS, ("", ""),
        options={"timeout": 4, "interval": 60}),
    Row("too busy until the time-out", *both(0.1, refusal(429, "slow down")), FAILED,
        ("the time was up after N s; the last look failed: GET {look}: 429 slow down", ) * 2,
        soft=True, options={"timeout": 1}),
    Row("a token that is refused", *both(0.2, refusal(401, f"No such token: {TOKEN}")), AGAIN,
        ("GET {look}: 401 No such token: ***. Correct the token of connection '{id}'", ) * 2),
    Row("a permission that is missing", *both(0.2, refusal(403, "Not for you")), AGAIN,
        ("GET {look}: 403 Not for you. Correct the token of connection '{id}'", ) * 2),
    Row("faults within the budget",
        (WENT_ON[0], (0.1, Reply(502)), (0.3, HTML), (1.2, run(10))),
        (WENT_ON[1], (0.1, Reply(502)), (0.3, HTML), (1.2, sync("SUCCESS"))), SUCCESS, ("", "")),
    Row("faults beyond the budget", *both(0.2, refusal(500, "down")), AGAIN,
        ("The service could not be asked for 0.5 s in a row; the last reason: GET {look}: 500 down",
         ) * 2, options={"fault_budget": 0.5}),
    Row("answers without sense beyond the budget", *both(0.2, HTML), AGAIN,
        ("could not be asked for 0.5 s in a row; the last reason: GET {look}: answered 200 with",
         ) * 2, options={"fault_budget": 0.5}),
    Row("never there", ((0.0, refusal(404, "no such")), ), ((0.0, refusal(404, "no such")), ),
        AGAIN, ("GET {look}: 404 no such", ) * 2),
    Row("deleted while it went on", *both(0.4, refusal(404, "no such")), AGAIN,
        ("GET {look}: 404 no such", ) * 2),
    Row("gone for good", *both(0.4, refusal(410, "gone")), AGAIN,
        ("GET {look}: 410 gone", ) * 2),
    Row("a request that is refused", *both(0.2, refusal(400, "bad id")), AGAIN,
        ("GET {look}: 400 bad id", ) * 2),
    Row("no such connection", WENT_ON[:1], WENT_ON[1:], AGAIN,
        ("There is no connection '{id}' in Airflow.", ) * 2, connection=None, started=False),
    Row("a connection without a token", WENT_ON[:1], WENT_ON[1:], AGAIN,
        ("Connection '{id}': It has no token.", ) * 2, connection={"password": ""}, started=False),
]  # fmt: skip
