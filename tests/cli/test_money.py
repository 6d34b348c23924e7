"""Money and numbers on the command line: asked for in dollars, told in dollars, with the next useful command."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from tests.cli.calling import Caller
from tests.client.scripted_api import KEY, Answer, scripted_api, state

from lqs.cli.arguments import parse_money
from lqs.cli.plain import share
from lqs.domain.money import money

LETTER = "0199f2c4-7d1e-7c3a-9b5e-0d5f6a7b8c9d"
COST = {"currency": "USD", "total_microusd": 6000, "wasted_microusd": 2000, "estimated": True, "max_microusd": 10_000}


@pytest.mark.parametrize(
    ("microusd", "words"),
    [(0, "$0.00"), (1, "$0.000001"), (4200, "$0.0042"), (50_000, "$0.05"), (1_250_000, "$1.25"), (12_000_000, "$12.00"),
     (1_234_567_800_000, "$1,234,567.80")],
)  # fmt: skip
def test_money_is_told_exactly_and_read_back(microusd: int, words: str) -> None:
    assert money(microusd) == words
    assert microusd > 10**12 or parse_money(words) == microusd


@pytest.mark.parametrize(
    ("part", "words"), [(None, "-"), (0, "0%"), (1.0, "100%"), (0.9996, "100.0%"), (1 / 3, "33.3%")]
)
def test_a_share_is_told_in_percent(part: float | None, words: str) -> None:
    assert share(part) == words


@pytest.fixture
def asking(tmp_path: Any) -> Callable[[str], Caller]:
    return lambda url: Caller(tmp_path, url, KEY)


def test_a_budget_in_dollars_and_a_priority_are_asked_for(asking: Callable[[str], Caller]) -> None:
    accepted = {"request_id": state()["request_id"], "status": "pending", "count": 1}
    with scripted_api(Answer(202, accepted)) as api:
        ended = asking(api.url).piped("problems", "generate", "--max-cost", "$0.05", "--priority", "low")
    assert ended.code == 0, ended.err
    body = json.loads(api.calls[0].body)
    assert (body["max_cost_microusd"], body["priority"]) == (50_000, "low")


def test_what_was_not_chosen_is_not_sent(asking: Callable[[str], Caller]) -> None:
    accepted = {"request_id": state()["request_id"], "status": "pending", "count": 1}
    with scripted_api(Answer(202, accepted)) as api:
        asking(api.url).piped("problems", "generate")
    assert json.loads(api.calls[0].body) == {"count": 1}


def test_the_verdict_says_what_it_cost(asking: Callable[[str], Caller]) -> None:
    spent = state("partial", generated=1) | {
        "cost": COST, "end_reason": "budget_exhausted",
        "error_summary": [{"code": "budget_exhausted", "count": 1, "sample_index": 1}],
        "requested_at": "2026-01-01T00:00:00Z", "completed_at": "2026-01-01T00:00:08Z",
    }  # fmt: skip
    with scripted_api(Answer(200, spent)) as api:
        ended = asking(api.url).piped("generation", "wait", spent["request_id"])
    assert "Partial: 1 of 2 problems in 8.0s for $0.006; budget_exhausted x1." in ended.err
    assert f"generation retry {spent['request_id']} --max-cost DOLLARS --wait (tries again what failed)" in ended.err


def test_a_retry_brings_more_money(asking: Callable[[str], Caller]) -> None:
    with scripted_api(Answer(202, state("pending"))) as api:
        ended = asking(api.url).piped("generation", "retry", state()["request_id"], "--max-cost", "0.02")
    assert ended.code == 0, ended.err
    assert json.loads(api.calls[0].body) == {"slots": "failed", "max_cost_microusd": 20_000}


def test_get_says_of_how_much_it_was_and_how_much_for_nothing(asking: Callable[[str], Caller]) -> None:
    spent = state("completed", generated=2) | {"cost": COST, "priority": "high"}
    with scripted_api(Answer(200, spent)) as api:
        ended = asking(api.url).piped("generation", "get", spent["request_id"])
    assert "cost       $0.006 of at most $0.01 ($0.002 of it for nothing, some of it estimated)" in ended.out
    assert "priority   high" in ended.out


def test_what_is_free_and_usual_is_not_worth_a_line(asking: Callable[[str], Caller]) -> None:
    with scripted_api(Answer(200, state("completed", generated=2))) as api:
        ended = asking(api.url).piped("generation", "get", state()["request_id"])
    assert ended.code == 0
    assert "cost" not in ended.out
    assert "priority" not in ended.out


def test_who_has_spent_the_day_is_told_when_to_come_back(asking: Callable[[str], Caller]) -> None:
    refusal = {"status": 429, "code": "daily_budget_exhausted", "title": "Spent", "detail": "All.", "retryable": True}
    with scripted_api(Answer(429, refusal, {"Retry-After": "7500"})) as api:
        ended = asking(api.url).piped("problems", "generate")
    assert (ended.code, len(api.calls)) == (1, 1)
    assert "Next: the same command in 2h05m, or now with another key" in ended.err


def test_a_dead_letter_whose_budget_is_spent_leads_to_a_retry_of_its_slot(asking: Callable[[str], Caller]) -> None:
    refusal = {"status": 409, "code": "budget_spent", "title": "No", "detail": "It takes more.", "retryable": False}
    letter = {"id": LETTER, "request_id": state()["request_id"], "slot_index": 3, "run": 1, "state": "open",
              "error": {"code": "provider_auth", "message": "x"}, "failed_at": "2026-01-01T00:00:00Z"}  # fmt: skip
    with scripted_api(Answer(409, refusal), Answer(200, letter)) as api:
        ended = asking(api.url).piped("dead-letters", "requeue", LETTER)
    step = f"lqs generation retry {state()['request_id']} --slots 3 --max-cost DOLLARS"
    assert (ended.code, ended.err.splitlines()[-1]) == (1, f"  Next: {step}")


def test_a_refused_budget_is_told_by_its_option(asking: Callable[[str], Caller]) -> None:
    finding = {"pointer": "/max_cost_microusd", "code": "price_unknown", "detail": "Leave it out."}
    refusal = {"status": 422, "code": "body_refused", "title": "No", "detail": "x", "errors": [finding]}
    with scripted_api(Answer(422, refusal)) as api:
        ended = asking(api.url).piped("problems", "generate", "--max-cost", "1")
    assert "--max-cost (/max_cost_microusd): Leave it out." in ended.err


def test_a_key_with_a_daily_budget_is_made_and_listed(asking: Callable[[str], Caller]) -> None:
    key = {"key_id": "0123456789AB", "name": "k", "scopes": ["read"], "daily_budget_microusd": 2_500_000,
           "spent_today_microusd": 40_000}  # fmt: skip
    with scripted_api(Answer(201, key | {"secret": "s"}), Answer(200, {"results": [key, {"key_id": "x"}]})) as api:
        made = asking(api.url).piped("keys", "create", "k", "--scope", "read", "--daily-budget", "2.50")
        listed = asking(api.url).piped("keys", "list")
    assert made.code == 0, made.err
    assert json.loads(api.calls[0].body)["daily_budget_microusd"] == 2_500_000
    assert "$0.04 of $2.50" in listed.out.splitlines()[1]
    assert "no limit" in listed.out.splitlines()[2]


def numbers(**group: Any) -> Mapping[str, Any]:
    times = {"average": 12.0, "p50": 10.0, "p95": 70.0}
    return {
        "bucket": None, "group": {},
        "requests": {"total": 4, "completed": 2, "partial": 1, "failed": 1, "cancelled": 0, "success_rate": 0.5,
                     "seconds": times},
        "entities": {"requested": 9, "generated": 7, "failed": 2, "cancelled": 0, "success_rate": 0.77},
        "attempts": {"total": 11, "generated": 7, "failed": 4, "late": 0, "seconds": times},
        "failures": [{"code": "content_refused", "slots": 2, "attempts": 2},
                     {"code": "provider_timeout", "slots": 0, "attempts": 2}],
        "cost": {"currency": "USD", "total_microusd": 22_000, "wasted_microusd": 8000, "estimated_microusd": 0},
    } | group  # fmt: skip


def test_statistics_are_a_table_that_people_can_read(asking: Callable[[str], Caller]) -> None:
    results = [
        numbers(group={"entity_type": "problem", "end_reason": None}, bucket="2026-01-01T10:00:00Z"),
        numbers(group={"entity_type": "problem", "end_reason": "cancelled"}, bucket="2026-01-01T11:00:00Z"),
    ]
    window = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}
    with scripted_api(Answer(200, window | {"results": results})) as api:
        words = (
            "generation",
            "stats",
            "--since",
            "2026-01-01T00:00:00Z",
            "--by",
            "type,end-reason",
            "--bucket",
            "hour",
        )
        ended = asking(api.url).piped(*words)
        as_json = asking(api.url).piped(*words, "--json")
    assert ended.code == 0, ended.err
    assert ended.out.splitlines() == [
        "Asked for from 2026-01-01T00:00:00Z until 2026-01-02T00:00:00Z",
        "",
        "FROM                  TYPE     END REASON  REQUESTS  COMPLETED  AVG  P50  P95    ENTITIES  ATTEMPTS  FAILED"
        "  EACH P50/P95  COST    WASTED",
        "2026-01-01T10:00:00Z  problem  -           4         50.0%      12s  10s  1m10s  7 of 9    11        4     "
        "  10s/1m10s     $0.022  $0.008",
        "2026-01-01T11:00:00Z  problem  cancelled   4         50.0%      12s  10s  1m10s  7 of 9    11        4     "
        "  10s/1m10s     $0.022  $0.008",
        "",
        "FAILED WITH       SLOTS  ATTEMPTS",
        "content_refused   4      4",
        "provider_timeout  0      4",
    ]
    assert as_json.last_object["results"] == results
    path = api.calls[0].path
    assert path.startswith("/generation-requests/stats?group_by=entity_type%2Cend_reason&since=2026-01-01T00")
    assert path.endswith("&bucket=hour")


def test_by_model_there_are_only_attempts(asking: Callable[[str], Caller]) -> None:
    by_model = numbers(
        group={"model": "small"}, requests=None, entities=None,
        failures=[{"code": "content_refused", "slots": None, "attempts": 2}],
    )  # fmt: skip
    with scripted_api(Answer(200, {"results": [by_model]})) as api:
        ended = asking(api.url).piped("generation", "stats", "--by", "model", "--since", "7d", "--all-owners")
    assert "REQUESTS" not in ended.out
    assert "content_refused  -      2" in ended.out
    assert "scope=all" in api.calls[0].path


def test_nothing_to_count_is_said(asking: Callable[[str], Caller]) -> None:
    with scripted_api(Answer(200, {"results": []})) as api:
        ended = asking(api.url).piped("generation", "stats")
    assert (ended.code, ended.out.splitlines()[-1]) == (0, "Nothing was asked for.")
    assert api.calls[0].path == "/generation-requests/stats"
