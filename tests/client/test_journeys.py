"""Both clients against the real service: submit, wait, read, and be told the truth about what went wrong."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lqs_client import (
    AsyncClient,
    Authentication,
    Client,
    Conflict,
    Forbidden,
    GenerationRequest,
    Invalid,
    NotFound,
    Problem,
    Terms,
    WaitTimeout,
    looks_like_key,
)
from running import Service

UNKNOWN = "0199f2c4-7d1e-7c3a-9b5e-0d5f6a7b8c9d"
NAITRE = {"verbs": ["naître"], "tenses": ["passe_compose"]}

Ask = Callable[..., Awaitable[Any]]


@pytest.fixture(params=["blocking", "asyncio"])
def ask(request: pytest.FixtureRequest, service: Service) -> Ask:
    """Calls one method of the blocking or of the asyncio client; `key` speaks for somebody else."""
    url, first_key = service.url, service.key

    async def asynchronous(method: str, *arguments: Any, key: str | None = None, **named: Any) -> Any:
        async with AsyncClient(key or first_key, api_url=url) as client:
            return await _gathered(_method(client, method)(*arguments, **named))

    async def blocking(method: str, *arguments: Any, key: str | None = None, **named: Any) -> Any:
        def on_a_thread() -> Any:
            with Client(key or first_key, api_url=url) as client:
                result = _method(client, method)(*arguments, **named)
                return list(result) if isinstance(result, Iterator) else result

        return await asyncio.to_thread(on_a_thread)

    return asynchronous if request.param == "asyncio" else blocking


def _method(client: Client | AsyncClient, name: str) -> Callable[..., Any]:
    part, _, method = name.rpartition(".")
    return getattr(getattr(client, part) if part else client, method)


async def _gathered(result: Any) -> Any:
    """What a method of the asyncio client returns, or, if it returns step by step, all of it."""
    return [one async for one in result] if hasattr(result, "__aiter__") else await result


async def test_what_was_asked_for_is_generated_and_can_be_read_again(ask: Ask) -> None:
    told: list[GenerationRequest] = []
    end = await ask(
        "generate_and_wait", count=3, constraints=NAITRE, metadata={"lesson": "A1-7"}, on_progress=told.append
    )
    assert end.raise_for_outcome() is end
    assert (end.status, end.end_reason, end.metadata) == ("completed", "all_settled", {"lesson": "A1-7"})
    assert (end.counts.generated, len(end.entities), len(end.slots)) == (3, 3, 3)
    assert told[-1] == end
    assert await ask("get", end.request_id) == end
    for entity in end.entities:
        assert isinstance(entity, Problem)
        assert entity.target["lemma"] == "naître"
        assert [one.is_correct for one in entity.statements].count(True) == 1
        assert entity.statements[entity.correct_index].translation
        assert all(one.explanation for one in entity.statements)
        assert await ask("problem", entity.id) == await ask("entity", "problems", entity.id) == entity


async def test_the_same_key_is_the_same_generation_request(ask: Ask, request: pytest.FixtureRequest) -> None:
    key = request.node.name
    first = await ask("generate", count=1, idempotency_key=key)
    again = await ask("generate", count=1, idempotency_key=key)
    assert (first.replayed, again.replayed) == (False, True)
    assert first.request_id == again.request_id
    with pytest.raises(Invalid) as caught:
        await ask("generate", count=2, idempotency_key=key)
    assert caught.value.raw["existing_request_id"] == first.request_id
    assert caught.value.raw["differing_fields"] == ["count"]


async def test_what_is_all_there_cannot_be_tried_again_and_its_run_and_slots_tell_why(
    ask: Ask, request: pytest.FixtureRequest
) -> None:
    key = request.node.name
    made = await ask("generate_and_wait", count=2, idempotency_key=key)
    with pytest.raises(Conflict) as caught:
        await ask("retry", made.request_id, slots=[0, 1], max_attempts=2, timeout_seconds=60)
    assert caught.value.code == "nothing_to_retry"
    with pytest.raises(Conflict) as caught:
        await ask("retry", made.request_id, if_version=1)
    assert (caught.value.code, caught.value.raw["current_version"]) == ("version_mismatch", made.version)
    [run] = (await ask("runs", made.request_id)).results
    assert (run.run, run.status, run.counts, run.completed_at) == (1, "completed", made.counts, made.completed_at)
    history = await ask("slot", made.request_id, 1)
    assert history.slot == made.slots[1]
    assert [(one.attempt, one.outcome, one.error) for one in history.attempts] == [(1, "generated", None)]
    assert (await ask("find", idempotency_key=key)).results == (made,)


async def test_dead_letters_are_asked_for_with_filters(ask: Ask) -> None:
    since = datetime(2100, 1, 1, tzinfo=UTC)
    page = await ask("dead_letters.list", code="worker_lost", entity_type="problem", since=since, limit=1)
    assert (page.results, page.next_cursor) == ((), None)
    dry = await ask("dead_letters.requeue_matching", code="worker_lost", since=since, dry_run=True)
    assert (dry.matched, dry.requeued, dry.dry_run) == (0, 0, True)
    for method in ("get", "requeue", "discard"):
        with pytest.raises(NotFound):
            await ask(f"dead_letters.{method}", UNKNOWN)


async def test_a_wait_without_time_tells_what_it_saw_and_can_be_taken_up_again(ask: Ask) -> None:
    accepted = await ask("generate", count=10)
    try:
        seen = await ask("wait", accepted.request_id, timeout=0)
    except WaitTimeout as timeout:
        seen = timeout.last
    assert (seen.request_id, seen.requested_count) == (accepted.request_id, 10)
    assert (await ask("wait", accepted.request_id)).done


async def test_a_cancelled_one_ends_and_keeps_what_it_made(ask: Ask) -> None:
    """The worker is quick: what matters is that both sides agree on what was made, and when."""
    accepted = await ask("generate", count=10, terms=Terms(max_attempts=1, retention_seconds=7200))
    with pytest.raises(Conflict) as caught:
        await ask("cancel", accepted.request_id, if_version=1_000_000)
    assert (caught.value.status, caught.value.code) == (412, "version_mismatch")
    answer = await ask("cancel", accepted.request_id, mode="abort", reason="wrong lesson")
    assert answer.done
    assert answer.cancellation is not None
    assert answer.cancellation.reason == "wrong lesson"
    assert (answer.cancellation.outcome == "cancelled") is (answer.status == "cancelled")
    end = await ask("wait", accepted.request_id)
    assert (end.status, end.entities, end.slots[0].max_attempts) == (answer.status, answer.entities, 1)
    assert end.expires_at - end.completed_at == timedelta(hours=2)
    assert (await ask("cancel", accepted.request_id)).status == end.status


async def test_a_term_beyond_its_limit_is_told_by_its_name(ask: Ask) -> None:
    with pytest.raises(Invalid) as caught:
        await ask("generate", terms=Terms(timeout_seconds=3601, start_within_seconds=0))
    assert {one.pointer for one in caught.value.errors} == {"/timeout_seconds", "/start_within_seconds"}


@pytest.mark.parametrize("request_id", [UNKNOWN, "not-an-id", "../api-keys"])
async def test_what_is_not_there_is_not_found(ask: Ask, request_id: str) -> None:
    for method in ("get", "wait", "cancel", "problem"):
        with pytest.raises(NotFound) as caught:
            await ask(method, request_id)
        assert caught.value.code == "not_found"


async def test_a_wrong_body_is_told_field_by_field(ask: Ask) -> None:
    with pytest.raises(Invalid) as caught:
        await ask("generate", count=11, constraints={"tenss": ["present"]})
    assert {one.pointer for one in caught.value.errors} == {"/count", "/constraints/tenss"}
    assert caught.value.retryable is False
    assert caught.value.trace_id


async def test_a_key_lives_from_its_making_to_its_revocation(ask: Ask) -> None:
    made = await ask("keys.create", "reader", scopes=["read"])
    assert looks_like_key(made.secret)
    with pytest.raises(Forbidden, match="scope write"):
        await ask("generate", key=made.secret)
    with pytest.raises(NotFound):
        await ask("get", UNKNOWN, key=made.secret)
    listed = {key.key_id: key for key in (await ask("keys.list")).results}
    assert (listed[made.key_id].name, listed[made.key_id].scopes) == ("reader", ("read",))
    assert "secret" not in listed[made.key_id].raw
    await ask("keys.revoke", made.key_id)
    with pytest.raises(Authentication):
        await ask("get", UNKNOWN, key=made.secret)
    assert {key.key_id: key for key in (await ask("keys.list")).results}[made.key_id].revoked_at


async def test_the_pool_is_listed_page_by_page_drawn_from_and_counted(ask: Ask) -> None:
    made = await ask("generate_and_wait", count=5, constraints=NAITRE | {"focus": ["conjugation"]})
    there = {one.id for one in made.entities}
    mine = {"generation_request_id": made.request_id, "verb": "naître"}

    pages = await ask("problems.pages", limit=2, **mine)
    assert [len(page.results) for page in pages] == [2, 2, 1]
    assert [page.has_more for page in pages] == [True, True, False]
    assert {one.id for page in pages for one in page.results} == there
    assert {one.id for one in await ask("problems.all", **mine)} == there
    second = await ask("problems.list", limit=2, cursor=pages[0].next_cursor, **mine)
    assert second == pages[1]
    drawn = [await ask("problems.draw", tense=["passe_compose", "present"], **mine) for _ in range(5)]
    assert {one.id for one in drawn} == there
    assert all(isinstance(one, Problem) for one in drawn)
    stats = await ask("problems.stats", group_by=["focus", "tense"], **mine)
    assert (stats.total, stats.served, stats.unserved) == (5, 5, 0)
    assert stats.by_facet["tense"]["passe_compose"].total == 5
    [group] = stats.groups
    assert (group.values, group.served) == ({"focus": ("conjugation",), "tense": ("passe_compose",)}, 5)


async def test_what_the_pool_refuses_is_told(ask: Ask) -> None:
    with pytest.raises(NotFound) as nothing:
        await ask("problems.draw", verb="nuire", tense="present", cefr="C1")
    assert nothing.value.code == "no_problem_matches"
    with pytest.raises(Invalid) as wrong:
        await ask("problems.list", tense="presnt")
    assert wrong.value.code == "parameter_refused"
    with pytest.raises(Invalid) as unknown:
        await ask("problems.stats", person="1s")
    assert unknown.value.code == "parameter_unknown"
