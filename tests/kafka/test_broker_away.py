"""A broker that is gone, and comes back: the API never notices, the work goes on, and readiness tells the truth."""

import time
from dataclasses import replace

import pytest
from tests.api.conftest import serving
from tests.kafka.work import make_topics, settings_for

from broker.cluster import cluster
from house import House
from lqs.dispatch.kafka.access import Access
from lqs.domain.generation_request import Status
from lqs.settings import Settings
from lqs.storage.database import Database
from shift import Hand, at_work

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
async def home(database: Database, database_url: str) -> House:
    return await House.furnish(database, database_url)


@pytest.fixture
def own_cluster(tmp_path):
    """One broker of this test alone, that it may kill."""
    with cluster(tmp_path / "cluster") as running:
        yield running


@pytest.mark.parametrize("misfortune", ["killed", "frozen"])
async def test_the_api_answers_and_work_goes_on_while_the_broker_is_away(
    home, database, own_cluster, eventually, misfortune
):
    access = Access(own_cluster.servers)
    make_topics(access)
    kafka = settings_for(access)
    [node] = own_cluster.nodes
    settings = Settings(database_url=home.url, log_level="error", **kafka)
    async with (
        serving(database, settings) as api,
        at_work(home.url, Hand.opened(), **kafka, poll_seconds=0.5) as shift,
    ):
        caller = await api.owner()

        async def health():
            told = (await api.anonymous().get("/health/ready")).json()
            return told["status"], [reason["code"] for reason in told["reasons"]]

        async def works() -> bool:
            began = time.monotonic()
            answer = await caller.http.post("/problems/generate", json={"count": 2})
            assert answer.status_code == 202
            assert time.monotonic() - began < 5
            request_id = answer.json()["request_id"]
            assert (await caller.http.get(f"/generation-requests/{request_id}")).status_code == 200

            async def ended():
                return (await caller.http.get(f"/generation-requests/{request_id}")).json()["status"]

            await eventually(ended, equals=Status.COMPLETED)
            return True

        async def hears() -> bool:
            heard = shift.names["slots.named"]
            await works()
            return shift.names["slots.named"] > heard

        await eventually(health, equals=("ready", []))
        await eventually(hears)
        if misfortune == "killed":
            node.kill()
        else:
            node.freeze()
        await works()
        await eventually(health, equals=("degraded", ["transport_in_trouble"]))
        await works()
        if misfortune == "killed":
            node.start()
        else:
            node.thaw()
        await eventually(health, equals=("ready", []), seconds=100)
        await eventually(hears, seconds=100)
        if misfortune == "killed":
            node.kill()  # a worker also ends in order without it
    assert [happening for happening in shift.happenings if happening.error is not None] == []
    assert {row["status"] for row in await home.rows("SELECT status FROM slots")} == {"generated"}


async def test_a_service_starts_while_no_broker_is_there(home, eventually):
    """And its worker says what is wrong and what to do about it."""
    kafka = settings_for(replace(Access("127.0.0.1:1"), topic_prefix="nowhere"))
    request_id = await home.submit(3)
    async with at_work(home.url, Hand.opened(), **kafka, poll_seconds=0.5):

        async def done() -> bool:
            return (await home.read(request_id)).status.done

        async def said() -> bool:
            [row] = await home.rows("SELECT trouble FROM workers")
            return "LQS_KAFKA_BOOTSTRAP_SERVERS" in (row["trouble"] or "")

        await eventually(done)
        await eventually(said)


async def test_a_missing_topic_is_told_with_the_command_that_makes_it(home, access, eventually):
    request_id = await home.submit(3)
    async with at_work(home.url, Hand.opened(), **settings_for(access), poll_seconds=0.5) as shift:

        async def trouble() -> str:
            [row] = await home.rows("SELECT coalesce(trouble, '') AS trouble FROM workers")
            return row["trouble"]

        async def told() -> bool:
            return "lqs kafka topics ensure" in await trouble()

        async def done() -> bool:
            return (await home.read(request_id)).status.done

        await eventually(done)
        await eventually(told)
        make_topics(access)
        await eventually(trouble, equals="")

        async def heard() -> bool:
            await home.submit(1)
            return shift.names["slots.named"] > 0

        await eventually(heard, seconds=60)
