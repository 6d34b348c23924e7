"""The fake service for users' tests: it does what the real one does, and its answers have the real shapes."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from lqs.api import schemas
from lqs.api.error_responses import STATUS
from lqs.domain.slot_errors import KINDS
from lqs.generators.catalog import entity_types
from lqs_client import Authentication, Client, Conflict, Invalid, NotFound, RateLimited, WaitTimeout
from lqs_client.testing import FakeService, sample_problem
from lqs_client.testing._kinds import ERRORS, SLOT_KINDS
from running import Service

VOLATILE = {"progress", "health", "poll_after_ms"}


@pytest.fixture
def fake() -> Iterator[FakeService]:
    with FakeService() as service:
        yield service


@pytest.fixture
def client(fake: FakeService) -> Iterator[Client]:
    with fake.client() as client:
        yield client


def test_what_is_asked_for_is_generated(client: Client) -> None:
    accepted = client.generate(count=3, metadata={"lesson": "A1"})
    request = client.wait(accepted.request_id)
    assert (accepted.status, request.status, request.generated_count) == ("pending", "completed", 3)
    assert request.metadata == {"lesson": "A1"}
    assert client.problem(request.entities[2].id) == request.entities[2]


async def test_the_client_for_asyncio_is_served_alike(fake: FakeService) -> None:
    async with fake.async_client() as client:
        assert (await client.generate_and_wait(count=2)).raise_for_outcome().generated_count == 2


def test_slots_fail_as_the_script_says_and_are_tried_again(fake: FakeService, client: Client) -> None:
    fake.fail("provider_timeout", slots=2)
    request = client.generate_and_wait(count=3)
    assert (request.status, [slot.status for slot in request.slots]) == ("partial", ["failed", "failed", "generated"])
    assert [(one.code, one.count) for one in request.error_summary] == [("provider_timeout", 2)]
    again = client.wait(client.retry(request.request_id).request_id)
    assert (again.status, again.run, again.entities[-1]) == ("completed", 2, request.entities[0])
    with pytest.raises(Conflict, match="nothing_to_retry"):
        client.retry(request.request_id)


def test_what_is_held_can_be_waited_for_in_vain_cancelled_and_released(fake: FakeService, client: Client) -> None:
    fake.hold(after=1)
    accepted = client.generate(count=3)
    with pytest.raises(WaitTimeout):
        client.wait(accepted.request_id, timeout=0)
    with pytest.raises(Conflict, match="not_done"):
        client.retry(accepted.request_id)
    cancelled = client.cancel(accepted.request_id, reason="enough")
    assert (cancelled.status, cancelled.generated_count, cancelled.counts.cancelled) == ("cancelled", 1, 2)
    other = client.generate(count=2)
    seen: list[str] = []

    def released(state: Any) -> None:
        seen.append(state.status)
        threading.Thread(target=fake.release).start()

    assert client.wait(other.request_id, on_progress=released).status == "completed"
    assert seen[0] == "processing"


def test_trouble_on_the_way_is_survived_as_with_the_real_service(fake: FakeService, client: Client) -> None:
    fake.cut()
    fake.refuse("service_unavailable", retry_after=0)
    accepted = client.generate(count=1)
    assert [call.headers.get("x-retry-count") for call in fake.calls] == [None, "1", "2"]
    assert len({call.headers["idempotency-key"] for call in fake.calls}) == 1
    fake.refuse("rate_limited", times=3, retry_after=0)
    with pytest.raises(RateLimited):
        client.get(accepted.request_id)


def test_errors_are_those_of_the_real_service(fake: FakeService, client: Client) -> None:
    with pytest.raises(Invalid, match="body_refused"):
        client.generate(count=11)
    with pytest.raises(NotFound):
        client.get("0199f2c4-7d1e-7c3a-9b5e-0d5f6a7b8c9d")
    client.generate(count=1, idempotency_key="k")
    assert client.generate(count=1, idempotency_key="k").replayed
    with pytest.raises(Invalid, match="idempotency_key_reuse"):
        client.generate(count=2, idempotency_key="k")
    with Client("another", api_url=fake.url) as stranger, pytest.raises(Authentication):
        stranger.generate()


def test_what_it_says_of_codes_is_what_the_service_says() -> None:
    assert {code: (kind.category, kind.retryable, kind.message) for code, kind in KINDS.items()} == dict(SLOT_KINDS)
    real = {kind.code: (status, kind.retryable, kind.title) for kind, status in STATUS.items()}
    assert dict(ERRORS).items() <= real.items()


def test_its_problem_is_one() -> None:
    entity_types()["problem"].entity_model.model_validate_json(json.dumps(sample_problem()))


def test_a_script_of_unknown_words_is_refused(fake: FakeService) -> None:
    for play in (fake.fail, fake.refuse):
        with pytest.raises(ValueError, match="'bogus'"):
            play("bogus")


def conversation(http: httpx.Client) -> dict[str, httpx.Response]:
    """The same calls to either service, with what each is answered."""
    key = {"Idempotency-Key": "of-the-conversation"}
    said = {"accepted": http.post("/problems/generate", json={"count": 1}, headers=key)}
    said["replayed"] = http.post("/problems/generate", json={"count": 1}, headers=key)
    place = said["accepted"].headers["location"]
    said["done"] = http.get(place, headers={"Prefer": "wait=30"})
    said["unchanged"] = http.get(place, headers={"If-None-Match": said["done"].headers["etag"]})
    said["too late"] = http.post(f"{place}/cancel", json={})
    said["nothing to retry"] = http.post(f"{place}/retry", json={})
    said["unknown"] = http.get("/generation-requests/x")
    said["refused"] = http.post("/problems/generate", json={"count": 0})
    return said


def test_its_answers_have_the_shape_of_the_real_ones(fake: FakeService, service: Service) -> None:
    talks = []
    for url, key in ((fake.url, fake.api_key), (service.url, service.key)):
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}) as http:
            talks.append(conversation(http))
    made, real = talks
    for name, answer in real.items():
        assert made[name].status_code == answer.status_code, name
        assert made[name].headers.get("content-type") == answer.headers.get("content-type") or not answer.content
        if answer.content:
            assert set(made[name].json()) - VOLATILE == set(answer.json()) - VOLATILE, name
    schemas.Accepted.model_validate_json(made["accepted"].content)
    schemas.GenerationRequest.model_validate_json(made["done"].content)
    schemas.GenerationRequest.model_validate_json(made["too late"].content)
    schemas.Error.model_validate_json(made["nothing to retry"].content)
    assert made["replayed"].headers["idempotent-replayed"] == real["replayed"].headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("story", ["held", "partial", "cancelled", "restarted"])
def test_every_state_has_the_shape_of_the_real_one(fake: FakeService, client: Client, story: str) -> None:
    fake.fail("slot_timeout")
    if story == "held":
        fake.hold(after=0)
    accepted = client.generate(count=2)
    if story == "cancelled":
        client.cancel(accepted.request_id)
    raw = client.get(accepted.request_id).raw
    if story == "restarted":
        schemas.Restarted.model_validate_json(json.dumps(client.retry(accepted.request_id).raw))
    assert raw["status"] == {"held": "processing", "restarted": "partial"}.get(story, story)
    told = schemas.GenerationRequest.model_validate_json(json.dumps(raw))
    assert sum(told.counts.model_dump().values()) == told.requested_count
