"""Which syncs pass that rejected rows, by their counts and those of the syncs before them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from airflow_provider_dbtsegment.exceptions import ConfigurationError
from airflow_provider_dbtsegment.outcomes import Outcome
from airflow_provider_dbtsegment.segment.sync_history import History
from airflow_provider_dbtsegment.segment.sync_policy import RejectionLimit, SyncPolicy, Verdict
from tests.segment.syncs import days, history_of, sync, with_counts

FIRST_LOAD = (188, 12)
QUIET = (0, 12)
TEN_PERCENT = SyncPolicy("accept", "10%")


def judge(*counts: tuple[int, int], policy: SyncPolicy = TEN_PERCENT) -> Verdict:
    """Judge the last of some syncs."""
    return judge_last(days(*counts), policy)


def judge_last(syncs: list[Any], policy: SyncPolicy = TEN_PERCENT) -> Verdict:
    return policy.judge(syncs[-1], lambda: history_of(syncs))


def judge_alone(one: Any, policy: SyncPolicy = TEN_PERCENT) -> Verdict:
    """Judge a sync of which the verdict must not depend on others."""

    def refuse() -> History:
        raise AssertionError("the history was read")

    return policy.judge(one, refuse)


def test_a_first_load_is_judged_by_all_of_its_rows() -> None:
    first = sync(0, *FIRST_LOAD)
    assert judge_alone(first) == Verdict(
        True,
        "12 of 200 rows rejected (6%). max_rejected_rows='10%' allows 10% of new rows.",
    )
    verdict = judge_last([first], SyncPolicy("accept", "5%"))
    assert not verdict.passes
    assert "12 of 200 new rows (6%). max_rejected_rows='5%' allows 5%" in verdict.decision


@pytest.mark.parametrize("quiet_days", [1, 2, 99, 100, 101, 200])
def test_known_bad_rows_pass_on_every_quiet_day(quiet_days: int) -> None:
    verdict = judge(FIRST_LOAD, *[QUIET] * quiet_days)
    assert verdict.passes
    assert (verdict.new_rejected, verdict.new_rows) == (0, 0)
    assert verdict.decision.startswith("12 of 12 rows rejected, 12 known from before; no new rows.")


def test_known_bad_rows_pass_however_old_the_first_load_is_and_however_little_changes() -> None:
    some = [(1, 12) if day % 30 == 0 else QUIET for day in range(1, 250)]
    assert judge(FIRST_LOAD, *some, policy=SyncPolicy("accept", "6%")).passes


@pytest.mark.parametrize("new", [1, 3, 1000])
def test_a_dead_destination_on_a_quiet_day_fails_the_same_day(new: int) -> None:
    verdict = judge(FIRST_LOAD, QUIET, (0, 12 + new), policy=SyncPolicy("accept"))
    assert not verdict.passes
    assert verdict.decision == (
        f"{12 + new:,} of {12 + new:,} rows rejected, 12 known from before; "
        f"none of the {new:,} new rows was delivered."
    )


def test_a_destination_that_was_never_alive_fails_at_each_retry() -> None:
    for tries in range(1, 20):
        assert not judge(*[(0, 15)] * tries, policy=SyncPolicy("accept")).passes


@pytest.mark.parametrize("retries", [1, 2, 50])
def test_a_retry_does_not_make_the_rejections_of_a_dead_destination_known(retries: int) -> None:
    verdict = judge(FIRST_LOAD, QUIET, (0, 15), *[(0, 15)] * retries, policy=SyncPolicy("accept"))
    assert not verdict.passes
    assert "none of the 3 new rows of sync s2 was delivered" in verdict.decision


def test_a_dead_destination_fails_also_after_one_that_rejected_too_many_rows() -> None:
    dead = [(150, 60), (0, 45), (0, 45)]
    assert not judge(*dead, policy=SyncPolicy("accept", 50)).passes
    assert judge(*dead, (5, 40), policy=SyncPolicy("accept", 50)).passes


def test_a_retry_passes_once_the_destination_is_back() -> None:
    verdict = judge(FIRST_LOAD, (0, 15), (3, 12))
    assert (verdict.passes, verdict.new_rejected, verdict.new_rows) == (True, 0, 3)
    assert judge(FIRST_LOAD, (0, 15), (3, 12), QUIET).passes


def test_a_retry_comes_to_the_same_result_as_the_attempt_before_it() -> None:
    policy = SyncPolicy("accept", "5%")
    assert not judge(FIRST_LOAD, policy=policy).passes
    verdict = judge(FIRST_LOAD, QUIET, policy=policy)
    assert not verdict.passes
    assert "12 of 200 new rows since the mapping's first sync (6%)" in verdict.decision
    # Later rows count with those of the syncs that failed.
    assert not judge(FIRST_LOAD, (10, 12), policy=policy).passes
    assert judge(FIRST_LOAD, (40, 12), policy=policy).passes


def test_a_retry_after_an_outage_that_hit_a_part_of_the_rows_passes() -> None:
    assert not judge((100, 100)).passes
    assert judge((100, 100), (88, 12)).passes
    assert judge((100, 100), (88, 12), QUIET).passes


def test_a_failed_extraction_changes_nothing() -> None:
    broken = sync(1, 0, 0, syncStatus="FAIL", extractPhase={"errorCode": "QUERY_FAILED"})
    assert not judge_alone(broken).passes
    first, quiet, dead = sync(0, *FIRST_LOAD), sync(2, *QUIET), sync(2, 0, 15)
    assert judge_last([first, broken, quiet]).passes
    assert not judge_last([first, broken, dead]).passes


def test_the_share_is_new_rejections_by_new_rows() -> None:
    verdict = judge(FIRST_LOAD, (36, 16))
    assert (verdict.passes, verdict.new_rejected, verdict.new_rows) == (True, 4, 40)
    assert "4 of 40 new rows (10%)" in verdict.decision
    verdict = judge(FIRST_LOAD, (35, 17))
    assert (verdict.passes, verdict.new_rejected, verdict.new_rows) == (False, 5, 40)


def test_known_rows_that_were_corrected_are_welcome() -> None:
    assert judge(FIRST_LOAD, (5, 7)).passes
    assert judge(FIRST_LOAD, (5, 7), (0, 7)).passes
    assert judge(FIRST_LOAD, (12, 0)).passes
    # What is rejected after that is new.
    assert not judge(FIRST_LOAD, (12, 0), QUIET).passes


def test_fewer_rows_than_are_known_are_unclear_while_none_is_delivered() -> None:
    verdict = judge(FIRST_LOAD, (0, 10))
    assert not verdict.passes
    assert "unclear how many are new: the sync before it rejected 12" in verdict.decision
    assert not judge(FIRST_LOAD, (0, 10), (0, 10)).passes
    assert judge(FIRST_LOAD, (0, 10), (1, 10)).passes
    assert judge(FIRST_LOAD, (2, 3)).passes


def test_an_absolute_limit_bounds_all_rejected_rows() -> None:
    policy = SyncPolicy("accept", 12)
    for counts in ((FIRST_LOAD,), (FIRST_LOAD, QUIET), (FIRST_LOAD, (500, 12))):
        assert judge(*counts, policy=policy).passes
    verdict = judge_alone(sync(1, 500, 13), policy)
    assert verdict == Verdict(
        False, "13 of 513 rows rejected. max_rejected_rows=12 allows 12 in all."
    )


def test_both_limits_hold_together() -> None:
    policy = SyncPolicy("accept", "1%, at most 30")
    base = [(9900, 20)]
    assert judge(*base, policy=policy).passes
    assert judge(*base, (1000, 30), policy=policy).passes
    assert not judge(*base, (10_000, 31), policy=policy).passes
    assert not judge(*base, (300, 24), policy=policy).passes
    assert judge(*base, *[(0, 20)] * 3, policy=policy).passes


def test_without_a_limit_everything_passes_that_the_destination_is_alive_for() -> None:
    assert judge_alone(sync(0, 1, 999), SyncPolicy("accept")).passes
    assert not judge((0, 12), policy=SyncPolicy("warn")).passes


@pytest.mark.parametrize("status", ["SUCCESS", "PARTIAL_SUCCESS", "FAIL", "partial_success"])
@pytest.mark.parametrize(
    ("policy", "passes"),
    [
        (SyncPolicy(), False),
        (SyncPolicy("warn"), True),
        (SyncPolicy("accept", 11), False),
        (SyncPolicy("accept", "6%"), True),
    ],
)
def test_segments_word_for_the_end_decides_nothing(
    status: str, policy: SyncPolicy, passes: bool
) -> None:
    one = sync(0, *FIRST_LOAD, syncStatus=status)
    assert judge_alone(one, policy).passes is passes
    assert policy.can_pass(one) is passes
    assert policy.outcome(one, History) is (Outcome.SUCCESS if passes else Outcome.FAILED)


@pytest.mark.parametrize(
    ("one", "outcome"),
    [
        (sync(0, 200, 0), Outcome.SUCCESS),
        (sync(0, 0, 0), Outcome.SUCCESS),
        ({"syncId": "s", "syncStatus": "SUCCESS"}, Outcome.SUCCESS),
        ({"syncId": "s", "syncStatus": "FAIL"}, Outcome.FAILED),
        ({"syncId": "s", "syncStatus": "PARTIAL_SUCCESS"}, Outcome.FAILED),
        (sync(0, 200, 0, syncStatus="PARTIAL_SUCCESS"), Outcome.FAILED),
        (sync(0, 200, 0, syncStatus="FAIL"), Outcome.FAILED),
        (sync(0, 199, 1, syncStatus="CANCELED"), Outcome.CANCELLED),
        (sync(0, 199, 1, syncStatus="ABANDONED"), Outcome.FAILED),
        (sync(0, 199, 1, syncStatus="IN_PROGRESS", finishedAt=None), None),
        (
            sync(0, 199, 1, syncStatus="FAIL", errorCode="AnyWord", error="any text"),
            Outcome.SUCCESS,
        ),
        (sync(0, 199, 1, loadPhase=None), Outcome.FAILED),
        (with_counts(sync(0, 199, 1), errorCode="QUERY_FAILED"), Outcome.FAILED),
        (with_counts(sync(0, 199, 1), loadError="x"), Outcome.SUCCESS),
        (with_counts(sync(0, 199, 1), errorCode=None), Outcome.SUCCESS),
        (with_counts(sync(0, 199, 1), errorCode=" "), Outcome.SUCCESS),
    ],
)
def test_only_what_segment_documents_decides(one: Any, outcome: Outcome | None) -> None:
    assert SyncPolicy("accept").outcome(one, History) is outcome


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"deliverFailureCount": "some"}, "deliverFailureCount is 'some'"),
        ({"deliverFailureCount": "-1"}, "deliverFailureCount is '-1'"),
        ({"deliverSuccessCount": "1.5"}, "deliverSuccessCount is '1.5'"),
        ({"deliverSuccessCount": True}, "deliverSuccessCount is 'True'"),
        ({"extractCount": [200]}, "extractCount is '[200]'"),
        ({"deliverFailureCount": None}, "Segment counts no rejected rows"),
        ({"extractCount": "500"}, "300 of 500 extracted rows were neither delivered nor rejected"),
    ],
)
def test_counts_that_make_no_sense_fail(changed: dict[str, Any], says: str) -> None:
    one = with_counts(sync(0, *FIRST_LOAD), **changed)
    verdict = judge_alone(one, SyncPolicy("accept"))
    assert not verdict.passes
    assert says in verdict.decision


def test_a_failed_extraction_is_named_as_such() -> None:
    one = with_counts(sync(0, *FIRST_LOAD), errorCode="QUERY_FAILED")
    for policy in (SyncPolicy(), SyncPolicy("accept")):
        assert judge_alone(one, policy) == Verdict(False, "Its extraction failed (QUERY_FAILED).")


def test_deleted_rows_need_not_be_sent_unless_the_sync_stopped_early() -> None:
    one = with_counts(sync(0, *FIRST_LOAD), deletedCount="7", extractCount="207")
    assert judge_alone(one).passes
    assert not judge_alone({**one, "syncStatus": "FAIL"}).passes


def test_rows_that_are_sent_again_need_not_be_counted_as_extracted() -> None:
    quiet = with_counts(sync(1, *QUIET), addedCount="0", extractCount="0")
    assert judge_last([sync(0, *FIRST_LOAD), quiet]).passes


UNCLEAR = {
    "running": sync(1, 0, 0, syncStatus="IN_PROGRESS", finishedAt=None),
    "cancelled": sync(1, 3, 5, syncStatus="CANCELLED"),
    "stopped early": with_counts(sync(1, 0, 5), extractCount="12"),
    "unreadable": with_counts(sync(1, *QUIET), deliverFailureCount="twelve"),
    "no object": sync(1, *QUIET, loadPhase=["12"]),
    "unknown": sync(1, *QUIET, syncStatus="ABANDONED"),
    "not told": with_counts(sync(1, 5, 12), deliverFailureCount=None),
}


@pytest.mark.parametrize("unclear", UNCLEAR.values(), ids=list(UNCLEAR))
def test_after_a_sync_that_is_unclear_known_rows_fail_until_one_is_delivered(unclear: Any) -> None:
    before = [sync(0, *FIRST_LOAD), unclear]
    verdict = judge_last([*before, sync(2, *QUIET)])
    assert not verdict.passes
    assert "unclear how many are new:" in verdict.decision
    assert "sync s1 before it" in verdict.decision
    assert not judge_last([*before, sync(2, *QUIET), sync(3, *QUIET)]).passes
    # With so many other rows the share is fine even if all rejections are new.
    assert judge_last([*before, sync(2, *QUIET), sync(3, 120, 12)]).passes
    assert judge_last([*before, sync(2, *QUIET), sync(3, 120, 12), sync(4, *QUIET)]).passes


def test_why_a_share_of_unclear_rows_is_too_high_is_told() -> None:
    verdict = judge_last([sync(0, *FIRST_LOAD), UNCLEAR["running"], sync(2, 20, 12)])
    assert not verdict.passes
    assert "12 of 32 new rows (37.5%)" in verdict.decision
    assert verdict.decision.endswith("Known rows are unclear: sync s1 before it has not ended.")


def test_a_cancelled_sync_that_sent_nothing_changes_nothing() -> None:
    cancelled = sync(1, 0, 0, syncStatus="CANCELED", extractPhase=None, loadPhase=None)
    assert judge_last([sync(0, *FIRST_LOAD), cancelled, sync(2, *QUIET)]).passes


@pytest.mark.parametrize(
    ("history", "says"),
    [
        (History(unclear="nobody can list them"), "nobody can list them"),
        (History(), "none of the 12 new rows was delivered"),
        (History([sync(0, 0, 0, syncStatus="FAIL")], is_whole=False), "no earlier sync"),
    ],
)
def test_a_history_that_is_not_known_fails(history: History, says: str) -> None:
    verdict = TEN_PERCENT.judge(sync(1, *QUIET), lambda: history)
    assert not verdict.passes
    assert says in verdict.decision


def test_the_history_is_what_began_before() -> None:
    syncs = days(*[QUIET] * 5)
    newest_first = list(reversed(syncs))
    for listed in (newest_first, syncs, syncs[2:] + syncs[:2]):
        assert list(History.before(syncs[3], listed).syncs) == newest_first[2:]
    # A list that lags behind does not show the newest one yet.
    assert list(History.before(syncs[4], newest_first[1:]).syncs) == newest_first[1:]
    # Times that cannot be read leave the order of the list.
    untimed = [{**one, "startedAt": None} for one in newest_first]
    assert [one["syncId"] for one in History.before(untimed[1], untimed).syncs] == [
        "s2",
        "s1",
        "s0",
    ]
    assert "does not show this one" in History.before(untimed[0], untimed[1:]).unclear
    assert "does not show this one" in History.before(syncs[0], []).unclear
    assert not History.before(syncs[4], newest_first, limit=5).is_whole
    assert "not among the 5 newest" in History.before(syncs[0], newest_first, limit=5).unclear


@pytest.mark.parametrize(
    ("given", "share", "rows"),
    [
        (None, None, None),
        (0, None, 0),
        (50, None, 50),
        ("50", None, 50),
        (" 50 ", None, 50),
        ("1%", Fraction(1, 100), None),
        ("0.5 %", Fraction(1, 200), None),
        ("100%", Fraction(1), None),
        ("0%", Fraction(0), None),
        (0.01, Fraction(1, 100), None),
        (0.0, Fraction(0), None),
        (1e-05, Fraction(1, 100_000), None),
        ("0.01", Fraction(1, 100), None),
        (".01", Fraction(1, 100), None),
        ("1%, at most 500", Fraction(1, 100), 500),
        ("  2.5 %,at most   0 ", Fraction(1, 40), 0),
        ("10%, At Most 1", Fraction(1, 10), 1),
    ],
)
def test_a_limit_can_be_written_in_these_ways(
    given: Any, share: Fraction | None, rows: int | None
) -> None:
    assert RejectionLimit.parse(given) == (share, rows)


@pytest.mark.parametrize(
    "given",
    [
        -1, True, 1.0, 1.5, 50.0, -0.1, float("nan"), float("inf"), "", "None", "few", "-1", "+1",
        "1.0", "1.5", "0.0.1", "101%", "-1%", "1 percent", "%", "1%%", "1e2", "1_000", "1,000",
        "1% at most 500", "1%, at most", "1%, at most 5%", "1%, at most 5.5", "500, at most 1%",
        "1%, 500", "1%, at most 500 rows", "\N{SUPERSCRIPT TWO}", [50], {}, b"50", "9" * 30,
    ],
)  # fmt: skip
def test_a_limit_that_means_nothing_is_refused_in_words(given: Any) -> None:
    with pytest.raises(
        ConfigurationError, match="give a number of rows such as 50, a share of the"
    ):
        SyncPolicy("accept", given)


@pytest.mark.parametrize("given", ["ok", "", None, True, "Accept", ["accept"]])
def test_a_policy_that_means_nothing_is_refused_in_words(given: Any) -> None:
    with pytest.raises(ConfigurationError, match="use 'fail', 'warn' or 'accept'"):
        SyncPolicy(given)


def test_a_limit_without_a_policy_that_it_bounds_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="with 'fail' nothing passes"):
        SyncPolicy("fail", 50)
