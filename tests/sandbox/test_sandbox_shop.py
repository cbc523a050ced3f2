"""The shop: a healthy build, a broken model, and rows that a destination will not take."""

import duckdb

from tests.sandbox.conftest import Caller


def query(shop: Caller, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(shop.sandbox.warehouse), read_only=True) as warehouse:
        return warehouse.sql(sql).fetchall()


def test_the_shop_is_built_and_its_unhappy_days_can_be_had(shop: Caller) -> None:
    """Job 1000 builds it; 1001 fails in one model and keeps the old table; 1002 spoils rows."""
    good = shop.run(1000)
    assert good["status"] == 10
    assert "Done. PASS=32 WARN=0 ERROR=0 SKIP=0" in good["run_steps"][2]["logs"]
    assert query(shop, "select count(*), count(distinct email) from shop.customers") == [(200, 200)]
    assert query(shop, "select count(*) > 50 from shop.active_subscriptions") == [(True,)]

    broken = shop.run(1001)
    assert (broken["status"], broken["can_retry"]) == (20, True)
    assert (
        "Failure in model customers (models/marts/customers.sql)" in broken["run_steps"][2]["logs"]
    )
    results = shop.call("GET", f"/runs/{broken['id']}/artifacts/run_results.json").json()["results"]
    status_of = {result["unique_id"]: result["status"] for result in results}
    assert status_of["model.shop.customers"] == "error"
    assert status_of["model.shop.revenue_by_country"] == "skipped"
    assert status_of["model.shop.active_subscriptions"] == "success"
    assert "skipped" in {s for name, s in status_of.items() if name.startswith("test.")}
    assert query(shop, "select count(*) from shop.customers") == [(200,)]

    spoilt = shop.run(1002)
    assert spoilt["status"] == 10
    refused = r"""
        select count(*) from shop.customers
        where email is null or not regexp_matches(email, '^[^@\s]+@[^@\s]+\.[^@\s]+$')
    """
    assert query(shop, refused) == [(12,)]

    assert shop.run(1000)["status"] == 10
    assert query(shop, refused) == [(0,)]
