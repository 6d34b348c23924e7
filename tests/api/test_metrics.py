"""`/metrics`: how things stand, and what was counted, as Prometheus reads it."""

from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from house import House, failed, retrying
from lqs.domain.api_key import Scope
from lqs.observability.metrics import Metrics
from lqs.observability.telemetry import Telemetry
from lqs.storage.database import Database
from lqs.wiring import migrate_all
from running import first_key, free_port, running_service

from .conftest import Api, Caller


def read(text: str) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels."""
    families = text_string_to_metric_families(text)
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in families
        for sample in family.samples
    }


async def test_how_things_stand_is_told_of_all_owners_together(api: Api, house: House, alice: Caller) -> None:
    _, worker_id, [one, two, _] = await house.claimed(3)
    await house.settle(worker_id, failed(one), retrying(two))
    async with house.at("-90 seconds") as before:
        await before.submit(2)
    await (await api.owner()).http.post("/problems/generate", json={"count": 4})
    await house.rows(
        "INSERT INTO unpublished_events (request_id, first_seq, last_seq, appended_at)"
        " SELECT request_id, seq, seq, lqs_now() - interval '70 seconds' FROM generation_events WHERE seq = 1 LIMIT 1"
    )

    answer = await alice.http.get("/metrics")

    told = read(answer.text)
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert told["lqs_slots_unsettled", "pending"] == 6
    assert (told["lqs_slots_unsettled", "processing"], told["lqs_slots_unsettled", "retrying"]) == (1, 1)
    assert 90 <= told["lqs_oldest_pending_seconds",] < 300
    assert 70 <= told["lqs_oldest_unpublished_seconds",] < 300
    assert (told["lqs_requests_open",], told["lqs_dead_letters_open",]) == (3, 1)
    assert (told["lqs_workers_alive",], told["lqs_worker_places",]) == (1, 10)


async def test_answers_are_counted_by_their_route_and_not_by_their_address(api: Api, alice: Caller) -> None:
    for _ in range(2):
        address = (await alice.http.post("/problems/generate")).headers["Location"]
        await alice.http.get(address)
    await alice.http.get("/nowhere")

    told = read((await alice.http.get("/metrics")).text)

    assert told["lqs_http_seconds_count", "POST", "/problems/generate", "202"] == 2
    assert told["lqs_http_seconds_count", "GET", "/generation-requests/{request_id}", "200"] == 2
    assert told["lqs_http_seconds_count", "GET", "none", "404"] == 1
    assert told["lqs_happenings_total", "api.started"] == 1
    assert not [key for key in told if key[0] == "lqs_faults_total"]


async def test_they_are_for_operators(api: Api) -> None:
    caller = await api.owner(Scope.READ, Scope.WRITE)
    assert (await caller.http.get("/metrics")).status_code == 403
    assert (await api.anonymous().get("/metrics")).status_code == 401


def test_attempts_are_counted_by_outcome_and_code_and_timed_when_they_made_something() -> None:
    metrics = Metrics()
    telemetry = Telemetry(metrics.listen)
    for outcome, code in (("generated", None), ("generated", None), ("retrying", "provider_timeout")):
        telemetry.emit("attempt.ended", entity_type="problem", outcome=outcome, code=code, seconds=4.0)
    telemetry.emit("slots.claimed", slots=7)
    telemetry.emit("slots.announced", slots=9, again=1, unsent=0)
    telemetry.emit("slots.named", slots=8, won=5, repeated=3)
    telemetry.emit("slots.settled", booked=5, late=1, replayed=0)
    telemetry.fault("duty.broke", RuntimeError(), duty="slots.rescued")

    told = {
        (sample.name, *sample.labels.values()): sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }

    assert told["lqs_attempts_total", "problem", "generated", ""] == 2
    assert told["lqs_attempts_total", "problem", "retrying", "provider_timeout"] == 1
    assert (told["lqs_generation_seconds_count", "problem"], told["lqs_generation_seconds_sum", "problem"]) == (2, 8)
    assert [told["lqs_slots_total", deed] for deed in ("claimed", "settled", "late")] == [7, 5, 1]
    assert [told["lqs_slots_total", deed] for deed in ("announced", "named", "repeated")] == [9, 8, 3]
    assert told["lqs_faults_total", "duty.broke"] == 1


async def test_a_worker_tells_what_it_has_done(
    database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("LQS_WORKER_METRICS_PORT", str(port))
    await migrate_all(database)
    key, owner_id = await first_key(database)
    with running_service(database_url, key, owner_id, tmp_path) as service:
        async with httpx.AsyncClient(
            base_url=service.url, headers={"Authorization": f"Bearer {key}", "Prefer": "wait=60"}, timeout=90
        ) as client:
            address = (await client.post("/problems/generate", json={"count": 3})).headers["Location"]
            assert (await client.get(address)).json()["status"] == "completed"
            told = read((await client.get(f"http://127.0.0.1:{port}/metrics")).text)

    assert told["lqs_attempts_total", "", "problem", "generated"] == 3
    assert told["lqs_slots_total", "claimed"] == 3
